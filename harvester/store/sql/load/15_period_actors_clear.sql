-- Weeks and months with a touched day count their people anew.
DELETE FROM store.period_actors AS p
USING (
    SELECT DISTINCT series_id, grain, date_trunc(grain, day)::DATE AS period
    FROM touched, (VALUES ('week'), ('month')) AS g(grain)
) AS t
WHERE p.series_id = t.series_id AND p.grain = t.grain AND p.period = t.period;
