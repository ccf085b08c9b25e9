-- Those seen for the first time, as the store keeps them.
CREATE OR REPLACE TEMP TABLE new_series AS
SELECT series_id, source, stream, metric, subject, kind
FROM series
WHERE is_new;
