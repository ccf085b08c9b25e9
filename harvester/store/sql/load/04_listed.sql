-- What the segments tell completely: whatever else is stored of it has vanished.
CREATE OR REPLACE TEMP TABLE listed AS
SELECT s.series_id, seg.position, r.n, r."on", r.numbers, coalesce(r.is_rest, false) AS is_rest, r.since, r.cause
FROM read_json(
    $files,
    format = 'newline_delimited',
    filename = true,
    maximum_object_size = 2097152,
    columns = {
        n: 'INTEGER', listed: 'VARCHAR', subject: 'VARCHAR', "on": 'VARCHAR', numbers: 'BIGINT[]', is_rest: 'BOOLEAN',
        since: 'TIMESTAMP', cause: 'VARCHAR'
    }
) AS r
JOIN segment AS seg ON seg.path = r.filename
JOIN series AS s
    ON s.source = seg.source AND s.metric = r.listed AND s.subject = r.subject AND s.kind = 'event'
WHERE r.listed IS NOT NULL;
