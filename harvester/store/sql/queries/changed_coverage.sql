-- Days of the past of which more became known after a moment, by series and period.
SELECT
    source,
    metric,
    date_trunc($grain, day)::DATE AS period,
    sum(c.share - coalesce(w.share, 0)) AS days,
    min(day) AS first_day,
    max(day) AS last_day
FROM (SELECT source, metric, day, max(share) AS share FROM store.coverage GROUP BY ALL) AS c
LEFT JOIN (
    SELECT source, metric, day, max(share) AS share
    FROM (
        SELECT source, metric, day, share
        FROM store.coverage_log
        WHERE observed_at <= $moment
        QUALIFY row_number() OVER (
            PARTITION BY source, stream, metric, day ORDER BY observed_at DESC, rowid DESC
        ) = 1
    )
    GROUP BY ALL
) AS w USING (source, metric, day)
WHERE list_contains($metrics, metric)
AND source IN (SELECT src.source FROM store.sources AS src WHERE src.person = $person)
AND date_trunc($grain, day)::DATE < $until
AND c.share <> coalesce(w.share, 0)
GROUP BY ALL
ORDER BY period, source, metric;
