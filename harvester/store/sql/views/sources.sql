-- Every source as it was at its last run.
CREATE OR REPLACE VIEW sources AS
SELECT source, connector, person, schedule, last_success, next_due, paused_until, config_hash
FROM store.sources;
COMMENT ON VIEW sources IS 'The configured sources that have run';
COMMENT ON COLUMN sources.source IS 'The name of its table in the configuration';
COMMENT ON COLUMN sources.connector IS 'The kind of source';
COMMENT ON COLUMN sources.person IS 'Whose influence it counts for';
COMMENT ON COLUMN sources.schedule IS 'As configured';
COMMENT ON COLUMN sources.last_success IS 'When a run last ended well, UTC';
COMMENT ON COLUMN sources.next_due IS 'When the schedule asks for it next, UTC';
COMMENT ON COLUMN sources.paused_until IS 'The service asked not to be called before, UTC';
COMMENT ON COLUMN sources.config_hash IS 'Changes with the configuration, secrets left out';
