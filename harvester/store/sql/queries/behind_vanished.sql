-- What was found gone in a period and taken back.
SELECT v.source, v.metric, coalesce(n.name, v.subject) AS subject, v.day, v.facts, v.cause
FROM store.vanished AS v
JOIN store.sources AS src ON src.source = v.source
LEFT JOIN store.current_names AS n ON n.source = v.source AND n.stable_id = v.subject
WHERE src.person = $person AND v.day >= $period AND v.day < $ends_on AND list_contains($metrics, v.metric)
ORDER BY v.day, v.source, v.metric, subject;
