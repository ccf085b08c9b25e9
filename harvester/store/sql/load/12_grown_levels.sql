-- Levels with a new or changed reading.
CREATE OR REPLACE TEMP TABLE level AS
SELECT DISTINCT i.series_id
FROM incoming AS i
ANTI JOIN (SELECT series_id, key FROM known WHERE NOT is_changed) AS same
    ON same.series_id = i.series_id AND same.key = i.key
WHERE i.kind = 'level';
