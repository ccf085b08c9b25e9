-- Who acted on the touched days; a machine is nobody, an act taken back did not happen.
CREATE OR REPLACE TEMP TABLE acted AS
SELECT DISTINCT o.series_id, o.day, o.actor, o.left_out
FROM present AS o
SEMI JOIN touched AS t ON t.series_id = o.series_id AND t.day = o.day
WHERE o.actor IS NOT NULL AND o.left_out IS DISTINCT FROM 'bot' AND o.value <> 0;
