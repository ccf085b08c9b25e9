-- What services last said is left of the allowances that a source draws on.
CREATE TABLE store.budgets (
    source VARCHAR, credential VARCHAR, bucket VARCHAR, allowed BIGINT, remaining BIGINT, reset_at TIMESTAMP,
    read_at TIMESTAMP
);
