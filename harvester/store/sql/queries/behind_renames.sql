-- Renames of what counts, with the moments between which they happened: last read under the old name, first under the new.
WITH named AS (
    SELECT
        source,
        stable_id,
        name,
        lag(name) OVER (PARTITION BY source, stable_id ORDER BY seen_at) AS former,
        seen_at
    FROM store.subjects
)
SELECT
    n.source,
    n.former,
    n.name,
    c.name AS current,
    (
        SELECT max(r.finished_at)
        FROM store.runs AS r
        WHERE r.source = n.source AND r.outcome = 'ok' AND r.finished_at < n.seen_at
    ) AS last_seen,
    n.seen_at
FROM named AS n
JOIN store.sources AS src ON src.source = n.source
JOIN store.current_names AS c ON c.source = n.source AND c.stable_id = n.stable_id
WHERE src.person = $person AND n.former <> n.name
AND EXISTS (
    FROM store.series AS s
    WHERE s.source = n.source AND s.subject = n.stable_id AND list_contains($metrics, s.metric)
)
ORDER BY n.seen_at, n.source, n.name;
