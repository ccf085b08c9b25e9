-- Periods with news of their days count what was observed anew.
DELETE FROM store.period_coverage AS p
USING news AS n
WHERE p.source = n.source AND p.metric = n.metric AND p.period = date_trunc(p.grain, n.day)::DATE;
