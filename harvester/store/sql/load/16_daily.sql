-- Sums of the touched days; a total that was taken back leaves none.
INSERT INTO store.daily (series_id, day, total, scored, actors)
SELECT d.series_id, d.day, d.total, d.scored, coalesce(a.actors, 0)
FROM (
    SELECT
        o.series_id,
        o.day,
        sum(o.value) AS total,
        coalesce(sum(o.value) FILTER (o.left_out IS NULL), 0) AS scored
    FROM store.observations AS o
    SEMI JOIN touched AS t ON t.series_id = o.series_id AND t.day = o.day
    WHERE o.left_out IS DISTINCT FROM 'retracted'
    GROUP BY ALL
) AS d
LEFT JOIN (
    SELECT a.series_id, a.day, count(DISTINCT a.actor) AS actors
    FROM store.actor_days AS a
    SEMI JOIN touched AS t ON t.series_id = a.series_id AND t.day = a.day
    GROUP BY ALL
) AS a USING (series_id, day);
