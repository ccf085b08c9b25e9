-- They are summed anew with the others.
INSERT INTO summed (series_id, day, total, scored, actors)
SELECT g.series_id, g.day, g.total, g.total, 0
FROM grown AS g
SEMI JOIN touched AS t ON t.series_id = g.series_id AND t.day = g.day;
