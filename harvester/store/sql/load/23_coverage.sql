-- What this load says of each day, where it says more than is known.
-- share: the part of the day that had passed when it was read; a counter's first day has no growth to show.
CREATE OR REPLACE TEMP TABLE covered AS
WITH told AS (
    SELECT
        c.source, c.stream, m.metric, m.kind = 'level' AND NOT m.gauge AS is_counter,
        c.first_day, c.last_day, c.state, c.reason, c.read_at, c.position, coalesce(c.takes_back, false) AS takes_back
    FROM span AS c
    JOIN metric AS m
        ON m.source = c.source AND m.stream = c.stream AND (c.metrics IS NULL OR list_contains(c.metrics, m.metric))
), known AS (
    SELECT source, stream, metric, min(day) AS first_day, max(day) FILTER (is_reading) AS last_day
    FROM (
        SELECT source, stream, metric, day, state IN ('measured', 'partial') AS is_reading
        FROM store.coverage
        SEMI JOIN (FROM metric WHERE kind = 'level') USING (source, stream, metric)
        UNION ALL
        SELECT source, stream, metric, first_day, false
        FROM told
        WHERE is_counter AND state NOT IN ('missing', 'lost')
    )
    GROUP BY ALL
), said AS (
    SELECT
        t.*,
        k.first_day AS known_since,
        unnest(range(
            -- Between two readings of a level nothing was read, yet the growth is known. Of others no last day is.
            CASE WHEN t.state = 'measured' THEN least(t.first_day, k.last_day + 1) ELSE t.first_day END,
            t.last_day + 1,
            INTERVAL 1 DAY
        ))::DATE AS day
    FROM told AS t
    LEFT JOIN known AS k USING (source, stream, metric)
), valued AS (
    SELECT
        source, stream, metric, day,
        CASE WHEN day < first_day THEN 'estimated' ELSE state END AS state,
        CASE WHEN day < first_day THEN 'between two readings' ELSE reason END AS reason,
        CASE
            WHEN state IN ('missing', 'lost') THEN 0
            WHEN is_counter AND coalesce(known_since >= day, true) THEN 0
            ELSE least(1, greatest(0, epoch(read_at - day::TIMESTAMP) / 86400))
        END AS share,
        takes_back,
        position
    FROM said
)
SELECT source, stream, metric, day, unnest(best)
FROM (
    SELECT
        source, stream, metric, day,
        arg_max(
            {'state': state, 'reason': reason, 'share': share, 'takes_back': takes_back},
            (list_position(['missing', 'lost', 'estimated', 'partial', 'measured'], state), share, position)
        ) AS best
    FROM valued
    GROUP BY ALL
);
