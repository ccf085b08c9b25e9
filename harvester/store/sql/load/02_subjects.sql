-- A subject whose description changed gets a new row; an unchanged one none.
INSERT INTO store.subjects (source, stable_id, name, kind, title, url, published_at, seen_at)
SELECT
    r.source, r.subject, r.name, r.kind, r.title, r.url, r.published_at,
    -- Never before the description it replaces, whatever the clock did.
    greatest(r.observed_at, c.seen_at + INTERVAL 1 MICROSECOND)
FROM (
    SELECT seg.source, seg.observed_at, raw.*
    FROM raw
    JOIN segment AS seg USING (position)
    WHERE raw.name IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY seg.source, raw.subject ORDER BY position DESC, n DESC) = 1
) AS r
LEFT JOIN (
    SELECT *
    FROM store.subjects
    QUALIFY row_number() OVER (PARTITION BY source, stable_id ORDER BY seen_at DESC, name) = 1
) AS c ON c.source = r.source AND c.stable_id = r.subject
WHERE (c.name, c.kind, c.title, c.url, c.published_at)
    IS DISTINCT FROM (r.name, r.kind, r.title, r.url, r.published_at);
