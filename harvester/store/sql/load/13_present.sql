-- The facts of the touched days, and all readings of those levels, as they are once the news are stored;
-- without totals and readings that were taken back.
CREATE OR REPLACE TEMP TABLE present AS
SELECT o.series_id, o.day, o.actor, o.value, o.left_out
FROM store.observations AS o
SEMI JOIN touched AS t ON t.series_id = o.series_id AND t.day = o.day
ANTI JOIN replaced AS r ON r.series_id = o.series_id AND r.key = o.key
WHERE o.left_out IS DISTINCT FROM 'retracted'
UNION ALL
SELECT o.series_id, o.day, o.actor, o.value, o.left_out
FROM store.observations AS o
SEMI JOIN level AS l ON l.series_id = o.series_id
ANTI JOIN replaced AS r ON r.series_id = o.series_id AND r.key = o.key
WHERE o.left_out IS DISTINCT FROM 'retracted'
UNION ALL
SELECT series_id, day, actor, value, left_out
FROM incoming
WHERE left_out IS DISTINCT FROM 'retracted';
