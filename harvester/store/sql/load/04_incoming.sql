-- The observations among the lines, under their series number, on their day of the configured zone.
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
    r.observed_at,
    r.run_id,
    r.source,
    r.stream,
    s.kind,
    m.revise,
    r.position,
    r.n
FROM raw AS r
JOIN store.metrics AS m USING (source, stream, metric)
JOIN store.series AS s
    ON s.source = r.source AND s.metric = r.metric AND s.subject = r.subject AND s.kind = m.kind;
