-- The share of each period that was observed, by source and metric; private, totals and scored_totals read it.
CREATE OR REPLACE VIEW store.period_coverage AS
WITH days AS (
    SELECT source, metric, day, max(share) AS share
    FROM store.coverage
    GROUP BY ALL
)
SELECT source, metric, 'day' AS grain, day AS period, share AS coverage
FROM days
UNION ALL
SELECT source, metric, 'week', date_trunc('week', day)::DATE AS period, sum(share) / 7
FROM days
GROUP BY ALL
UNION ALL
SELECT
    source,
    metric,
    'month',
    date_trunc('month', day)::DATE AS period,
    sum(share) / day(last_day(date_trunc('month', day)))
FROM days
GROUP BY source, metric, date_trunc('month', day), day(last_day(date_trunc('month', day)));
