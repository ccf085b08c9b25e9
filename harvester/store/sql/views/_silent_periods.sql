-- Periods in which a source and metric were observed and nothing happened; private, named_totals reads it.
CREATE OR REPLACE VIEW store.silent_periods AS
SELECT c.source, c.metric, c.grain, c.period, c.ends_on, c.coverage
FROM store.period_coverage AS c
ANTI JOIN (
    SELECT DISTINCT s.source, s.metric, t.grain, t.period
    FROM store.totals AS t
    JOIN store.series AS s USING (series_id)
) AS spoken USING (source, metric, grain, period)
WHERE c.coverage > 0
AND EXISTS (
    FROM store.metrics AS m
    WHERE m.source = c.source AND m.metric = c.metric AND NOT m.gauge
);
