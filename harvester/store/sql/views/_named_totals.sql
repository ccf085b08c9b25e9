-- Totals under public names, plus a row of zero for each observed silence; private, two public views share it.
CREATE OR REPLACE VIEW store.named_totals AS
WITH spoken_days AS (
    SELECT DISTINCT s.source, s.metric, d.day
    FROM store.daily AS d
    JOIN store.series AS s USING (series_id)
), silent AS (
    SELECT c.source, c.metric, c.grain, c.period, c.coverage
    FROM store.period_coverage AS c
    ANTI JOIN (
        SELECT source, metric, grain, date_trunc(grain, day)::DATE AS period
        FROM spoken_days, (VALUES ('day'), ('week'), ('month')) AS g(grain)
    ) AS p USING (source, metric, grain, period)
    WHERE c.coverage > 0
    AND EXISTS (
        FROM store.metrics AS m
        WHERE m.source = c.source AND m.metric = c.metric AND NOT m.gauge
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
