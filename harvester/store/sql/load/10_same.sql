-- What the store has already is no news.
DELETE FROM incoming AS i
USING known AS k
WHERE NOT k.is_changed AND k.series_id = i.series_id AND k.key = i.key;
