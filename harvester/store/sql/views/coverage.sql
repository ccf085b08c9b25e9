-- What is known of each day of each stream.
CREATE OR REPLACE VIEW coverage AS
SELECT c.source, c.stream, c.metric, c.day, c.state, concat_ws('; ', nullif(c.reason, ''), v.found) AS reason
FROM store.coverage AS c
LEFT JOIN (
    SELECT
        v.source,
        v.stream,
        v.metric,
        v.day,
        string_agg(
            format('-{} {} of {}: {}', v.facts, v.metric, coalesce(n.name, v.subject), v.cause), '; '
            ORDER BY v.subject, v.cause
        ) AS found
    FROM store.vanished AS v
    LEFT JOIN store.current_names AS n ON n.source = v.source AND n.stable_id = v.subject
    GROUP BY ALL
) AS v USING (source, stream, metric, day);
COMMENT ON VIEW coverage IS 'Why a number can be trusted or not: measured, partial, missing, lost or estimated, day by day';
COMMENT ON COLUMN coverage.source IS 'The configured source';
COMMENT ON COLUMN coverage.stream IS 'The stream of the source';
COMMENT ON COLUMN coverage.metric IS 'The metric';
COMMENT ON COLUMN coverage.day IS 'The day';
COMMENT ON COLUMN coverage.state IS 'measured, partial (some subjects or hours), missing, lost (missing for good) or estimated (between two readings)';
COMMENT ON COLUMN coverage.reason IS 'Why, where it is not measured; of a measured day, what was found gone on it';
