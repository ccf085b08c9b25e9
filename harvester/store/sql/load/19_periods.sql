-- The periods of every series whose days have changed.
CREATE OR REPLACE TEMP TABLE period AS
SELECT series_id, 'day' AS grain, day AS period, day + 1 AS ends_on
FROM touched
UNION ALL
SELECT DISTINCT series_id, 'week', date_trunc('week', day)::DATE AS period, date_trunc('week', day)::DATE + 7
FROM touched
UNION ALL
SELECT DISTINCT
    series_id, 'month', date_trunc('month', day)::DATE AS period, (date_trunc('month', day) + INTERVAL 1 MONTH)::DATE
FROM touched;
