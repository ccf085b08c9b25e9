-- Totals under public names, plus a row of zero for each observed silence; private, two public views share it.
CREATE OR REPLACE VIEW store.named_totals AS
SELECT
    src.person,
    t.grain,
    t.period,
    t.ends_on,
    s.source,
    s.metric,
    coalesce(n.name, s.subject) AS subject,
    t.total,
    t.scored,
    t.actors,
    coalesce(c.coverage, 0) AS coverage
FROM store.totals AS t
JOIN store.series AS s USING (series_id)
LEFT JOIN store.sources AS src ON src.source = s.source
LEFT JOIN store.current_names AS n ON n.source = s.source AND n.stable_id = s.subject
LEFT JOIN store.period_coverage AS c
    ON c.source = s.source AND c.metric = s.metric AND c.grain = t.grain AND c.period = t.period
UNION ALL
SELECT src.person, q.grain, q.period, q.ends_on, q.source, q.metric, NULL, 0, 0, 0, q.coverage
FROM store.silent_periods AS q
LEFT JOIN store.sources AS src ON src.source = q.source;
