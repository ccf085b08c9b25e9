-- What was known of each day at a moment.
SELECT source, stream, metric, day, state, share
FROM store.coverage_log
WHERE observed_at <= $moment
QUALIFY row_number() OVER (
    PARTITION BY source, stream, metric, day ORDER BY observed_at DESC, rowid DESC
) = 1;
