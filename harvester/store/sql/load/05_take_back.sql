-- They are taken back after everything that the segment tells; what a later one tells again is not among them.
INSERT INTO incoming (series_id, key, day, occurred_at, actor, value, attrs, left_out, kind, revise, position, n)
SELECT series_id, key, day, occurred_at, actor, 0, attrs, left_out, 'event', 'last', position, 2147483647
FROM vanished;
