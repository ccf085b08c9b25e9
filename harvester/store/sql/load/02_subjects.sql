-- A subject whose description changed gets a new row; an unchanged one none.
CREATE OR REPLACE TEMP TABLE described AS
SELECT
    r.source, r.subject AS stable_id, r.name, r.kind, r.title, r.url, r.published_at,
    -- Never before the description it replaces, whatever the clock did.
    greatest(r.observed_at, c.seen_at + INTERVAL 1 MICROSECOND) AS seen_at
FROM (
    SELECT seg.source, seg.observed_at, line.*
    FROM read_json(
        $files,
        format = 'newline_delimited',
        filename = true,
        maximum_object_size = 2097152,
        columns = {
            n: 'INTEGER', subject: 'VARCHAR', name: 'VARCHAR', kind: 'VARCHAR', title: 'VARCHAR', url: 'VARCHAR',
            published_at: 'TIMESTAMP'
        }
    ) AS line
    JOIN segment AS seg ON seg.path = line.filename
    WHERE line.name IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY seg.source, line.subject ORDER BY seg.position DESC, line.n DESC) = 1
) AS r
LEFT JOIN (
    SELECT *
    FROM store.subjects
    QUALIFY row_number() OVER (PARTITION BY source, stable_id ORDER BY seen_at DESC, name) = 1
) AS c ON c.source = r.source AND c.stable_id = r.subject
WHERE (c.name, c.kind, c.title, c.url, c.published_at)
    IS DISTINCT FROM (r.name, r.kind, r.title, r.url, r.published_at);
