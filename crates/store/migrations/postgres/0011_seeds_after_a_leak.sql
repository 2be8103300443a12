-- Seeds of log keys that came after the one that the instance began with, because that one, or one after it, may be known to
-- others. A key file fits if it has them all.
CREATE TABLE seeds (
    number BIGINT PRIMARY KEY CHECK (number >= 2),
    id TEXT COLLATE "C" NOT NULL UNIQUE,
    seed_check BYTEA NOT NULL,
    added_at BIGINT NOT NULL
);

-- From which generation on a log's keys are made from which later seed: `<generation>:<seed>`, separated by spaces.
ALTER TABLE logs ADD COLUMN seeds TEXT COLLATE "C" NOT NULL DEFAULT '';
