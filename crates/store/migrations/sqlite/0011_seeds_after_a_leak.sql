-- Seeds of log keys that came after the one that the instance began with, because that one, or one after it, may be known to
-- others. A key file fits if it has them all.
CREATE TABLE seeds (
    number INTEGER PRIMARY KEY CHECK (number >= 2),
    id TEXT NOT NULL UNIQUE,
    seed_check BLOB NOT NULL,
    added_at INTEGER NOT NULL
) STRICT;

-- From which generation on a log's keys are made from which later seed: `<generation>:<seed>`, separated by spaces.
ALTER TABLE logs ADD COLUMN seeds TEXT NOT NULL DEFAULT '';
