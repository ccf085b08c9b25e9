-- Every fact of a period that a factor counts or leaves out, under its day of the configured zone.
SELECT
    s.source, s.metric, coalesce(n.name, s.subject) AS subject, o.day, o.occurred_at, o.key, o.actor, o.value,
    coalesce(o.left_out, '') AS left_out, o.observed_at, o.run_id
FROM store.observations AS o
JOIN store.series AS s USING (series_id)
JOIN store.sources AS src ON src.source = s.source
LEFT JOIN store.current_names AS n ON n.source = s.source AND n.stable_id = s.subject
WHERE src.person = $person AND o.day >= $period AND o.day < $ends_on AND list_contains($metrics, s.metric)
ORDER BY s.source, s.metric, o.day, subject, o.key;
