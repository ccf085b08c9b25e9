-- Keep what is news: more is known than before, the same with more of the day gone by, or what was found gone.
-- A measured day keeps what was once found on it.
CREATE OR REPLACE TEMP TABLE news AS
SELECT
    n.source,
    n.stream,
    n.metric,
    n.day,
    n.state,
    CASE
        WHEN n.state <> 'measured' OR c.state IS DISTINCT FROM n.state OR contains(n.reason, c.reason) THEN n.reason
        WHEN contains(c.reason, n.reason) THEN c.reason
        ELSE left(c.reason || '; ' || n.reason, 2000)
    END AS reason,
    greatest(n.share, CASE WHEN c.state = n.state THEN c.share END) AS share
FROM covered AS n
LEFT JOIN store.coverage AS c USING (source, stream, metric, day)
WHERE
    c.state IS NULL
    OR list_position(['missing', 'lost', 'estimated', 'partial', 'measured'], n.state)
        > list_position(['missing', 'lost', 'estimated', 'partial', 'measured'], c.state)
    OR (n.state = c.state AND n.share > c.share)
    OR (n.state = 'measured' AND c.state = 'measured' AND NOT contains(c.reason, n.reason));
