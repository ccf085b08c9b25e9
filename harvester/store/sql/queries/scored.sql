-- What scoring takes: scored_totals, summed over subjects, but for an audience, whose latest readings it adds up.
WITH spoken AS (
    SELECT
        s.source,
        s.metric,
        t.grain,
        t.period,
        t.ends_on,
        CASE WHEN list_contains($audience, s.metric) THEN s.subject ELSE '' END AS subject,
        sum(t.scored) AS total,
        sum(t.actors) AS actors
    FROM store.totals AS t
    JOIN store.series AS s USING (series_id)
    GROUP BY ALL
)
SELECT
    src.person, t.grain, t.period, t.ends_on, t.source, t.metric, t.subject, t.total, t.actors,
    coalesce(c.coverage, 0) AS coverage
FROM spoken AS t
LEFT JOIN store.sources AS src ON src.source = t.source
LEFT JOIN store.period_coverage AS c
    ON c.source = t.source AND c.metric = t.metric AND c.grain = t.grain AND c.period = t.period
UNION ALL
SELECT src.person, q.grain, q.period, q.ends_on, q.source, q.metric, NULL, 0, 0, q.coverage
FROM store.silent_periods AS q
LEFT JOIN store.sources AS src ON src.source = q.source;
