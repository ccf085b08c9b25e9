-- Acts of a period that no factor counts: those of bots, and the person's own.
SELECT s.source, s.metric, o.left_out AS who, sum(o.value) AS acts, count(DISTINCT o.actor) AS actors
FROM store.observations AS o
JOIN store.series AS s USING (series_id)
JOIN store.sources AS src ON src.source = s.source
WHERE src.person = $person AND o.left_out IS NOT NULL AND o.day >= $period AND o.day < $ends_on
AND o.value <> 0 AND s.kind = 'event' AND list_contains($metrics, s.metric)
GROUP BY ALL
ORDER BY who, acts DESC, s.source, s.metric;
