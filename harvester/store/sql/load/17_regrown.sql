-- The days on which that differs from what the store has: most do not, and are left alone.
INSERT INTO touched (series_id, day)
SELECT series_id, day
FROM grown AS g
FULL JOIN (
    SELECT d.series_id, d.day, d.total
    FROM store.daily AS d
    SEMI JOIN level AS l ON l.series_id = d.series_id
) AS d USING (series_id, day)
WHERE g.total IS DISTINCT FROM d.total;
