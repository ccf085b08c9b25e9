-- And who acted on them.
CREATE OR REPLACE TEMP TABLE near_actors AS
SELECT DISTINCT a.series_id, a.day, a.actor
FROM store.actor_days AS a
WHERE a.series_id IN (SELECT series_id FROM touched)
AND a.day BETWEEN (SELECT min(day) - 31 FROM touched) AND (SELECT max(day) + 31 FROM touched);
