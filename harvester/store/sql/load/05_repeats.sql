-- How many observations stand more than once in this load.
SELECT count(*) - count(DISTINCT (series_id, key)) FROM incoming;
