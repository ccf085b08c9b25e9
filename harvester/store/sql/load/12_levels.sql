-- Levels with a new or changed reading.
CREATE OR REPLACE TEMP TABLE level AS
SELECT DISTINCT s.series_id, s.source, s.metric, s.subject, s.is_gauge
FROM incoming AS i
JOIN series AS s USING (series_id)
WHERE i.kind = 'level';
