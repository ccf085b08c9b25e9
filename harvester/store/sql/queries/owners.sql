-- The sources, and whom each counts for; of all people, or of some.
SELECT source, person
FROM store.sources
WHERE $people::VARCHAR[] IS NULL OR list_contains($people::VARCHAR[], person)
ORDER BY source;
