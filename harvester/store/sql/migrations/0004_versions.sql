-- What was known when, and the curves of earlier parameters.
-- Every word on a day's coverage, with the moment at which it was learnt; store.coverage has the last of each.
CREATE TABLE store.coverage_log (
    source VARCHAR, stream VARCHAR, metric VARCHAR, day DATE, state VARCHAR, reason VARCHAR, share DOUBLE,
    observed_at TIMESTAMP
);
-- Of what was learnt before there was a log: not before the day was over, nor before its stream was first read.
INSERT INTO store.coverage_log (source, stream, metric, day, state, reason, share, observed_at)
SELECT
    c.source, c.stream, c.metric, c.day, c.state, c.reason, c.share,
    least(greatest(c.day + INTERVAL 1 DAY, r.first_run), r.last_run)
FROM store.coverage AS c
JOIN (
    SELECT source, stream, min(started_at) AS first_run, max(coalesce(finished_at, started_at)) AS last_run
    FROM store.runs
    GROUP BY ALL
) AS r USING (source, stream);

-- The parameters that curves were drawn with. settings: JSON, every setting and weight; one of them is shown.
CREATE TABLE store.curves (
    params VARCHAR, settings VARCHAR, first_scored TIMESTAMP, last_scored TIMESTAMP, is_shown BOOLEAN
);
INSERT INTO store.curves (params, settings, first_scored, last_scored, is_shown)
SELECT DISTINCT params, NULL, NULL::TIMESTAMP, NULL::TIMESTAMP, true FROM store.factors;

-- Curves that are no longer drawn, as they were when the parameters changed.
CREATE TABLE store.former_factors AS FROM store.factors LIMIT 0;
CREATE TABLE store.former_influence AS FROM store.influence LIMIT 0;
