-- From the first day of which more is known, or less.
INSERT INTO unscored (person, since)
SELECT n.person, min(c.day)
FROM news AS c
JOIN source AS n USING (source)
GROUP BY ALL;
