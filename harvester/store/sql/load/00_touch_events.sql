-- All days of all events, old and new, are to be summed anew.
CREATE OR REPLACE TEMP TABLE touched AS
SELECT o.series_id, o.day
FROM store.observations AS o
JOIN store.series AS s USING (series_id)
WHERE s.kind = 'event'
UNION
SELECT d.series_id, d.day
FROM store.daily AS d
JOIN store.series AS s USING (series_id)
WHERE s.kind = 'event';
