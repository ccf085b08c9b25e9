-- Of a level every day from its first reading on may change: growth depends on the readings around it.
INSERT INTO touched (series_id, day)
SELECT o.series_id, unnest(range(min(o.day), max(o.day) + 1, INTERVAL 1 DAY))::DATE
FROM store.observations AS o
JOIN store.series AS s USING (series_id)
WHERE s.kind = 'level' AND s.series_id IN (SELECT series_id FROM incoming)
GROUP BY o.series_id
UNION
SELECT d.series_id, d.day
FROM store.daily AS d
JOIN store.series AS s USING (series_id)
WHERE s.kind = 'level' AND s.series_id IN (SELECT series_id FROM incoming);
