-- What is known of each day of each stream.
CREATE OR REPLACE VIEW coverage AS
SELECT source, stream, metric, day, state, reason
FROM store.coverage;
COMMENT ON VIEW coverage IS 'Why a number can be trusted or not: measured, partial, missing, lost or estimated, day by day';
COMMENT ON COLUMN coverage.source IS 'The configured source';
COMMENT ON COLUMN coverage.stream IS 'The stream of the source';
COMMENT ON COLUMN coverage.metric IS 'The metric';
COMMENT ON COLUMN coverage.day IS 'The day';
COMMENT ON COLUMN coverage.state IS 'measured, partial (some subjects or hours), missing, lost (missing for good) or estimated (between two readings)';
COMMENT ON COLUMN coverage.reason IS 'Why, where it is not measured; of a measured day, what was found gone on it';
