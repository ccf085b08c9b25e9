-- Whose scores do not hold, and from which day on: what loads have touched, and periods that have ended since, or not yet.
SELECT person, min(since) AS since
FROM (
    SELECT person, since
    FROM store.unscored
    WHERE person IS NOT NULL
    UNION ALL
    SELECT person, ends_on - 1
    FROM store.factors
    WHERE provisional <> (ends_on > $today)
)
GROUP BY ALL;
