-- Every revision ever of every fact, for questions as of a time: filter observed_at, keep the newest per fact.
CREATE OR REPLACE VIEW revisions AS
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
FROM (
    SELECT series_id, key, occurred_at, actor, value, attrs, observed_at, run_id FROM store.observations
    UNION ALL
    SELECT series_id, key, occurred_at, actor, value, attrs, observed_at, run_id FROM store.superseded
) AS o
JOIN store.series AS s USING (series_id)
LEFT JOIN store.current_names AS n ON n.source = s.source AND n.stable_id = s.subject
LEFT JOIN store.sources AS src ON src.source = s.source;
COMMENT ON VIEW revisions IS 'Every revision of every fact; the newest observed_at of a (source, metric, subject, key) is the current one';
COMMENT ON COLUMN revisions.person IS 'Whose influence the source counts for';
COMMENT ON COLUMN revisions.source IS 'The configured source that reported it';
COMMENT ON COLUMN revisions.stream IS 'The stream of the source it was read from';
COMMENT ON COLUMN revisions.metric IS 'What is counted, a plural noun';
COMMENT ON COLUMN revisions.kind IS 'event (sums), daily (a total of a day) or level (a counter or gauge read then)';
COMMENT ON COLUMN revisions.subject IS 'What it is about: owner/name, canonical URL or title, as it is called now';
COMMENT ON COLUMN revisions.key IS 'The identity of the fact within its subject: an id, or the day';
COMMENT ON COLUMN revisions.occurred_at IS 'When it happened, UTC';
COMMENT ON COLUMN revisions.actor IS 'Who did it, as the source names them; NULL when unknown or deleted';
COMMENT ON COLUMN revisions.value IS 'How much; 0 marks an event that was taken back';
COMMENT ON COLUMN revisions.attrs IS 'More about it, JSON';
COMMENT ON COLUMN revisions.observed_at IS 'When harvester learnt this revision, UTC';
COMMENT ON COLUMN revisions.run_id IS 'The run that stored this revision';
