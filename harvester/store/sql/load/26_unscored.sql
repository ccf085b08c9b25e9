-- Whose scores change, and from which day on. Everything of who gains or loses a source: it counts for another person now.
CREATE OR REPLACE TEMP TABLE unscored AS
SELECT unnest([n.person, o.person]) AS person, DATE '0001-01-01' AS since
FROM source AS n
JOIN store.sources AS o USING (source)
WHERE n.person IS DISTINCT FROM o.person;
