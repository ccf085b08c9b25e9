-- Events move to the days of another time zone; everything that is summed by day follows.
UPDATE store.observations AS o
SET day = CASE
    WHEN $zone = 'UTC' THEN o.occurred_at::DATE
    ELSE timezone($zone, timezone('UTC', o.occurred_at))::DATE
END
FROM store.series AS s
WHERE s.series_id = o.series_id AND s.kind = 'event';
