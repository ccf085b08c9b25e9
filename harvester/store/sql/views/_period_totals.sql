-- Totals of each series by day, week and month, with who took part; private, totals and scored_totals read it.
CREATE OR REPLACE VIEW store.period_totals AS
WITH described AS (
    SELECT d.series_id, d.day, d.total, d.scored, d.actors, s.gauge
    FROM store.daily AS d
    JOIN (
        SELECT series_id, coalesce(bool_or(m.gauge), false) AS gauge
        FROM store.series AS s
        LEFT JOIN store.metrics AS m
            ON m.source = s.source AND m.metric = s.metric AND m.kind = s.kind
        GROUP BY series_id
    ) AS s USING (series_id)
)
SELECT series_id, 'day' AS grain, day AS period, total, scored, actors
FROM described
UNION ALL
SELECT t.series_id, 'week', t.period, t.total, t.scored, coalesce(a.actors, 0)
FROM (
    SELECT
        series_id,
        date_trunc('week', day)::DATE AS period,
        CASE WHEN any_value(gauge) THEN arg_max(total, day) ELSE sum(total) END AS total,
        CASE WHEN any_value(gauge) THEN arg_max(scored, day) ELSE sum(scored) END AS scored
    FROM described
    GROUP BY ALL
) AS t
LEFT JOIN store.period_actors AS a
    ON a.series_id = t.series_id AND a.period = t.period AND a.grain = 'week'
UNION ALL
SELECT t.series_id, 'month', t.period, t.total, t.scored, coalesce(a.actors, 0)
FROM (
    SELECT
        series_id,
        date_trunc('month', day)::DATE AS period,
        CASE WHEN any_value(gauge) THEN arg_max(total, day) ELSE sum(total) END AS total,
        CASE WHEN any_value(gauge) THEN arg_max(scored, day) ELSE sum(scored) END AS scored
    FROM described
    GROUP BY ALL
) AS t
LEFT JOIN store.period_actors AS a
    ON a.series_id = t.series_id AND a.period = t.period AND a.grain = 'month';
