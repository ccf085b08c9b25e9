-- What is about to be replaced: it goes where old revisions are kept.
CREATE OR REPLACE TEMP TABLE replaced AS
SELECT
    o.series_id, o.key, o.day, o.occurred_at, o.actor, o.value, o.attrs, o.left_out, o.observed_at, o.run_id
FROM store.observations AS o
JOIN known AS k ON k.series_id = o.series_id AND k.key = o.key
WHERE k.is_changed;
