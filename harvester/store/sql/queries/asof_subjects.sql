-- Every subject as it was described at a moment.
SELECT source, stable_id, name, kind, title, url, published_at
FROM store.subjects
WHERE seen_at <= $moment
QUALIFY row_number() OVER (PARTITION BY source, stable_id ORDER BY seen_at DESC, name) = 1
ORDER BY source;
