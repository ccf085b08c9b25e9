-- As influence, of parameters that are no longer used: as they were when these changed.
CREATE OR REPLACE VIEW former_influence AS
SELECT
    person,
    model,
    grain,
    period,
    ends_on,
    influence,
    low,
    high,
    coverage,
    status,
    params
FROM store.former_influence;
COMMENT ON VIEW former_influence IS 'As influence, of parameters that were changed since; never redrawn';
COMMENT ON COLUMN former_influence.person IS 'Whose influence';
COMMENT ON COLUMN former_influence.model IS 'essay or chained';
COMMENT ON COLUMN former_influence.grain IS 'day, week or month';
COMMENT ON COLUMN former_influence.period IS 'The day the period starts';
COMMENT ON COLUMN former_influence.ends_on IS 'The day after its last day';
COMMENT ON COLUMN former_influence.influence IS 'I_n at the end of the period';
COMMENT ON COLUMN former_influence.low IS 'Lower end of its 90 % interval';
COMMENT ON COLUMN former_influence.high IS 'Upper end of its 90 % interval';
COMMENT ON COLUMN former_influence.coverage IS 'Share of the period that was observed';
COMMENT ON COLUMN former_influence.status IS 'ok, or base, provisional, held';
COMMENT ON COLUMN former_influence.params IS 'Hash of every weight and setting used';
