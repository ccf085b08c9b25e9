-- The series of the segments, as their last lines list them.
CREATE OR REPLACE TEMP TABLE named AS
SELECT unnest(from_json($rows, '[{"position": "INTEGER", "metric": "VARCHAR", "subject": "VARCHAR"}]'), recursive := true);
