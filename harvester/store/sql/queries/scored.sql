-- What scoring takes: scored_totals, summed over subjects, but for an audience, whose latest readings it adds up; of all
-- people, or of some. Its silences are those of store.silent_periods, which cannot be asked of some people alone.
WITH own AS (
    SELECT s.series_id, s.source, s.metric, s.subject, src.person
    FROM store.series AS s
    LEFT JOIN store.sources AS src USING (source)
    WHERE $people::VARCHAR[] IS NULL OR list_contains($people::VARCHAR[], src.person)
), spoken AS (
    SELECT
        s.person,
        s.source,
        s.metric,
        t.grain,
        t.period,
        t.ends_on,
        CASE WHEN list_contains($audience, s.metric) THEN s.subject ELSE '' END AS subject,
        sum(t.scored) AS total,
        sum(t.actors) AS actors
    FROM store.totals AS t
    JOIN own AS s USING (series_id)
    GROUP BY ALL
), seen AS (
    SELECT
        src.person, c.source, c.metric, c.grain, c.period, c.ends_on, c.coverage,
        c.coverage > 0 AND EXISTS (
            FROM store.metrics AS m
            WHERE m.source = c.source AND m.metric = c.metric AND NOT m.gauge
        ) AS may_be_silent
    FROM store.period_coverage AS c
    LEFT JOIN store.sources AS src USING (source)
    WHERE $people::VARCHAR[] IS NULL OR list_contains($people::VARCHAR[], src.person)
)
-- One join, and not the spoken beside the silent: that query never ended (DuckDB 1.5.5, one thread).
SELECT
    CASE WHEN t.source IS NULL THEN c.person ELSE t.person END AS person,
    grain,
    period,
    coalesce(t.ends_on, c.ends_on) AS ends_on,
    source,
    metric,
    t.subject,
    coalesce(t.total, 0) AS total,
    coalesce(t.actors, 0) AS actors,
    coalesce(c.coverage, 0) AS coverage
FROM spoken AS t
FULL JOIN seen AS c USING (source, metric, grain, period)
WHERE t.source IS NOT NULL OR c.may_be_silent;
