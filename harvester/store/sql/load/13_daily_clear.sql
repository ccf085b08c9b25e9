-- Touched days are summed anew.
DELETE FROM store.daily AS d
USING touched AS t
WHERE d.series_id = t.series_id AND d.day = t.day;
