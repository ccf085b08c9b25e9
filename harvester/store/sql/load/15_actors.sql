-- Who acted on the touched days; a machine is nobody, an act taken back did not happen.
INSERT INTO store.actor_days (series_id, day, actor, left_out)
SELECT DISTINCT o.series_id, o.day, o.actor, o.left_out
FROM store.observations AS o
SEMI JOIN touched AS t ON t.series_id = o.series_id AND t.day = o.day
WHERE o.actor IS NOT NULL AND o.left_out IS DISTINCT FROM 'bot' AND o.value <> 0;
