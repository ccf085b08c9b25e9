-- Runs of days that are known alike: all days of the streams that are asked for, of the others the lost ones.
-- A day is known as well as its least known metric; whole: read after it had ended. Levels are told of no past day.
WITH asked AS (
    SELECT unnest(from_json($asked, '[{"source": "VARCHAR", "stream": "VARCHAR"}]'), recursive := true)
), known AS (
    SELECT
        c.source,
        c.stream,
        c.day,
        min(list_position(['missing', 'lost', 'estimated', 'partial', 'measured'], c.state)) AS rank,
        min(c.share) > 0.999 AS is_whole
    FROM store.coverage AS c
    LEFT JOIN store.metrics AS m USING (source, stream, metric)
    WHERE
        c.state = 'lost'
        OR (
            m.kind <> 'level'
            AND EXISTS (FROM asked AS a WHERE a.source = c.source AND a.stream = c.stream)
        )
    GROUP BY ALL
), island AS (
    SELECT
        *,
        day - row_number() OVER (PARTITION BY source, stream, rank, is_whole ORDER BY day)::INTEGER AS since
    FROM known
)
SELECT
    source,
    stream,
    (['missing', 'lost', 'estimated', 'partial', 'measured'])[rank] AS state,
    is_whole,
    min(day) AS first_day,
    max(day) AS last_day
FROM island
GROUP BY source, stream, rank, is_whole, since
ORDER BY source, stream, first_day;
