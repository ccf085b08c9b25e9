-- Works that may be one, to be stated in the configuration or not; nothing is joined by it.
CREATE OR REPLACE VIEW work_suggestions AS
WITH known AS (
    SELECT
        person,
        work,
        coalesce(arg_min(nullif(title, ''), (published_at, source)), max(nullif(title, ''))) AS title,
        min(published_at) AS published_at,
        list(DISTINCT source) AS sources
    FROM store.work_subjects
    WHERE has_address AND work NOT IN (SELECT work FROM store.aliases WHERE alias = '')
    GROUP BY person, work_id, work
),
compared AS (
    SELECT
        *,
        regexp_replace(lower(work), '^https?://(?:www\.)?|(?:/index)?(?:\.html?|\.php)?/*(?:#.*)?$', '', 'g') AS loose,
        regexp_replace(lower(title), '[^\pL\pN]+', '', 'g') AS letters
    FROM known
),
alike AS (
    SELECT person, lag(work) OVER beside AS work, work AS other, title, 'the addresses differ little' AS reason
    FROM compared
    WINDOW beside AS (PARTITION BY person, loose ORDER BY published_at NULLS LAST, length(work), work)
    UNION ALL
    SELECT
        person,
        CASE
            WHEN published_at - lag(published_at) OVER earlier <= INTERVAL 7 DAY
            AND NOT list_has_any(sources, lag(sources) OVER earlier)
            THEN lag(work) OVER earlier
        END,
        work,
        title,
        'the same title within a week'
    FROM compared
    -- Shorter ones, such as Home or Imprint, say nothing.
    WHERE published_at IS NOT NULL AND length(letters) >= 10
    WINDOW earlier AS (PARTITION BY person, letters ORDER BY published_at, work)
)
SELECT
    person, work, other, title, reason,
    format('{} = [{}]', to_json(work), to_json(other)) AS statement
FROM alike
WHERE work IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY person, work, other ORDER BY reason) = 1;
COMMENT ON VIEW work_suggestions IS 'Works that may be the same; they are joined only if [works] in the configuration says so';
COMMENT ON COLUMN work_suggestions.person IS 'Whose works';
COMMENT ON COLUMN work_suggestions.work IS 'The work that was published first';
COMMENT ON COLUMN work_suggestions.other IS 'The work that may be the same';
COMMENT ON COLUMN work_suggestions.title IS 'The title of the other';
COMMENT ON COLUMN work_suggestions.reason IS 'Why it may be';
COMMENT ON COLUMN work_suggestions.statement IS 'The line under [works] that joins them; with [] instead of the list it is not suggested again';
