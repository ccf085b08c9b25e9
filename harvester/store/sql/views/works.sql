-- What each post came to, wherever it is counted, each read and each comment once.
CREATE OR REPLACE VIEW works AS
WITH member AS (
    FROM store.work_subjects
),
series AS (
    SELECT
        w.person,
        w.work_id,
        w.source,
        w.subject,
        w.joined_by,
        w.site,
        -- What has no address is counted where it is told.
        coalesce(w.site, 'source ' || w.source) AS place,
        s.metric,
        s.series_id,
        bool_or(s.kind = 'level') OVER (PARTITION BY w.person, w.work_id, s.metric, place) AS is_counter
    FROM member AS w
    JOIN store.series AS s ON s.source = w.source AND s.subject = w.stable_id
    ANTI JOIN store.metrics AS m ON m.source = s.source AND m.metric = s.metric AND m.gauge
),
counted AS (
    SELECT
        s.person, s.work_id, s.source, s.subject, s.joined_by, s.site, s.place, s.metric, d.day, s.is_counter,
        sum(d.total) AS total
    FROM series AS s
    JOIN store.daily AS d USING (series_id)
    GROUP BY ALL
),
-- Two sources that measure one site tell of the same reads: of a day the higher figure holds. The growth of a counter
-- has no day of its own, as it is dated when somebody looked: of counters the higher sum.
by_source AS (
    SELECT
        person, work_id, metric, place, source,
        CASE WHEN NOT is_counter THEN day END AS day,
        sum(total) AS total
    FROM counted
    GROUP BY ALL
),
by_place AS (
    SELECT person, work_id, metric, place, day, max(total) AS total
    FROM by_source
    GROUP BY ALL
),
summed AS (
    SELECT person, work_id, metric, sum(total) AS total
    FROM by_place
    GROUP BY ALL
),
acted AS (
    SELECT s.person, s.work_id, s.metric, count(DISTINCT a.actor) AS actors
    FROM series AS s
    JOIN store.actor_days AS a USING (series_id)
    GROUP BY ALL
),
subject AS (
    SELECT person, work_id, metric, source, subject, site, joined_by, sum(total) AS total
    FROM counted
    GROUP BY ALL
),
listed AS (
    SELECT
        person,
        work_id,
        metric,
        list(
            {'source': source, 'subject': subject, 'site': site, 'joined_by': joined_by, 'total': total}
            ORDER BY total DESC, source, subject
        ) AS subjects
    FROM subject
    GROUP BY ALL
),
described AS (
    SELECT
        person,
        work_id,
        any_value(work) AS work,
        coalesce(arg_min(nullif(title, ''), (published_at, source)), max(nullif(title, ''))) AS title,
        min(published_at) AS published_at
    FROM member
    GROUP BY ALL
)
SELECT
    person, d.work, d.title, d.published_at, metric, t.total, coalesce(a.actors, 0)::INTEGER AS actors, l.subjects
FROM summed AS t
JOIN listed AS l USING (person, work_id, metric)
JOIN described AS d USING (person, work_id)
LEFT JOIN acted AS a USING (person, work_id, metric);
COMMENT ON VIEW works IS 'What each post, video and talk came to over all sources that count it, nothing twice; scoring reads totals';
COMMENT ON COLUMN works.person IS 'Whose influence the sources count for';
COMMENT ON COLUMN works.work IS 'Its address, as [works] states it or as most sources name it; without any, its name';
COMMENT ON COLUMN works.title IS 'The title that it was first published under';
COMMENT ON COLUMN works.published_at IS 'When it was first published, UTC';
COMMENT ON COLUMN works.metric IS 'What is counted';
COMMENT ON COLUMN works.total IS 'Sum over its sites; of several sources that measure one site the higher figure of each day';
COMMENT ON COLUMN works.actors IS 'Distinct people who took part, over all sources, bots left out';
COMMENT ON COLUMN works.subjects IS 'What was joined: source, subject, site where it is counted, joined_by (url, canonical or alias), its own total';
