-- New and revised facts per run and stream.
SELECT
    seg.run_id,
    seg.source,
    seg.stream,
    sum(c.stored)::BIGINT,
    sum(c.revised)::BIGINT
FROM (
    SELECT i.position, count(*) FILTER (k.key IS NULL) AS stored, count(*) FILTER (k.is_changed) AS revised
    FROM incoming AS i
    LEFT JOIN known AS k ON k.series_id = i.series_id AND k.key = i.key
    GROUP BY i.position
) AS c
JOIN segment AS seg USING (position)
GROUP BY ALL;
