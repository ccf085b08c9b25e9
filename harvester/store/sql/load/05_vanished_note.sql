-- How many facts were found gone on which day, and why: shown beside what is known of that day.
CREATE OR REPLACE TEMP TABLE noted AS
SELECT
    seg.source,
    seg.stream,
    s.metric,
    s.subject,
    timezone($zone, timezone('UTC', seg.observed_at))::DATE AS day,
    count(*) AS facts,
    v.cause
FROM vanished AS v
JOIN segment AS seg USING (position)
JOIN series AS s USING (series_id)
WHERE v.was_stored
GROUP BY ALL;
