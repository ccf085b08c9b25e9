-- The totals that scoring reads: as totals, with bots and one's own acts left out.
CREATE OR REPLACE VIEW scored_totals AS
SELECT person, grain, period, ends_on, source, metric, subject, scored AS total, actors, coverage
FROM store.named_totals;
COMMENT ON VIEW scored_totals IS 'As totals, without bots and the person''s own acts: what harvest score reads';
COMMENT ON COLUMN scored_totals.person IS 'Whose influence the source counts for';
COMMENT ON COLUMN scored_totals.grain IS 'day, week (from Monday) or month';
COMMENT ON COLUMN scored_totals.period IS 'The day the period starts';
COMMENT ON COLUMN scored_totals.ends_on IS 'The day after its last day';
COMMENT ON COLUMN scored_totals.source IS 'The configured source';
COMMENT ON COLUMN scored_totals.metric IS 'What is counted';
COMMENT ON COLUMN scored_totals.subject IS 'What it is about, as it is called now; NULL on the row of an observed silence';
COMMENT ON COLUMN scored_totals.total IS 'Sum of events, of daily totals, or growth of a counter; of a gauge its last reading';
COMMENT ON COLUMN scored_totals.actors IS 'Distinct people who took part, bots left out';
COMMENT ON COLUMN scored_totals.coverage IS 'Share of the period that was observed for this source and metric, 0 to 1';
