-- Whose scores no longer say what the facts do, and from which day on: written by the load that makes it so, gone with the
-- next score. Of scores from before, nobody knows: the next score makes all of them anew.
CREATE TABLE store.unscored (person VARCHAR, since DATE);
