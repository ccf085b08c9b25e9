-- The days whose sums may have changed, where a fact came and where one left; levels have a refresh of their own.
CREATE OR REPLACE TEMP TABLE touched AS
SELECT i.series_id, i.day
FROM incoming AS i
ANTI JOIN (SELECT series_id, key FROM known WHERE NOT is_changed) AS same
    ON same.series_id = i.series_id AND same.key = i.key
WHERE i.kind <> 'level'
UNION
SELECT k.series_id, k.old_day
FROM known AS k
JOIN store.series AS s USING (series_id)
WHERE k.is_changed AND s.kind <> 'level';
