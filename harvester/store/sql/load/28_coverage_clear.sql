-- The less that was known gives way.
DELETE FROM store.coverage AS c
USING news AS n
WHERE c.source = n.source AND c.stream = n.stream AND c.metric = n.metric AND c.day = n.day;
