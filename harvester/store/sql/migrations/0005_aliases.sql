-- Which addresses the configuration states to be one work; one row without alias: it is no other than itself.
CREATE TABLE store.aliases (work VARCHAR, alias VARCHAR);
