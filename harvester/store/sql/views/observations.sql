-- The current revision of every fact, under the names people use now.
CREATE OR REPLACE VIEW observations AS
SELECT
    src.person,
    s.source,
    s.stream,
    s.metric,
    s.kind,
    coalesce(n.name, s.subject) AS subject,
    o.key,
    o.occurred_at,
    o.actor,
    o.value,
    o.attrs,
    o.observed_at,
    o.run_id
FROM store.observations AS o
JOIN store.series AS s USING (series_id)
LEFT JOIN store.current_names AS n ON n.source = s.source AND n.stable_id = s.subject
LEFT JOIN store.sources AS src ON src.source = s.source;
COMMENT ON VIEW observations IS 'Every fact in its current revision; (source, metric, subject, key) identifies it';
COMMENT ON COLUMN observations.person IS 'Whose influence the source counts for';
COMMENT ON COLUMN observations.source IS 'The configured source that reported it';
COMMENT ON COLUMN observations.stream IS 'The stream of the source it was read from';
COMMENT ON COLUMN observations.metric IS 'What is counted, a plural noun';
COMMENT ON COLUMN observations.kind IS 'event (sums), daily (a total of a day) or level (a counter or gauge read then)';
COMMENT ON COLUMN observations.subject IS 'What it is about: owner/name, canonical URL or title, as it is called now';
COMMENT ON COLUMN observations.key IS 'The identity of the fact within its subject: an id, or the day';
COMMENT ON COLUMN observations.occurred_at IS 'When it happened, UTC';
COMMENT ON COLUMN observations.actor IS 'Who did it, as the source names them; NULL when unknown or deleted';
COMMENT ON COLUMN observations.value IS 'How much; 0 marks an event that was taken back';
COMMENT ON COLUMN observations.attrs IS 'More about it, JSON';
COMMENT ON COLUMN observations.observed_at IS 'When harvester learnt this revision, UTC';
COMMENT ON COLUMN observations.run_id IS 'The run that stored this revision';
