-- What scoring takes: scored_totals, summed over subjects, but for an audience, whose latest readings it adds up; of some
-- sources. Texts are told as places in the lists given: the same few are told again and again. Its silences are those of
-- store.silent_periods, which cannot be asked of some sources alone.
WITH wanted AS (
    SELECT unnest($sources::VARCHAR[]) AS source, generate_subscripts($sources::VARCHAR[], 1)::INTEGER - 1 AS place
), counted AS (
    SELECT unnest($metrics::VARCHAR[]) AS metric, generate_subscripts($metrics::VARCHAR[], 1)::INTEGER - 1 AS place
), told AS (
    SELECT unnest($subjects::VARCHAR[]) AS subject, generate_subscripts($subjects::VARCHAR[], 1)::INTEGER - 1 AS place
), own AS (
    SELECT s.series_id, w.place AS source, m.place AS metric, coalesce(a.place, 0) AS subject
    FROM store.series AS s
    JOIN wanted AS w USING (source)
    JOIN counted AS m USING (metric)
    LEFT JOIN told AS a ON a.subject = s.subject AND list_contains($audience::VARCHAR[], s.metric)
), spoken AS (
    SELECT
        s.source, s.metric, list_position($grains::VARCHAR[], t.grain)::TINYINT - 1 AS grain, t.period, t.ends_on,
        s.subject, sum(t.scored) AS total, sum(t.actors)::DOUBLE AS actors
    FROM store.totals AS t
    JOIN own AS s USING (series_id)
    GROUP BY ALL
), seen AS (
    SELECT
        w.place AS source, m.place AS metric, list_position($grains::VARCHAR[], c.grain)::TINYINT - 1 AS grain,
        c.period, c.ends_on, c.coverage,
        c.coverage > 0 AND f.source IS NOT NULL AS may_be_silent
    FROM store.period_coverage AS c
    JOIN wanted AS w USING (source)
    JOIN counted AS m USING (metric)
    LEFT JOIN (SELECT DISTINCT source, metric FROM store.metrics WHERE NOT gauge) AS f
        ON f.source = c.source AND f.metric = c.metric
)
-- One join, and not the spoken beside the silent: that query never ended (DuckDB 1.5.5, one thread).
SELECT
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
