-- Of a level with news every day from its first reading on may have changed.
INSERT INTO touched (series_id, day)
SELECT o.series_id, unnest(range(min(o.day), max(o.day) + 1, INTERVAL 1 DAY))::DATE
FROM store.observations AS o
SEMI JOIN level AS l ON l.series_id = o.series_id
GROUP BY o.series_id
UNION
SELECT d.series_id, d.day
FROM store.daily AS d
SEMI JOIN level AS l ON l.series_id = d.series_id;
