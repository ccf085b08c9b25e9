-- The series of the segments under their numbers; those seen for the first time get the next ones.
CREATE OR REPLACE TEMP TABLE series AS
SELECT
    coalesce(
        known.series_id,
        (SELECT coalesce(max(series_id), 0) FROM store.series)
        + row_number() OVER (
            PARTITION BY known.series_id IS NULL ORDER BY seen.source, seen.metric, seen.subject, seen.kind
        )
    )::INTEGER AS series_id,
    seen.source, seen.stream, seen.metric, seen.subject, seen.kind,
    gauges.metric IS NOT NULL AS is_gauge,
    known.series_id IS NULL AS is_new
FROM (
    SELECT seg.source, min(seg.stream) AS stream, r.metric, r.subject, m.kind
    FROM named AS r
    JOIN segment AS seg USING (position)
    JOIN metric AS m USING (source, stream, metric)
    GROUP BY ALL
) AS seen
LEFT JOIN store.series AS known USING (source, metric, subject, kind)
LEFT JOIN (SELECT DISTINCT source, metric, kind FROM metric WHERE gauge) AS gauges USING (source, metric, kind);
