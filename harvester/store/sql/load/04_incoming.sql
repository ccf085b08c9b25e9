-- The observations of the segments, under their series number, on their day of the configured zone.
CREATE OR REPLACE TEMP TABLE incoming AS
SELECT
    s.series_id,
    r.key,
    CASE
        WHEN s.kind <> 'event' THEN r.key::DATE
        WHEN $zone = 'UTC' THEN r.occurred_at::DATE
        ELSE timezone($zone, timezone('UTC', r.occurred_at))::DATE
    END AS day,
    r.occurred_at,
    r.actor,
    r.value,
    r.attrs,
    r.left_out,
    s.kind,
    s.revise,
    s.position,
    r.n
FROM read_json(
    $files,
    format = 'newline_delimited',
    filename = true,
    maximum_object_size = 2097152,
    columns = {
        n: 'INTEGER', metric: 'VARCHAR', subject: 'VARCHAR', key: 'VARCHAR', occurred_at: 'TIMESTAMP', value: 'DOUBLE',
        actor: 'VARCHAR', attrs: 'JSON', left_out: 'VARCHAR'
    }
) AS r
JOIN (
    SELECT seg.path, seg.position, s.metric, s.subject, s.series_id, s.kind, m.revise
    FROM segment AS seg
    JOIN named AS n USING (position)
    JOIN metric AS m ON m.source = seg.source AND m.stream = seg.stream AND m.metric = n.metric
    JOIN series AS s
        ON s.source = seg.source AND s.metric = n.metric AND s.subject = n.subject AND s.kind = m.kind
) AS s ON s.path = r.filename AND s.metric = r.metric AND s.subject = r.subject;
