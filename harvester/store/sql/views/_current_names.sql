-- The newest description of each subject; private, the public views resolve names through it.
CREATE OR REPLACE VIEW store.current_names AS
SELECT source, stable_id, name, kind, title, url, published_at
FROM store.subjects
QUALIFY row_number() OVER (PARTITION BY source, stable_id ORDER BY seen_at DESC, name) = 1;
