-- From which period on the kept rows of a person and grain give way: that of the day, or the first of the new ones.
CREATE OR REPLACE TEMP TABLE stale AS
SELECT
    u.person,
    g.grain,
    least(date_trunc(g.grain, u.since)::DATE, min(f.period)::DATE) AS period
FROM unscored AS u
CROSS JOIN (SELECT unnest(['day', 'week', 'month']) AS grain) AS g
LEFT JOIN new_factors AS f ON f.person = u.person AND f.grain = g.grain
GROUP BY u.person, g.grain, u.since;
