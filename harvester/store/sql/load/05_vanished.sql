-- Facts of a listing that it does not tell: stored before, or told earlier in this load. They are taken back.
INSERT INTO incoming (series_id, key, day, occurred_at, actor, value, attrs, left_out, kind, revise, position, n)
WITH held AS (
    SELECT
        h.*,
        h.attrs ->> 'on' AS "on",
        TRY_CAST(h.attrs ->> 'number' AS BIGINT) AS number
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
)
SELECT
    h.series_id, h.key, h.day, h.occurred_at, h.actor, 0, h.attrs, h.left_out, 'event', 'last',
    -- After everything of the segment that does not tell it; what a later one tells again is not in here.
    l.position, 2147483647
FROM held AS h
JOIN listed AS l
    ON l.series_id = h.series_id
    AND (h.position < l.position OR (h.position = l.position AND h.n < l.n))
    AND (l."on" IS NULL OR l."on" = h."on")
    AND (l."first" IS NULL OR h.number BETWEEN l."first" AND l."last")
    AND (l.since IS NULL OR h.occurred_at >= l.since)
WHERE NOT EXISTS (
    FROM incoming AS i
    WHERE
        i.series_id = h.series_id
        AND i.key = h.key
        AND (i.position > l.position OR (i.position = l.position AND i.n > l.n))
)
QUALIFY row_number() OVER (PARTITION BY h.series_id, h.key ORDER BY l.position DESC, h.position DESC, h.n DESC) = 1;
