-- Distinct people of the touched weeks and months.
INSERT INTO store.period_actors (series_id, grain, period, actors)
WITH near AS (
    SELECT a.series_id, a.day, a.actor
    FROM store.actor_days AS a
    WHERE a.series_id BETWEEN (SELECT min(series_id) FROM touched) AND (SELECT max(series_id) FROM touched)
    AND a.day BETWEEN (SELECT min(day) - 31 FROM touched) AND (SELECT max(day) + 31 FROM touched)
), week AS (
    SELECT series_id, date_trunc('week', day)::DATE AS period, actor
    FROM near
), month AS (
    SELECT series_id, date_trunc('month', day)::DATE AS period, actor
    FROM near
)
SELECT series_id, 'week', period, count(DISTINCT actor)
FROM week
SEMI JOIN (SELECT DISTINCT series_id, date_trunc('week', day)::DATE AS period FROM touched) AS t
    USING (series_id, period)
GROUP BY ALL
UNION ALL
SELECT series_id, 'month', period, count(DISTINCT actor)
FROM month
SEMI JOIN (SELECT DISTINCT series_id, date_trunc('month', day)::DATE AS period FROM touched) AS t
    USING (series_id, period)
GROUP BY ALL;
