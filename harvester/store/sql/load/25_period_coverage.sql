-- The observed share of the periods with news of their days, counted anew; a day that two streams saw counts once.
CREATE OR REPLACE TEMP TABLE observed AS
WITH reach AS (
    -- The days of those periods, and those between them: of a long history mostly a few.
    SELECT
        source,
        metric,
        least(date_trunc('week', min(day)), date_trunc('month', min(day)))::DATE AS first_day,
        greatest(date_trunc('week', max(day)) + INTERVAL 6 DAY, last_day(max(day)))::DATE AS last_day
    FROM news
    GROUP BY ALL
), known AS (
    SELECT source, metric, day, max(share) AS share, bool_or(is_news) AS is_news
    FROM (
        SELECT o.source, o.metric, o.day, o.share, false AS is_news
        FROM store.coverage AS o
        JOIN reach AS r USING (source, metric)
        ANTI JOIN news USING (source, stream, metric, day)
        WHERE o.day BETWEEN r.first_day AND r.last_day
        UNION ALL
        SELECT source, metric, day, share, true
        FROM news
    )
    GROUP BY ALL
), placed AS (
    SELECT source, metric, 'day' AS grain, day AS period, day + 1 AS ends_on, share, is_news
    FROM known
    UNION ALL
    SELECT source, metric, 'week', date_trunc('week', day)::DATE, date_trunc('week', day)::DATE + 7, share, is_news
    FROM known
    UNION ALL
    SELECT
        source, metric, 'month', date_trunc('month', day)::DATE,
        (date_trunc('month', day) + INTERVAL 1 MONTH)::DATE, share, is_news
    FROM known
)
SELECT source, metric, grain, period, ends_on, sum(share) / (ends_on - period) AS coverage
FROM placed
GROUP BY source, metric, grain, period, ends_on
HAVING bool_or(is_news);
