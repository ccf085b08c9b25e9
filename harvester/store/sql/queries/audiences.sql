-- What has readings of an audience at these sources.
SELECT DISTINCT subject
FROM store.series
WHERE subject <> '' AND list_contains($audience::VARCHAR[], metric) AND list_contains($sources::VARCHAR[], source)
ORDER BY subject;
