-- E and I of each period, with everything they are made of.
CREATE OR REPLACE VIEW factors AS
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
FROM store.factors;
COMMENT ON VIEW factors IS 'Factors by model and period: a cache of scoring';
COMMENT ON COLUMN factors.person IS 'Whose influence';
COMMENT ON COLUMN factors.model IS 'essay or chained';
COMMENT ON COLUMN factors.grain IS 'day, week or month';
COMMENT ON COLUMN factors.period IS 'The day the period starts';
COMMENT ON COLUMN factors.ends_on IS 'The day after its last day';
COMMENT ON COLUMN factors.factor_e IS 'Effect of sharing; NULL where undefined';
COMMENT ON COLUMN factors.e_low IS 'Lower end of its 90 % interval';
COMMENT ON COLUMN factors.e_high IS 'Upper end of its 90 % interval';
COMMENT ON COLUMN factors.reads IS 'R, weighted';
COMMENT ON COLUMN factors.comments IS 'C, weighted';
COMMENT ON COLUMN factors.clicks IS 'T, weighted';
COMMENT ON COLUMN factors.click_rate IS 'C_r, the share of clicks expected to turn into reads';
COMMENT ON COLUMN factors.e_status IS 'ok, or why the factor is held or undefined';
COMMENT ON COLUMN factors.factor_i IS 'Effect of community interaction; NULL where undefined';
COMMENT ON COLUMN factors.i_low IS 'Lower end of its 90 % interval';
COMMENT ON COLUMN factors.i_high IS 'Upper end of its 90 % interval';
COMMENT ON COLUMN factors.participants IS 'A: people behind the interactions plus attendees';
COMMENT ON COLUMN factors.interactions IS 'A times i, weighted';
COMMENT ON COLUMN factors.interactions_per_participant IS 'i';
COMMENT ON COLUMN factors.audience IS 'T_A at the end of the period';
COMMENT ON COLUMN factors.participation_rate IS 'A_r, the share of the audience expected to take part';
COMMENT ON COLUMN factors.i_status IS 'ok, or why the factor is held or undefined';
COMMENT ON COLUMN factors.coverage IS 'Share of the period that was observed';
COMMENT ON COLUMN factors.provisional IS 'The period is still running';
COMMENT ON COLUMN factors.params IS 'Hash of every weight and setting used';
