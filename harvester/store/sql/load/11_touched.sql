-- The days whose sums may have changed, where a fact came and where one left; levels follow when they are grown.
CREATE OR REPLACE TEMP TABLE touched AS
SELECT series_id, day
FROM incoming
WHERE kind <> 'level'
UNION
SELECT r.series_id, r.day
FROM replaced AS r
JOIN series AS s USING (series_id)
WHERE s.kind <> 'level';
