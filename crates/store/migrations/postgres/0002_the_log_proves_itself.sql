-- Full tiles of hashes, and of the upper levels the partial ones too. Made from the entries after the commit, up to
-- `tiles` of level 0, and can be thrown away and made again.
CREATE TABLE tiles (
    log_id TEXT COLLATE "C" NOT NULL,
    level BIGINT NOT NULL,
    number BIGINT NOT NULL,
    hashes BYTEA NOT NULL CHECK (length(hashes) BETWEEN 32 AND 8192 AND length(hashes) % 32 = 0),
    PRIMARY KEY (log_id, level, number)
);
CREATE TABLE tiles_reached (
    log_id TEXT COLLATE "C" PRIMARY KEY REFERENCES logs (id),
    tiles BIGINT NOT NULL
);

-- The newest checkpoint of each log, as it was signed.
CREATE TABLE checkpoints (
    log_id TEXT COLLATE "C" PRIMARY KEY REFERENCES logs (id),
    size BIGINT NOT NULL CHECK (size > 0),
    root BYTEA NOT NULL CHECK (length(root) = 32),
    note TEXT COLLATE "C" NOT NULL,
    signed_at BIGINT NOT NULL
);

-- Which of a log's keys signs it: 1, 2, ..., and since when.
ALTER TABLE logs ADD COLUMN generation BIGINT NOT NULL DEFAULT 1 CHECK (generation >= 1);
ALTER TABLE logs ADD COLUMN rotated_at BIGINT;

CREATE FUNCTION checkpoints_guard() RETURNS trigger LANGUAGE plpgsql AS $body$
DECLARE
    there BIGINT;
BEGIN
    IF TG_OP = 'INSERT' OR TG_OP = 'UPDATE' THEN
        SELECT size INTO there FROM logs WHERE id = NEW.log_id;
        IF NEW.size <= there AND (TG_OP = 'INSERT' OR (NEW.log_id = OLD.log_id
            AND (NEW.size > OLD.size OR (NEW.size = OLD.size AND NEW.root = OLD.root)))) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'append-only: a checkpoint only grows, covers what is there, and is never deleted';
END
$body$;
DO $do$ BEGIN
    EXECUTE format('ALTER FUNCTION checkpoints_guard() SET search_path = pg_catalog, %I, pg_temp', current_schema());
END $do$;
CREATE TRIGGER checkpoints_guard_rows BEFORE INSERT OR UPDATE OR DELETE ON checkpoints
    FOR EACH ROW EXECUTE FUNCTION checkpoints_guard();
CREATE TRIGGER checkpoints_guard_all BEFORE TRUNCATE ON checkpoints
    FOR EACH STATEMENT EXECUTE FUNCTION checkpoints_guard();
ALTER TABLE checkpoints ENABLE ALWAYS TRIGGER checkpoints_guard_rows;
ALTER TABLE checkpoints ENABLE ALWAYS TRIGGER checkpoints_guard_all;

CREATE FUNCTION log_keys_guard() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    IF NEW.generation <> OLD.generation AND NEW.generation <> OLD.generation + 1 THEN
        RAISE EXCEPTION 'append-only: the next key of a log is the only one that can come';
    END IF;
    RETURN NEW;
END
$body$;
CREATE TRIGGER log_keys_guard_rows BEFORE UPDATE ON logs
    FOR EACH ROW EXECUTE FUNCTION log_keys_guard();
ALTER TABLE logs ENABLE ALWAYS TRIGGER log_keys_guard_rows;

-- Erasures: of a person (`subject`, in `organization`) or of one part of one event. While one is under way it lets the
-- sealed parts of its log shrink; `reached` is how far they have, of `total` entries.
DROP TABLE erasures;
CREATE TABLE erasures (
    id TEXT COLLATE "C" PRIMARY KEY,
    log_id TEXT COLLATE "C" NOT NULL REFERENCES logs (id),
    subject TEXT COLLATE "C",
    event_id TEXT COLLATE "C",
    part TEXT COLLATE "C",
    at BIGINT NOT NULL,
    total BIGINT NOT NULL,
    reached BIGINT NOT NULL CHECK (reached BETWEEN 0 AND total),
    done BIGINT NOT NULL CHECK (done IN (0, 1)),
    CHECK ((subject IS NULL) <> (event_id IS NULL) AND (event_id IS NULL) = (part IS NULL))
);
CREATE INDEX erasures_under_way ON erasures (done, at);

-- A log that was signed further, or otherwise, than the database has it goes on from here by decision.
CREATE TABLE recoveries (
    id TEXT COLLATE "C" PRIMARY KEY,
    log_id TEXT COLLATE "C" NOT NULL REFERENCES logs (id),
    size BIGINT NOT NULL,
    mode TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL
);

-- What was taken out of a log.
CREATE TABLE exports (
    id TEXT COLLATE "C" PRIMARY KEY,
    log_id TEXT COLLATE "C" NOT NULL REFERENCES logs (id),
    kind TEXT COLLATE "C" NOT NULL,
    size BIGINT NOT NULL,
    at BIGINT NOT NULL
);
