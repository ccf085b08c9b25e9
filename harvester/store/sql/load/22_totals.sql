-- Sums of the touched periods.
CREATE OR REPLACE TEMP TABLE totalled AS
SELECT d.series_id, 'day' AS grain, d.day AS period, p.ends_on, d.total, d.scored, d.actors
FROM near AS d
JOIN period AS p ON p.series_id = d.series_id AND p.grain = 'day' AND p.period = d.day
UNION ALL
SELECT d.series_id, 'week', d.period, p.ends_on, d.total, d.scored, coalesce(a.actors, 0)::INTEGER
FROM (
    SELECT
        series_id,
        date_trunc('week', day)::DATE AS period,
        CASE WHEN any_value(is_gauge) THEN arg_max(total, day) ELSE sum(total) END AS total,
        CASE WHEN any_value(is_gauge) THEN arg_max(scored, day) ELSE sum(scored) END AS scored
    FROM near
    GROUP BY ALL
) AS d
JOIN period AS p ON p.series_id = d.series_id AND p.grain = 'week' AND p.period = d.period
LEFT JOIN (
    SELECT series_id, date_trunc('week', day)::DATE AS period, count(DISTINCT actor) AS actors
    FROM near_actors
    GROUP BY ALL
) AS a ON a.series_id = d.series_id AND a.period = d.period
UNION ALL
SELECT d.series_id, 'month', d.period, p.ends_on, d.total, d.scored, coalesce(a.actors, 0)::INTEGER
FROM (
    SELECT
        series_id,
        date_trunc('month', day)::DATE AS period,
        CASE WHEN any_value(is_gauge) THEN arg_max(total, day) ELSE sum(total) END AS total,
        CASE WHEN any_value(is_gauge) THEN arg_max(scored, day) ELSE sum(scored) END AS scored
    FROM near
    GROUP BY ALL
) AS d
JOIN period AS p ON p.series_id = d.series_id AND p.grain = 'month' AND p.period = d.period
LEFT JOIN (
    SELECT series_id, date_trunc('month', day)::DATE AS period, count(DISTINCT actor) AS actors
    FROM near_actors
    GROUP BY ALL
) AS a ON a.series_id = d.series_id AND a.period = d.period;
