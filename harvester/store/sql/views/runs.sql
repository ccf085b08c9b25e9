-- Every attempt to read a stream, and how it ended.
CREATE OR REPLACE VIEW runs AS
SELECT
    run_id, source, stream, trigger, scheduled_for, started_at, finished_at, outcome, stored, revised, requests,
    points, message
FROM store.runs;
COMMENT ON VIEW runs IS 'One row per run and stream; a run without finished_at was cut off';
COMMENT ON COLUMN runs.run_id IS 'The run; its streams share it';
COMMENT ON COLUMN runs.source IS 'The configured source';
COMMENT ON COLUMN runs.stream IS 'The stream';
COMMENT ON COLUMN runs.trigger IS 'schedule, now or catch-up';
COMMENT ON COLUMN runs.scheduled_for IS 'The slot it served, UTC; NULL when asked for';
COMMENT ON COLUMN runs.started_at IS 'UTC';
COMMENT ON COLUMN runs.finished_at IS 'UTC; NULL when it was cut off';
COMMENT ON COLUMN runs.outcome IS 'ok, partial, not permitted, rate limited, unavailable, gone, auth failed, malformed, interrupted or defect';
COMMENT ON COLUMN runs.stored IS 'Facts stored that were new';
COMMENT ON COLUMN runs.revised IS 'Facts stored as a newer revision';
COMMENT ON COLUMN runs.requests IS 'Requests sent';
COMMENT ON COLUMN runs.points IS 'Rate points spent, where the service counts them';
COMMENT ON COLUMN runs.message IS 'What happened and what to do, where it is not ok';
