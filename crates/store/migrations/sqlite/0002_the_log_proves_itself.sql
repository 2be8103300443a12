-- Full tiles of hashes, and of the upper levels the partial ones too. Made from the entries after the commit, up to
-- `tiles` of level 0, and can be thrown away and made again.
CREATE TABLE tiles (
    log_id TEXT NOT NULL,
    level INTEGER NOT NULL,
    number INTEGER NOT NULL,
    hashes BLOB NOT NULL CHECK (length(hashes) BETWEEN 32 AND 8192 AND length(hashes) % 32 = 0),
    PRIMARY KEY (log_id, level, number)
) STRICT;
CREATE TABLE tiles_reached (
    log_id TEXT PRIMARY KEY REFERENCES logs (id),
    tiles INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The newest checkpoint of each log, as it was signed.
CREATE TABLE checkpoints (
    log_id TEXT PRIMARY KEY REFERENCES logs (id),
    size INTEGER NOT NULL CHECK (size > 0),
    root BLOB NOT NULL CHECK (length(root) = 32),
    note TEXT NOT NULL,
    signed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Which of a log's keys signs it: 1, 2, ..., and since when.
ALTER TABLE logs ADD COLUMN generation INTEGER NOT NULL DEFAULT 1 CHECK (generation >= 1);
ALTER TABLE logs ADD COLUMN rotated_at INTEGER;

CREATE TRIGGER checkpoints_only_grow BEFORE UPDATE ON checkpoints
WHEN NEW.log_id <> OLD.log_id OR NEW.size < OLD.size OR (NEW.size = OLD.size AND NEW.root <> OLD.root)
    OR NEW.size > (SELECT size FROM logs WHERE id = NEW.log_id)
BEGIN
    SELECT RAISE(ABORT, 'append-only: a checkpoint only grows, and covers what is there');
END;
CREATE TRIGGER checkpoints_cover_what_is_there BEFORE INSERT ON checkpoints
WHEN NEW.size > (SELECT size FROM logs WHERE id = NEW.log_id) OR EXISTS (SELECT 1 FROM checkpoints WHERE log_id = NEW.log_id)
BEGIN
    SELECT RAISE(ABORT, 'append-only: a checkpoint comes once, and covers what is there');
END;
CREATE TRIGGER checkpoints_are_never_deleted BEFORE DELETE ON checkpoints
BEGIN
    SELECT RAISE(ABORT, 'append-only: a checkpoint is never deleted');
END;
CREATE TRIGGER keys_of_logs_only_come_next BEFORE UPDATE ON logs
WHEN NEW.generation <> OLD.generation AND NEW.generation <> OLD.generation + 1
BEGIN
    SELECT RAISE(ABORT, 'append-only: the next key of a log is the only one that can come');
END;

-- Erasures: of a person (`subject`, in `organization`) or of one part of one event. While one is under way it lets the
-- sealed parts of its log shrink; `reached` is how far they have, of `total` entries.
DROP TABLE erasures;
CREATE TABLE erasures (
    id TEXT PRIMARY KEY,
    log_id TEXT NOT NULL REFERENCES logs (id),
    subject TEXT,
    event_id TEXT,
    part TEXT,
    at INTEGER NOT NULL,
    total INTEGER NOT NULL,
    reached INTEGER NOT NULL CHECK (reached BETWEEN 0 AND total),
    done INTEGER NOT NULL CHECK (done IN (0, 1)),
    CHECK ((subject IS NULL) <> (event_id IS NULL) AND (event_id IS NULL) = (part IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX erasures_under_way ON erasures (done, at);

-- A log that was signed further, or otherwise, than the database has it goes on from here by decision.
CREATE TABLE recoveries (
    id TEXT PRIMARY KEY,
    log_id TEXT NOT NULL REFERENCES logs (id),
    size INTEGER NOT NULL,
    mode TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What was taken out of a log.
CREATE TABLE exports (
    id TEXT PRIMARY KEY,
    log_id TEXT NOT NULL REFERENCES logs (id),
    kind TEXT NOT NULL,
    size INTEGER NOT NULL,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
