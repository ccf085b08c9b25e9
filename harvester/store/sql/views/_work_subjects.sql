-- Which work each post, video and talk belongs to, by which rule, and on which site it is counted; private.
-- Works are what hangs together by pages: those of a subject, and those of a statement of the configuration.
CREATE OR REPLACE VIEW store.work_subjects AS
WITH RECURSIVE address AS (
    FROM store.addresses
),
page AS (
    SELECT DISTINCT person, source, holder, page FROM address
),
held AS (
    SELECT *, count(*) OVER (PARTITION BY person, source, holder) AS pages FROM page
),
edge AS (
    SELECT DISTINCT a.person, a.page, b.page AS other
    FROM held AS a
    JOIN held AS b ON b.person = a.person AND b.source IS NOT DISTINCT FROM a.source AND b.holder = a.holder
    WHERE a.pages > 1 AND b.pages > 1 AND a.page <> b.page
),
reached (person, page, root) USING KEY (person, page) AS (
    SELECT DISTINCT person, page, page FROM edge
    UNION
    SELECT e.person, e.other, min(r.root)
    FROM reached AS r
    JOIN edge AS e ON e.person = r.person AND e.page = r.page
    JOIN recurring.reached AS now ON now.person = e.person AND now.page = e.other
    WHERE r.root < now.root
    GROUP BY ALL
),
-- How many subjects name a page, and how it is written.
named AS (
    SELECT
        person,
        page,
        any_value(host) AS host,
        count(DISTINCT (source, holder)) FILTER (source IS NOT NULL) AS subjects,
        bool_or(is_name AND source IS NOT NULL) AS is_name,
        bool_or(is_name AND source IS NULL) AS is_stated,
        bool_or(NOT is_name AND source IS NULL) AS is_alias,
        first(address ORDER BY
            source IS NOT NULL, is_name AND is_dated DESC, starts_with(address, 'https:') DESC, length(address), address
        ) AS address
    FROM address
    GROUP BY ALL
),
site AS (
    SELECT person, host, count(DISTINCT source) AS sources FROM address GROUP BY ALL
),
placed AS (
    SELECT n.*, s.sources, coalesce(r.root, n.page) AS root
    FROM named AS n
    JOIN site AS s USING (person, host)
    LEFT JOIN reached AS r USING (person, page)
),
-- A work goes by the address that is stated, else by the one that most subjects name, on the site that most sources
-- know: a story of a post that nothing else tells of goes by the post.
ranked AS (
    SELECT
        *,
        first(page) OVER best AS main,
        first(address) OVER best AS work
    FROM placed
    WINDOW best AS (
        PARTITION BY person, root
        ORDER BY is_stated DESC, subjects DESC, sources DESC, is_name DESC, length(page), page
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
    )
),
-- Where a subject is counted: not at the page that it is a copy of or talks about.
found AS (
    SELECT
        p.person,
        p.source,
        p.holder,
        any_value(r.root) AS root,
        any_value(r.work) AS work,
        first(r.host ORDER BY r.page = r.main, r.subjects, r.page) AS host,
        CASE
            WHEN bool_or(r.is_alias AND r.page <> r.main) THEN 'alias'
            WHEN bool_and(r.page = r.main) THEN 'url'
            ELSE 'canonical'
        END AS joined_by
    FROM page AS p
    JOIN ranked AS r ON r.person = p.person AND r.page = p.page
    WHERE p.source IS NOT NULL
    GROUP BY ALL
)
SELECT
    src.person,
    coalesce('page ' || f.root, 'subject ' || c.source || ' ' || c.stable_id) AS work_id,
    coalesce(f.work, c.name) AS work,
    f.work IS NOT NULL AS has_address,
    c.source,
    c.stable_id,
    c.name AS subject,
    c.title,
    c.published_at,
    regexp_replace(f.host, '^www\.', '') AS site,
    f.joined_by
FROM store.current_names AS c
JOIN store.sources AS src ON src.source = c.source
LEFT JOIN found AS f ON f.person = src.person AND f.source = c.source AND f.holder = c.stable_id
WHERE c.kind IN ('post', 'video', 'talk');
