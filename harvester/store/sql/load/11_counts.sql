-- New and revised facts per run and stream.
SELECT
    i.run_id,
    i.source,
    i.stream,
    count(*) FILTER (k.key IS NULL) AS stored,
    count(*) FILTER (k.is_changed) AS revised
FROM incoming AS i
LEFT JOIN known AS k ON k.series_id = i.series_id AND k.key = i.key
GROUP BY ALL;
