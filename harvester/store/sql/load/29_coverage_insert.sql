-- One row per day, stream and metric.
INSERT INTO store.coverage (source, stream, metric, day, state, reason, share)
SELECT source, stream, metric, day, state, reason, share
FROM news;
