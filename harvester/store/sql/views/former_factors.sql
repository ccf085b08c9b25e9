-- As factors, of parameters that are no longer used: as they were when these changed.
CREATE OR REPLACE VIEW former_factors AS
SELECT
    person,
    model,
    grain,
    period,
    ends_on,
    factor_e,
    e_low,
    e_high,
    reads,
    comments,
    clicks,
    click_rate,
    e_status,
    factor_i,
    i_low,
    i_high,
    participants,
    interactions,
    interactions_per_participant,
    audience,
    participation_rate,
    i_status,
    coverage,
    provisional,
    params
FROM store.former_factors;
COMMENT ON VIEW former_factors IS 'As factors, of parameters that were changed since; never redrawn';
COMMENT ON COLUMN former_factors.person IS 'Whose influence';
COMMENT ON COLUMN former_factors.model IS 'essay or chained';
COMMENT ON COLUMN former_factors.grain IS 'day, week or month';
COMMENT ON COLUMN former_factors.period IS 'The day the period starts';
COMMENT ON COLUMN former_factors.ends_on IS 'The day after its last day';
COMMENT ON COLUMN former_factors.factor_e IS 'Effect of sharing; NULL where undefined';
COMMENT ON COLUMN former_factors.e_low IS 'Lower end of its 90 % interval';
COMMENT ON COLUMN former_factors.e_high IS 'Upper end of its 90 % interval';
COMMENT ON COLUMN former_factors.reads IS 'R, weighted';
COMMENT ON COLUMN former_factors.comments IS 'C, weighted';
COMMENT ON COLUMN former_factors.clicks IS 'T, weighted';
COMMENT ON COLUMN former_factors.click_rate IS 'C_r, the share of clicks expected to turn into reads';
COMMENT ON COLUMN former_factors.e_status IS 'ok, or why the factor is held or undefined';
COMMENT ON COLUMN former_factors.factor_i IS 'Effect of community interaction; NULL where undefined';
COMMENT ON COLUMN former_factors.i_low IS 'Lower end of its 90 % interval';
COMMENT ON COLUMN former_factors.i_high IS 'Upper end of its 90 % interval';
COMMENT ON COLUMN former_factors.participants IS 'A: people behind the interactions plus attendees';
COMMENT ON COLUMN former_factors.interactions IS 'A times i, weighted';
COMMENT ON COLUMN former_factors.interactions_per_participant IS 'i';
COMMENT ON COLUMN former_factors.audience IS 'T_A at the end of the period';
COMMENT ON COLUMN former_factors.participation_rate IS 'A_r, the share of the audience expected to take part';
COMMENT ON COLUMN former_factors.i_status IS 'ok, or why the factor is held or undefined';
COMMENT ON COLUMN former_factors.coverage IS 'Share of the period that was observed';
COMMENT ON COLUMN former_factors.provisional IS 'The period is still running';
COMMENT ON COLUMN former_factors.params IS 'Hash of every weight and setting used';
