-- The parameters that curves were drawn with: one is shown, the others are kept as they were.
CREATE OR REPLACE VIEW curves AS
SELECT params, settings::JSON AS settings, first_scored, last_scored, is_shown
FROM store.curves;
COMMENT ON VIEW curves IS 'Every set of parameters scored with; factors and influence show one, former_factors and former_influence keep the others';
COMMENT ON COLUMN curves.params IS 'Hash of every weight and setting used';
COMMENT ON COLUMN curves.settings IS 'Those settings and weights, JSON; NULL of curves from before they were noted';
COMMENT ON COLUMN curves.first_scored IS 'When the curve was begun, UTC';
COMMENT ON COLUMN curves.last_scored IS 'When it was last drawn, UTC';
COMMENT ON COLUMN curves.is_shown IS 'Whether factors and influence are of these parameters';
