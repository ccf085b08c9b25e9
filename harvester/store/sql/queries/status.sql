-- How each source stands: what the store holds of it, and of each stream its last ended run, its last success, and
-- since when and how many times in a row it has gone as it goes now. An interrupted run says nothing about the source.
WITH ended AS (
    SELECT
        source,
        stream,
        outcome,
        message,
        finished_at,
        CASE outcome WHEN 'ok' THEN 'fine' WHEN 'not permitted' THEN 'refused' ELSE 'failing' END AS manner
    FROM store.runs
    WHERE finished_at IS NOT NULL AND outcome IS NOT NULL AND outcome <> 'interrupted'
), newest AS (
    SELECT
        source,
        stream,
        arg_max({outcome: outcome, message: message, manner: manner}, finished_at) AS run,
        max(finished_at) AS finished_at,
        max(finished_at) FILTER (outcome IN ('ok', 'partial')) AS last_success
    FROM ended
    GROUP BY ALL
), changed AS (
    SELECT e.source, e.stream, max(e.finished_at) AS changed_at
    FROM ended AS e
    JOIN newest AS n USING (source, stream)
    WHERE e.manner <> n.run.manner
    GROUP BY ALL
), streak AS (
    SELECT e.source, e.stream, min(e.finished_at) AS since, count(*) AS times
    FROM ended AS e
    LEFT JOIN changed AS c USING (source, stream)
    WHERE c.changed_at IS NULL OR e.finished_at > c.changed_at
    GROUP BY ALL
), stream AS (
    SELECT
        source,
        list(
            {
                stream: n.stream, outcome: n.run.outcome, message: n.run.message, finished_at: n.finished_at,
                last_success: n.last_success, since: s.since, times: s.times
            }
            ORDER BY n.stream
        ) AS streams
    FROM newest AS n
    JOIN streak AS s USING (source, stream)
    GROUP BY ALL
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
    src.served,
    src.paused_until,
    coalesce(h.rows, 0) AS rows,
    coalesce(st.streams, []) AS streams
FROM store.sources AS src
LEFT JOIN held AS h USING (source)
LEFT JOIN stream AS st USING (source)
ORDER BY src.source;
