-- Distinct people behind a person's interactions in each period: bots and the person's own acts left out. Of all persons,
-- or of some.
WITH acted AS (
    SELECT src.person, a.day, a.actor
    FROM store.actor_days AS a
    JOIN store.series AS s USING (series_id)
    JOIN store.sources AS src ON src.source = s.source
    WHERE
        a.left_out IS NULL
        AND list_contains($metrics, s.metric)
        AND ($people::VARCHAR[] IS NULL OR list_contains($people::VARCHAR[], src.person))
)
SELECT person, 'day' AS grain, day AS period, count(DISTINCT actor)::DOUBLE AS participants
FROM acted
GROUP BY ALL
UNION ALL
SELECT person, 'week', date_trunc('week', day)::DATE AS period, count(DISTINCT actor)::DOUBLE
FROM acted
GROUP BY ALL
UNION ALL
SELECT person, 'month', date_trunc('month', day)::DATE AS period, count(DISTINCT actor)::DOUBLE
FROM acted
GROUP BY ALL;
