-- Their sums are made anew.
DELETE FROM store.totals AS t
USING period AS p
WHERE t.series_id = p.series_id AND t.grain = p.grain AND t.period = p.period;
