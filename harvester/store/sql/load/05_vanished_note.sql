-- How many facts were found gone on which day, and why: shown beside what is known of that day.
INSERT INTO store.vanished (source, stream, metric, subject, day, facts, cause)
SELECT
    seg.source,
    seg.stream,
    s.metric,
    s.subject,
    timezone($zone, timezone('UTC', seg.observed_at))::DATE,
    count(*),
    v.cause
FROM vanished AS v
JOIN segment AS seg USING (position)
JOIN store.series AS s USING (series_id)
WHERE v.was_stored
GROUP BY ALL;
