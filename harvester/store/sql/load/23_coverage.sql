-- What this load says of each day, where it says more than is known.
-- share: the part of the day that had passed when it was read; a counter's first day has no growth to show.
CREATE OR REPLACE TEMP TABLE covered AS
WITH counter AS (
    FROM metric WHERE kind = 'level'
), said AS (
    SELECT
        c.source,
        c.stream,
        m.metric,
        m.kind,
        m.gauge,
        unnest(range(c.first_day, c.last_day + 1, INTERVAL 1 DAY))::DATE AS day,
        c.state,
        c.reason,
        c.read_at,
        c.position,
        coalesce(c.takes_back, false) AS takes_back
    FROM span AS c
    JOIN metric AS m
        ON m.source = c.source AND m.stream = c.stream AND (c.metrics IS NULL OR list_contains(c.metrics, m.metric))
), gap AS (
    -- Between two readings of a level nothing was read, yet the growth is known.
    SELECT
        s.source, s.stream, s.metric, s.kind, s.gauge,
        unnest(range(last.day + 1, s.day, INTERVAL 1 DAY))::DATE AS day,
        'estimated' AS state,
        'between two readings' AS reason,
        s.read_at,
        s.position,
        false AS takes_back
    FROM said AS s
    JOIN (
        SELECT source, stream, metric, max(day) AS day
        FROM store.coverage
        SEMI JOIN counter USING (source, stream, metric)
        WHERE state IN ('measured', 'partial')
        GROUP BY ALL
    ) AS last USING (source, stream, metric)
    WHERE s.kind = 'level' AND s.state = 'measured' AND last.day < s.day - 1
), valued AS (
    SELECT
        w.*,
        CASE
            WHEN w.state IN ('missing', 'lost') THEN 0
            WHEN w.kind = 'level' AND NOT w.gauge AND coalesce(k.first_day >= w.day, true) THEN 0
            ELSE least(1, greatest(0, epoch(w.read_at - w.day::TIMESTAMP) / 86400))
        END AS share
    FROM (FROM said UNION ALL FROM gap) AS w
    LEFT JOIN (
        SELECT source, stream, metric, min(day) AS first_day
        FROM (
            SELECT source, stream, metric, day FROM store.coverage SEMI JOIN counter USING (source, stream, metric)
            UNION ALL
            SELECT source, stream, metric, day FROM said WHERE state NOT IN ('missing', 'lost')
        )
        GROUP BY ALL
    ) AS k USING (source, stream, metric)
)
SELECT source, stream, metric, day, state, reason, share, takes_back
FROM valued
QUALIFY row_number() OVER (
    PARTITION BY source, stream, metric, day
    ORDER BY
        list_position(['missing', 'lost', 'estimated', 'partial', 'measured'], state) DESC, share DESC, position DESC
) = 1;
