-- What services last said is left of the allowances that a source draws on, and what was found gone.
CREATE TABLE store.budgets (
    source VARCHAR, credential VARCHAR, bucket VARCHAR, allowed BIGINT, remaining BIGINT, reset_at TIMESTAMP,
    read_at TIMESTAMP
);

-- Facts that were taken back because their source no longer lists them, by the day on which that was noticed.
CREATE TABLE store.vanished (
    source VARCHAR, stream VARCHAR, metric VARCHAR, subject VARCHAR, day DATE, facts BIGINT, cause VARCHAR
);
