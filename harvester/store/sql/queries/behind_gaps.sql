-- Days of a period of which less than everything is known, by state and reason.
SELECT
    c.source, c.metric, c.state, coalesce(c.reason, '') AS reason, min(c.day) AS first_day, max(c.day) AS last_day,
    count(*) AS days
FROM coverage AS c
JOIN store.sources AS src ON src.source = c.source
WHERE src.person = $person AND c.day >= $period AND c.day < $ends_on AND c.state <> 'measured'
AND list_contains($metrics, c.metric)
GROUP BY ALL
ORDER BY c.source, c.metric, first_day;
