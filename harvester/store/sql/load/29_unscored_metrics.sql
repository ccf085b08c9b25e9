-- All days of a source that declares its metrics anew: of a gauge, a silence says nothing, of others it is a zero.
INSERT INTO unscored (person, since)
SELECT n.person, min(c.day)
FROM restated
JOIN store.coverage AS c USING (source)
JOIN source AS n USING (source)
GROUP BY ALL;
