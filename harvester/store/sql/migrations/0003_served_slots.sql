-- What the daemon needs to know of a source to say when it is due, whatever was killed meanwhile.
-- served: when the newest read began that served its slot; failures: reads in a row that did not, the last of them
-- failed_run; ended_at: when a stream of it last ended.
ALTER TABLE store.sources ADD COLUMN served TIMESTAMP;
ALTER TABLE store.sources ADD COLUMN failures INTEGER;
ALTER TABLE store.sources ADD COLUMN failing_since TIMESTAMP;
ALTER TABLE store.sources ADD COLUMN failed_run VARCHAR;
ALTER TABLE store.sources ADD COLUMN ended_at TIMESTAMP;
UPDATE store.sources SET served = last_success, failures = 0, ended_at = last_success;
