-- The compounded influence at the end of each period.
CREATE OR REPLACE VIEW influence AS
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
FROM store.influence;
COMMENT ON VIEW influence IS 'Influence by model and period: a cache of scoring';
COMMENT ON COLUMN influence.person IS 'Whose influence';
COMMENT ON COLUMN influence.model IS 'essay or chained';
COMMENT ON COLUMN influence.grain IS 'day, week or month';
COMMENT ON COLUMN influence.period IS 'The day the period starts';
COMMENT ON COLUMN influence.ends_on IS 'The day after its last day';
COMMENT ON COLUMN influence.influence IS 'I_n at the end of the period';
COMMENT ON COLUMN influence.low IS 'Lower end of its 90 % interval';
COMMENT ON COLUMN influence.high IS 'Upper end of its 90 % interval';
COMMENT ON COLUMN influence.coverage IS 'Share of the period that was observed';
COMMENT ON COLUMN influence.status IS 'ok, or base, provisional, held';
COMMENT ON COLUMN influence.params IS 'Hash of every weight and setting used';
