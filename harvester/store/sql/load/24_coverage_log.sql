-- When it was learnt, for questions as of a time; of several reads in one load the last.
CREATE OR REPLACE TEMP TABLE logged AS
SELECT n.source, n.stream, n.metric, n.day, n.state, n.reason, n.share, r.observed_at
FROM news AS n
JOIN (
    SELECT source, stream, timezone('UTC', timezone($zone, max(read_at))) AS observed_at
    FROM span
    GROUP BY ALL
) AS r USING (source, stream);
