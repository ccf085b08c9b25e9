-- Series of levels with a new or changed reading are derived anew as a whole: growth depends on the readings around it.
DELETE FROM store.daily AS d
USING store.series AS s
WHERE d.series_id = s.series_id AND s.kind = 'level' AND s.series_id IN (SELECT series_id FROM incoming);
