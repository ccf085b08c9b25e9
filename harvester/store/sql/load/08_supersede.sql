-- What is about to be replaced goes where old revisions are kept.
INSERT INTO store.superseded (
    series_id, key, day, occurred_at, actor, value, attrs, left_out, observed_at, run_id
)
SELECT
    o.series_id, o.key, o.day, o.occurred_at, o.actor, o.value, o.attrs, o.left_out, o.observed_at, o.run_id
FROM store.observations AS o
JOIN known AS k ON k.series_id = o.series_id AND k.key = o.key
WHERE k.is_changed;
