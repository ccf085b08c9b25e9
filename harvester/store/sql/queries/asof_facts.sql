-- Every fact in the revision that was current at a moment; of two of the same instant, the one that came last.
SELECT s.source, s.stream, s.metric, s.subject, o.key, o.occurred_at, o.actor, o.value, o.attrs::VARCHAR AS attrs
FROM (
    SELECT series_id, key, occurred_at, actor, value, attrs, observed_at, 1 AS is_current, 0 AS place
    FROM store.observations
    WHERE observed_at <= $moment
    UNION ALL
    SELECT series_id, key, occurred_at, actor, value, attrs, observed_at, 0, rowid
    FROM store.superseded
    WHERE observed_at <= $moment
) AS o
JOIN store.series AS s USING (series_id)
SEMI JOIN store.metrics AS m ON m.source = s.source AND m.stream = s.stream AND m.metric = s.metric AND m.kind = s.kind
QUALIFY row_number() OVER (
    PARTITION BY o.series_id, o.key ORDER BY o.observed_at DESC, o.is_current DESC, o.place DESC
) = 1;
