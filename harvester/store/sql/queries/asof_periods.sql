-- The observed share of every period, from what is known of its days; a day that two streams saw counts once.
INSERT INTO store.period_coverage (source, metric, grain, period, ends_on, coverage)
SELECT
    source, metric, grain, period,
    CASE grain
        WHEN 'day' THEN period + 1
        WHEN 'week' THEN period + 7
        ELSE (period + INTERVAL 1 MONTH)::DATE
    END AS ends_on,
    sum(share) / (ends_on - period)
FROM (
    SELECT d.source, d.metric, g.grain, date_trunc(g.grain, d.day)::DATE AS period, d.share
    FROM (SELECT source, metric, day, max(share) AS share FROM store.coverage GROUP BY ALL) AS d
    CROSS JOIN (SELECT unnest(['day', 'week', 'month']) AS grain) AS g
) AS shares
GROUP BY source, metric, grain, period;
