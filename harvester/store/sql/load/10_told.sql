-- New and changed facts, as the store keeps them.
CREATE OR REPLACE TEMP VIEW told AS
SELECT
    i.series_id, i.key, i.day, i.occurred_at, i.actor, i.value, i.attrs, i.left_out, seg.observed_at, seg.run_id
FROM incoming AS i
JOIN segment AS seg USING (position);
