-- And so are the people of those days.
DELETE FROM store.actor_days AS a
USING touched AS t
WHERE a.series_id = t.series_id AND a.day = t.day;
