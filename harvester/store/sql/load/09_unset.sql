-- The replaced revisions leave the table of current ones.
DELETE FROM store.observations AS o
USING known AS k
WHERE k.is_changed AND k.series_id = o.series_id AND k.key = o.key;
