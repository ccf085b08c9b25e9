-- Facts of a listing that it does not tell: stored before, or told earlier in this load.
CREATE OR REPLACE TEMP TABLE vanished AS
WITH held AS (
    SELECT h.*, h.attrs ->> 'on' AS "on", TRY_CAST(h.attrs ->> 'number' AS BIGINT) AS number
    FROM (
        SELECT series_id, key, day, occurred_at, actor, attrs, left_out, -1 AS position, 0 AS n
        FROM store.observations
        WHERE value <> 0
        UNION ALL
        SELECT series_id, key, day, occurred_at, actor, attrs, left_out, position, n
        FROM incoming
        WHERE value <> 0
    ) AS h
    SEMI JOIN listed AS l ON l.series_id = h.series_id
), numbered AS (
    SELECT series_id, position, n, "on", since, cause, unnest(numbers) AS number
    FROM listed
    WHERE NOT is_rest
), part AS (
    SELECT h.*, l."on" AS of_on, l.since, l.cause, l.position AS listed_in, l.n AS listed_at
    FROM held AS h
    JOIN numbered AS l ON l.series_id = h.series_id AND l.number = h.number
    UNION ALL
    SELECT h.*, l."on", l.since, l.cause, l.position, l.n
    FROM held AS h
    JOIN listed AS l ON l.series_id = h.series_id
    WHERE (l.numbers IS NULL AND NOT l.is_rest) OR (l.is_rest AND NOT coalesce(list_contains(l.numbers, h.number), false))
)
SELECT
    p.series_id, p.key, p.day, p.occurred_at, p.actor, p.attrs, p.left_out, p.cause, p.listed_in AS position,
    p.position < 0 AS was_stored
FROM part AS p
WHERE
    (p.position < p.listed_in OR (p.position = p.listed_in AND p.n < p.listed_at))
    AND (p.of_on IS NULL OR p.of_on = p."on")
    AND (p.since IS NULL OR p.occurred_at >= p.since)
    AND NOT EXISTS (
        FROM incoming AS i
        WHERE
            i.series_id = p.series_id
            AND i.key = p.key
            AND (i.position > p.listed_in OR (i.position = p.listed_in AND i.n > p.listed_at))
    )
QUALIFY row_number() OVER (
    PARTITION BY p.series_id, p.key ORDER BY p.listed_in DESC, p.position DESC, p.n DESC
) = 1;
