-- What facts are about, under its current name, with the names it had.
CREATE OR REPLACE VIEW subjects AS
SELECT
    c.source,
    c.name AS subject,
    c.kind,
    c.title,
    c.url,
    c.published_at,
    c.stable_id,
    coalesce(f.former_names, []::VARCHAR[]) AS former_names
FROM store.current_names AS c
LEFT JOIN (
    SELECT s.source, s.stable_id, list(DISTINCT s.name ORDER BY s.name) AS former_names
    FROM store.subjects AS s
    JOIN store.current_names AS now USING (source, stable_id)
    WHERE s.name <> now.name
    GROUP BY ALL
) AS f USING (source, stable_id);
COMMENT ON VIEW subjects IS 'Repositories, posts, talks, videos and accounts; renames keep one row';
COMMENT ON COLUMN subjects.source IS 'The configured source';
COMMENT ON COLUMN subjects.subject IS 'The current human name: owner/name, canonical URL, title';
COMMENT ON COLUMN subjects.kind IS 'repo, post, talk, video or account';
COMMENT ON COLUMN subjects.title IS 'Its title or description';
COMMENT ON COLUMN subjects.url IS 'Where people find it';
COMMENT ON COLUMN subjects.published_at IS 'When it was published or created, UTC';
COMMENT ON COLUMN subjects.stable_id IS 'The id that survives renames';
COMMENT ON COLUMN subjects.former_names IS 'Names it had before';
