-- Every line of the segments, once; the last line of a file has no number and is left out.
CREATE OR REPLACE TEMP TABLE raw AS
SELECT
    seg.position,
    line.n, line.metric, line.subject, line.key, line.occurred_at, line.value, line.actor, line.attrs, line.left_out,
    line.name, line.kind, line.title, line.url, line.published_at
FROM read_json(
    $files,
    format = 'newline_delimited',
    filename = true,
    maximum_object_size = 2097152,
    columns = {
        n: 'INTEGER', metric: 'VARCHAR', subject: 'VARCHAR', key: 'VARCHAR', occurred_at: 'TIMESTAMP', value: 'DOUBLE',
        actor: 'VARCHAR', attrs: 'JSON', left_out: 'VARCHAR',
        name: 'VARCHAR', kind: 'VARCHAR', title: 'VARCHAR', url: 'VARCHAR', published_at: 'TIMESTAMP'
    }
) AS line
JOIN segment AS seg ON seg.path = line.filename
WHERE line.n IS NOT NULL;
