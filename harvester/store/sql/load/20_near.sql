-- The days that the touched periods are made of.
CREATE OR REPLACE TEMP TABLE near AS
SELECT d.series_id, d.day, d.total, d.scored, d.actors, coalesce(s.is_gauge, false) AS is_gauge
FROM (
    SELECT o.series_id, o.day, o.total, o.scored, o.actors
    FROM store.daily AS o
    ANTI JOIN touched AS t ON t.series_id = o.series_id AND t.day = o.day
    WHERE o.series_id IN (SELECT series_id FROM touched)
    AND o.day BETWEEN (SELECT min(day) - 31 FROM touched) AND (SELECT max(day) + 31 FROM touched)
    UNION ALL
    SELECT series_id, day, total, scored, actors
    FROM summed
) AS d
LEFT JOIN series AS s USING (series_id);
