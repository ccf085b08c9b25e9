-- The days of those levels, derived anew as a whole: growth depends on the readings around it.
-- Of a gauge, the day's reading. Of a counter, its growth by day.
--   First reading: no growth, unless the subject appeared after its stream was first read: then it started at zero.
--   Growth: what rises above every reading of the week before, so a dip that recovers is not counted twice.
--   Drop or reset: never growth, never negative; a week later the new height is the base.
--   Gap: growth since the last reading, in whole numbers, evenly over the days between (coverage: 'estimated').
CREATE OR REPLACE TEMP TABLE grown AS
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
    FROM present AS o
    SEMI JOIN (FROM level WHERE NOT is_gauge) AS l ON l.series_id = o.series_id
    WINDOW by_day AS (PARTITION BY o.series_id ORDER BY o.day)
), named AS (
    SELECT l.series_id, l.source, l.metric, c.published_at::DATE AS born_on
    FROM level AS l
    JOIN (
        SELECT source, stable_id, published_at
        FROM described
        UNION ALL
        SELECT source, stable_id, published_at
        FROM store.current_names
        ANTI JOIN described USING (source, stable_id)
    ) AS c ON c.source = l.source AND c.stable_id = l.subject
    WHERE NOT l.is_gauge AND c.published_at IS NOT NULL
), first_read AS (
    SELECT s.source, s.metric, min(o.day) AS day
    FROM (
        SELECT series_id, source, metric
        FROM store.series
        WHERE kind = 'level'
        UNION
        SELECT series_id, source, metric
        FROM level
    ) AS s
    SEMI JOIN named USING (source, metric)
    JOIN (
        SELECT series_id, day
        FROM store.observations
        UNION ALL
        SELECT series_id, day
        FROM present
    ) AS o USING (series_id)
    GROUP BY ALL
), birth AS (
    SELECT n.series_id, n.born_on - 1 AS eve
    FROM named AS n
    JOIN first_read AS f USING (source, metric)
    WHERE n.born_on > f.day
), growth AS (
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
    FROM growth
)
SELECT
    series_id,
    since + step::INTEGER AS day,
    CASE
        WHEN growth = floor(growth) THEN floor(growth * step / days) - floor(growth * (step - 1) / days)
        ELSE growth / days
    END AS total
FROM spread
UNION ALL
SELECT o.series_id, o.day, o.value
FROM present AS o
SEMI JOIN (FROM level WHERE is_gauge) AS l ON l.series_id = o.series_id;
