-- Which series moved a factor, and by how much.
CREATE OR REPLACE VIEW attribution AS
SELECT
    person,
    grain,
    period,
    side,
    source,
    metric,
    log_effect
FROM store.attribution;
COMMENT ON VIEW attribution IS 'Exact decomposition of the chained factors: a cache of scoring';
COMMENT ON COLUMN attribution.person IS 'Whose influence';
COMMENT ON COLUMN attribution.grain IS 'day, week or month';
COMMENT ON COLUMN attribution.period IS 'The day the period starts';
COMMENT ON COLUMN attribution.side IS 'e or i';
COMMENT ON COLUMN attribution.source IS 'The configured source';
COMMENT ON COLUMN attribution.metric IS 'The metric';
COMMENT ON COLUMN attribution.log_effect IS 'Its share of ln(factor); the shares of a side add up to it';
