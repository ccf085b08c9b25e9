-- Which of them the store has, and whether it has them differently. A level is the same fact at any hour of its day.
CREATE OR REPLACE TEMP TABLE known AS
SELECT
    i.series_id,
    i.key,
    o.day AS old_day,
    CASE
        WHEN i.revise = 'max' AND i.left_out IS DISTINCT FROM 'retracted' THEN i.value > o.value
        ELSE
            i.value <> o.value
            OR i.attrs IS DISTINCT FROM o.attrs
            OR (i.kind = 'event' AND (i.occurred_at <> o.occurred_at OR i.actor IS DISTINCT FROM o.actor))
    END AS is_changed
FROM incoming AS i
JOIN store.observations AS o ON o.series_id = i.series_id AND o.key = i.key;
