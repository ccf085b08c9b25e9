-- From readings of a counter to growth by day.
--   A reading that was taken back is none.
--   First reading: no growth, unless the subject appeared after its stream was first read: then it started at zero.
--   Growth: what rises above every reading of the week before, so a dip that recovers is not counted twice.
--   Drop or reset: never growth, never negative; a week later the new height is the base.
--   Gap: growth since the last reading, in whole numbers, evenly over the days between (coverage: 'estimated').
INSERT INTO store.daily (series_id, day, total, scored, actors)
WITH reading AS (
    SELECT
        o.series_id,
        o.day,
        o.value,
        lag(o.day) OVER by_day AS last_day,
        greatest(
            lag(o.value) OVER by_day,
            max(o.value) OVER (
                PARTITION BY o.series_id
                ORDER BY o.day
                RANGE BETWEEN INTERVAL 7 DAY PRECEDING AND INTERVAL 1 DAY PRECEDING
            )
        ) AS height
    FROM store.observations AS o
    SEMI JOIN level AS l ON l.series_id = o.series_id
    JOIN store.series AS s ON s.series_id = o.series_id
    JOIN store.metrics AS m ON m.source = s.source AND m.metric = s.metric AND m.kind = 'level' AND NOT m.gauge
    WHERE o.left_out IS DISTINCT FROM 'retracted'
    WINDOW by_day AS (PARTITION BY o.series_id ORDER BY o.day)
), first_read AS (
    SELECT s.source, s.metric, min(o.day) AS day
    FROM store.observations AS o
    JOIN store.series AS s USING (series_id)
    WHERE s.kind = 'level'
    GROUP BY ALL
), birth AS (
    SELECT s.series_id, c.published_at::DATE - 1 AS eve
    FROM store.series AS s
    JOIN store.current_names AS c ON c.source = s.source AND c.stable_id = s.subject
    JOIN first_read AS f ON f.source = s.source AND f.metric = s.metric
    WHERE c.published_at::DATE > f.day
), grown AS (
    SELECT
        r.series_id,
        r.day,
        coalesce(r.last_day, least(b.eve, r.day - 1)) AS since,
        greatest(r.value - coalesce(r.height, 0), 0) AS growth
    FROM reading AS r
    LEFT JOIN birth AS b USING (series_id)
    WHERE r.last_day IS NOT NULL OR b.eve IS NOT NULL
), spread AS (
    SELECT series_id, since, growth, day - since AS days, unnest(range(1, day - since + 1)) AS step
    FROM grown
)
SELECT
    series_id,
    since + step::INTEGER,
    CASE
        WHEN growth = floor(growth) THEN floor(growth * step / days) - floor(growth * (step - 1) / days)
        ELSE growth / days
    END AS total,
    total AS scored,
    0
FROM spread;
