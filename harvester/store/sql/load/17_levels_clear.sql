-- Series of levels with news are derived anew as a whole: growth depends on the readings around it.
DELETE FROM store.daily AS d
USING level AS l
WHERE d.series_id = l.series_id;
