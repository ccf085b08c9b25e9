-- Facts of the past that were learnt, revised or taken back after a moment, by subject and period.
SELECT
    s.source,
    s.metric,
    coalesce(n.name, s.subject) AS subject,
    date_trunc($grain, o.day)::DATE AS period,
    count(*) FILTER (b.key IS NULL AND o.value <> 0) AS learnt,
    count(*) FILTER (b.key IS NOT NULL AND (o.value <> 0 OR s.kind <> 'event')) AS revised,
    count(*) FILTER (b.key IS NOT NULL AND o.value = 0 AND b.value <> 0 AND s.kind = 'event') AS taken_back,
    coalesce(sum(b.value), 0) AS was,
    sum(o.value) AS "is",
    max(o.observed_at) AS observed_at
FROM store.observations AS o
JOIN store.series AS s USING (series_id)
JOIN store.sources AS src ON src.source = s.source
LEFT JOIN store.current_names AS n ON n.source = s.source AND n.stable_id = s.subject
LEFT JOIN (
    SELECT series_id, key, value, rowid AS place
    FROM store.superseded
    WHERE observed_at <= $moment
    QUALIFY row_number() OVER (PARTITION BY series_id, key ORDER BY observed_at DESC, rowid DESC) = 1
) AS b ON b.series_id = o.series_id AND b.key = o.key
WHERE src.person = $person AND o.observed_at > $moment AND o.left_out IS NULL
AND list_contains($metrics, s.metric)
AND date_trunc($grain, o.day)::DATE < $until
GROUP BY ALL
ORDER BY period, s.source, s.metric, subject;
