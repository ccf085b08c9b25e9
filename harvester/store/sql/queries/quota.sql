-- What is left of each allowance that a source draws on, as it was last told.
SELECT source, credential, bucket, remaining, allowed, reset_at, read_at
FROM store.budgets
ORDER BY source, credential, bucket;
