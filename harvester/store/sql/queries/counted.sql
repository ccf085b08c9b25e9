-- Every metric that there may be totals of.
SELECT metric
FROM store.series
UNION
SELECT metric
FROM store.metrics
ORDER BY metric;
