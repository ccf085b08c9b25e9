-- What each subject brought in a period and in the one before, bots and self left out; gauges are of no factor.
SELECT
    s.source,
    s.metric,
    coalesce(n.name, s.subject) AS subject,
    coalesce(any_value(n.title), '') AS title,
    coalesce(sum(t.scored) FILTER (t.period = $period), 0) AS total,
    coalesce(sum(t.scored) FILTER (t.period = $before), 0) AS earlier
FROM store.totals AS t
JOIN store.series AS s USING (series_id)
JOIN store.sources AS src ON src.source = s.source
LEFT JOIN store.current_names AS n ON n.source = s.source AND n.stable_id = s.subject
WHERE src.person = $person AND t.grain = $grain AND t.period IN ($period, $before)
AND list_contains($metrics, s.metric)
GROUP BY ALL
HAVING total <> 0 OR earlier <> 0
ORDER BY s.source, s.metric, total DESC, subject;
