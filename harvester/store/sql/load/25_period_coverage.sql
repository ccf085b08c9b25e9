-- The observed share of the periods with news of their days, counted anew; a day that two streams saw counts once.
CREATE OR REPLACE TEMP TABLE observed AS
SELECT source, metric, grain, period, ends_on, sum(share) / (ends_on - period) AS coverage
FROM (
    SELECT c.source, c.metric, t.grain, t.period, t.ends_on, c.day, max(c.share) AS share
    FROM (
        SELECT o.source, o.metric, o.day, o.share
        FROM store.coverage AS o
        ANTI JOIN news USING (source, stream, metric, day)
        UNION ALL
        SELECT source, metric, day, share
        FROM news
    ) AS c
    JOIN (
        SELECT DISTINCT source, metric, 'day' AS grain, day AS period, day + 1 AS ends_on
        FROM news
        UNION ALL
        SELECT DISTINCT source, metric, 'week', date_trunc('week', day)::DATE, date_trunc('week', day)::DATE + 7
        FROM news
        UNION ALL
        SELECT DISTINCT
            source, metric, 'month', date_trunc('month', day)::DATE,
            (date_trunc('month', day) + INTERVAL 1 MONTH)::DATE
        FROM news
    ) AS t ON t.source = c.source AND t.metric = c.metric AND c.day >= t.period AND c.day < t.ends_on
    GROUP BY ALL
) AS days
GROUP BY source, metric, grain, period, ends_on;
