-- How each source stands: its last run per stream, and what the store holds of it.
WITH last_run AS (
    SELECT source, stream, outcome, message, finished_at, started_at
    FROM runs
    QUALIFY row_number() OVER (PARTITION BY source, stream ORDER BY started_at DESC) = 1
), held AS (
    SELECT s.source, count(*) AS rows
    FROM store.observations AS o
    JOIN store.series AS s USING (series_id)
    GROUP BY ALL
)
SELECT
    src.source,
    src.connector,
    src.person,
    src.schedule,
    src.last_success,
    src.next_due,
    src.paused_until,
    coalesce(h.rows, 0) AS rows,
    coalesce(
        list({stream: r.stream, outcome: r.outcome, message: r.message, finished_at: r.finished_at} ORDER BY r.stream)
            FILTER (r.stream IS NOT NULL),
        []
    ) AS streams
FROM sources AS src
LEFT JOIN held AS h USING (source)
LEFT JOIN last_run AS r USING (source)
GROUP BY ALL
ORDER BY src.source;
