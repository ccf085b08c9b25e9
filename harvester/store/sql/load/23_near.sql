-- The days that the touched periods are made of.
CREATE OR REPLACE TEMP TABLE near AS
SELECT d.series_id, d.day, d.total, d.scored, d.actors, g.series_id IS NOT NULL AS is_gauge
FROM store.daily AS d
LEFT JOIN (
    SELECT s.series_id
    FROM store.series AS s
    SEMI JOIN store.metrics AS m ON m.source = s.source AND m.metric = s.metric AND m.kind = s.kind AND m.gauge
) AS g USING (series_id)
WHERE d.series_id IN (SELECT series_id FROM touched)
AND d.day BETWEEN (SELECT min(day) - 31 FROM touched) AND (SELECT max(day) + 31 FROM touched);
