-- What each series brought day by day, bots and self left out, with the observed share of the day; a silent day is 0.
WITH seen AS (
    SELECT c.source, c.metric, c.day, max(c.share) AS share
    FROM store.coverage AS c
    JOIN store.sources AS src ON src.source = c.source
    WHERE src.person = $person AND list_contains($metrics, c.metric) AND c.day >= $first AND c.day < $ends_on
    GROUP BY ALL
), counted AS (
    SELECT s.source, s.metric, d.day, sum(d.scored) AS total
    FROM store.daily AS d
    JOIN store.series AS s USING (series_id)
    WHERE list_contains($metrics, s.metric) AND d.day >= $first AND d.day < $ends_on
    GROUP BY ALL
)
SELECT source, metric, day, share, coalesce(total, 0) AS total
FROM seen
LEFT JOIN counted USING (source, metric, day)
ORDER BY source, metric, day;
