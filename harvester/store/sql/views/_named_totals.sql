-- Totals under public names, plus a row of zero for each observed silence; private, two public views share it.
CREATE OR REPLACE VIEW store.named_totals AS
WITH silent AS (
    SELECT c.source, c.metric, c.grain, c.period, c.coverage
    FROM store.period_coverage AS c
    WHERE c.coverage > 0
    AND EXISTS (
        FROM store.metrics AS m
        WHERE m.source = c.source AND m.metric = c.metric AND NOT m.gauge
    )
    AND NOT EXISTS (
        FROM store.period_totals AS p
        JOIN store.series AS s USING (series_id)
        WHERE p.grain = c.grain AND p.period = c.period AND s.source = c.source AND s.metric = c.metric
    )
), spoken AS (
    SELECT
        s.source, s.metric, coalesce(n.name, s.subject) AS subject, p.grain, p.period, p.total, p.scored, p.actors,
        coalesce(c.coverage, 0) AS coverage
    FROM store.period_totals AS p
    JOIN store.series AS s USING (series_id)
    LEFT JOIN store.current_names AS n ON n.source = s.source AND n.stable_id = s.subject
    LEFT JOIN store.period_coverage AS c
        ON c.source = s.source AND c.metric = s.metric AND c.grain = p.grain AND c.period = p.period
    UNION ALL
    SELECT source, metric, NULL, grain, period, 0, 0, 0, coverage
    FROM silent
)
SELECT
    src.person,
    t.grain,
    t.period,
    CASE t.grain
        WHEN 'day' THEN t.period + 1
        WHEN 'week' THEN t.period + 7
        ELSE (t.period + INTERVAL 1 MONTH)::DATE
    END AS ends_on,
    t.source,
    t.metric,
    t.subject,
    t.total,
    t.scored,
    t.actors,
    t.coverage
FROM spoken AS t
LEFT JOIN store.sources AS src USING (source);
