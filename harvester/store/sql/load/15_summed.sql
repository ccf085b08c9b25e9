-- Sums of the touched days.
CREATE OR REPLACE TEMP TABLE summed AS
SELECT d.series_id, d.day, d.total, d.scored, coalesce(a.actors, 0)::INTEGER AS actors
FROM (
    SELECT
        o.series_id,
        o.day,
        sum(o.value) AS total,
        coalesce(sum(o.value) FILTER (o.left_out IS NULL), 0) AS scored
    FROM present AS o
    SEMI JOIN touched AS t ON t.series_id = o.series_id AND t.day = o.day
    GROUP BY ALL
) AS d
LEFT JOIN (
    SELECT series_id, day, count(DISTINCT actor) AS actors
    FROM acted
    GROUP BY ALL
) AS a USING (series_id, day);
