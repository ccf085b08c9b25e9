-- Sums of each metric and subject by day.
CREATE OR REPLACE VIEW daily AS
SELECT src.person, s.source, s.metric, coalesce(n.name, s.subject) AS subject, d.day, d.total, d.actors
FROM store.daily AS d
JOIN store.series AS s USING (series_id)
LEFT JOIN store.current_names AS n ON n.source = s.source AND n.stable_id = s.subject
LEFT JOIN store.sources AS src ON src.source = s.source;
COMMENT ON VIEW daily IS 'Sums by day; a day without a row is either silent or unseen: coverage tells which';
COMMENT ON COLUMN daily.person IS 'Whose influence the source counts for';
COMMENT ON COLUMN daily.source IS 'The configured source';
COMMENT ON COLUMN daily.metric IS 'What is counted';
COMMENT ON COLUMN daily.subject IS 'What it is about, as it is called now';
COMMENT ON COLUMN daily.day IS 'The day, in the configured time zone; for daily figures the day as the source means it';
COMMENT ON COLUMN daily.total IS 'Sum of events, a daily total, the growth of a counter, or the reading of a gauge; bots included';
COMMENT ON COLUMN daily.actors IS 'Distinct people who took part, bots left out';
