-- New and changed facts become current.
INSERT INTO store.observations (
    series_id, key, day, occurred_at, actor, value, attrs, left_out, observed_at, run_id
)
SELECT
    i.series_id, i.key, i.day, i.occurred_at, i.actor, i.value, i.attrs, i.left_out, seg.observed_at, seg.run_id
FROM incoming AS i
JOIN segment AS seg USING (position)
ANTI JOIN (SELECT series_id, key FROM known WHERE NOT is_changed) AS same
    ON same.series_id = i.series_id AND same.key = i.key;
