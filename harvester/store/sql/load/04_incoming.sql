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
    s.kind,
    s.revise,
    r.position,
    r.n
FROM raw AS r
JOIN (
    SELECT seg.position, s.metric, s.subject, s.series_id, s.kind, m.revise
    FROM segment AS seg
    JOIN store.metrics AS m USING (source, stream)
    JOIN store.series AS s ON s.source = seg.source AND s.metric = m.metric AND s.kind = m.kind
) AS s USING (position, metric, subject);
