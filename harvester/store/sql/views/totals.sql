-- What happened in each day, week and month, everyone included.
CREATE OR REPLACE VIEW totals AS
SELECT person, grain, period, ends_on, source, metric, subject, total, actors, coverage
FROM store.named_totals;
COMMENT ON VIEW totals IS 'Sums by day, ISO week and month; everyone counts, bots included. A row without subject is an observed silence';
COMMENT ON COLUMN totals.person IS 'Whose influence the source counts for';
COMMENT ON COLUMN totals.grain IS 'day, week (from Monday) or month';
COMMENT ON COLUMN totals.period IS 'The day the period starts';
COMMENT ON COLUMN totals.ends_on IS 'The day after its last day';
COMMENT ON COLUMN totals.source IS 'The configured source';
COMMENT ON COLUMN totals.metric IS 'What is counted';
COMMENT ON COLUMN totals.subject IS 'What it is about, as it is called now; NULL on the row of an observed silence';
COMMENT ON COLUMN totals.total IS 'Sum of events, of daily totals, or growth of a counter; of a gauge its last reading';
COMMENT ON COLUMN totals.actors IS 'Distinct people who took part, bots left out';
COMMENT ON COLUMN totals.coverage IS 'Share of the period that was observed for this source and metric, 0 to 1';
