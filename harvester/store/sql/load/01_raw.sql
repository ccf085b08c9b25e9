-- Every line of the segments, once, with the stream it belongs to; the last line of a file has neither metric nor name.
CREATE OR REPLACE TEMP TABLE raw AS
SELECT
    seg.source, seg.stream, seg.run_id, seg.observed_at, seg.position,
    line.n, line.metric, line.subject, line.key, line.occurred_at, line.value, line.actor, line.attrs, line.left_out,
    line.name, line.kind, line.title, line.url, line.published_at
FROM read_json(
    $files,
    format = 'newline_delimited',
    filename = true,
    maximum_object_size = 4194304,
    columns = {
        n: 'BIGINT', metric: 'VARCHAR', subject: 'VARCHAR', key: 'VARCHAR', occurred_at: 'TIMESTAMP', value: 'DOUBLE',
        actor: 'VARCHAR', attrs: 'JSON', left_out: 'VARCHAR',
        name: 'VARCHAR', kind: 'VARCHAR', title: 'VARCHAR', url: 'VARCHAR', published_at: 'TIMESTAMP'
    }
) AS line
JOIN segment AS seg ON seg.path = line.filename
WHERE line.n IS NOT NULL;
