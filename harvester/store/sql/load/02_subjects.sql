-- A subject whose description changed gets a new row; an unchanged one none.
CREATE OR REPLACE TEMP TABLE described AS
SELECT
    r.source, r.stable_id, r.told.name, r.told.kind, r.told.title, r.told.url, r.told.published_at,
    -- Never before the description it replaces, whatever the clock did.
    greatest(r.told.observed_at, c.seen_at + INTERVAL 1 MICROSECOND) AS seen_at
FROM (
    SELECT
        seg.source,
        line.subject AS stable_id,
        arg_max(
            {
                'name': line.name, 'kind': line.kind, 'title': line.title, 'url': line.url,
                'published_at': line.published_at, 'observed_at': seg.observed_at
            },
            (seg.position, line.n)
        ) AS told
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
    GROUP BY ALL
) AS r
LEFT JOIN (
    SELECT source, stable_id, max(seen_at) AS seen_at, arg_max((name, kind, title, url, published_at), seen_at) AS told
    FROM store.subjects
    GROUP BY ALL
) AS c USING (source, stable_id)
WHERE c.told IS DISTINCT FROM (r.told.name, r.told.kind, r.told.title, r.told.url, r.told.published_at);
