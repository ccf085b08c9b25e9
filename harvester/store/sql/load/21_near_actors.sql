-- And who acted on them.
CREATE OR REPLACE TEMP TABLE near_actors AS
SELECT DISTINCT series_id, day, actor
FROM (
    SELECT a.series_id, a.day, a.actor
    FROM store.actor_days AS a
    ANTI JOIN touched AS t ON t.series_id = a.series_id AND t.day = a.day
    WHERE a.series_id IN (SELECT series_id FROM touched)
    AND a.day BETWEEN (SELECT min(day) - 31 FROM touched) AND (SELECT max(day) + 31 FROM touched)
    UNION ALL
    SELECT series_id, day, actor
    FROM acted
);
