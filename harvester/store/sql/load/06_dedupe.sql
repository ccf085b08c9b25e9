-- One observation per identity: the last said, or the largest where the metric is revised by maximum.
CREATE OR REPLACE TEMP TABLE incoming AS
SELECT *
FROM incoming
QUALIFY row_number() OVER (
    PARTITION BY series_id, key
    ORDER BY CASE WHEN revise = 'max' THEN value END DESC, position DESC, n DESC
) = 1;
