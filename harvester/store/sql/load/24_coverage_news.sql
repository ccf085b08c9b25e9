-- Keep what is news: more is known than before, the same with more of the day gone by, or what was said is taken back.
-- Less than a fiftieth more of a day that still runs is none: it moves no score by more, and would have each be reckoned.
CREATE OR REPLACE TEMP TABLE news AS
SELECT n.source, n.stream, n.metric, n.day, n.state, n.reason, n.share
FROM covered AS n
LEFT JOIN store.coverage AS c USING (source, stream, metric, day)
WHERE
    c.state IS NULL
    OR list_position(['missing', 'lost', 'estimated', 'partial', 'measured'], n.state)
        > list_position(['missing', 'lost', 'estimated', 'partial', 'measured'], c.state)
    OR (n.state = c.state AND n.share > c.share AND (n.share = 1 OR n.share > 1.02 * c.share))
    OR (n.takes_back AND n.state <> c.state);
