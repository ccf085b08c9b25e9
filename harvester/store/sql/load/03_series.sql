-- Numbers for the series seen for the first time.
INSERT INTO store.series (series_id, source, stream, metric, subject, kind)
SELECT
    (SELECT coalesce(max(series_id), 0) FROM store.series) + row_number() OVER (ORDER BY source, metric, subject, kind),
    source, stream, metric, subject, kind
FROM (
    SELECT seg.source, min(seg.stream) AS stream, r.metric, r.subject, m.kind
    FROM named AS r
    JOIN segment AS seg USING (position)
    JOIN store.metrics AS m USING (source, stream, metric)
    GROUP BY ALL
) AS seen
ANTI JOIN store.series AS known USING (source, metric, subject, kind);
