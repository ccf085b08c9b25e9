-- From the first day whose sums have changed.
INSERT INTO unscored (person, since)
SELECT n.person, min(t.day)
FROM touched AS t
JOIN series AS s USING (series_id)
JOIN source AS n USING (source)
GROUP BY ALL;
