-- The day's reading is a gauge's total.
INSERT INTO store.daily (series_id, day, total, scored, actors)
SELECT o.series_id, o.day, o.value, o.value, 0
FROM store.observations AS o
SEMI JOIN level AS l ON l.series_id = o.series_id
JOIN store.series AS s ON s.series_id = o.series_id
JOIN store.metrics AS m ON m.source = s.source AND m.metric = s.metric AND m.kind = 'level' AND m.gauge
WHERE o.left_out IS DISTINCT FROM 'retracted';
