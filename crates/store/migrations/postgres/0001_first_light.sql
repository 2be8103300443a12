-- One row: what is known of this instance. `master_check` and `seed_check` tell whether a key file fits.
CREATE TABLE instance (
    one BIGINT PRIMARY KEY CHECK (one = 1),
    name TEXT COLLATE "C",
    log_id TEXT COLLATE "C" NOT NULL,
    master_id TEXT COLLATE "C" NOT NULL,
    master_check BYTEA NOT NULL,
    seed_id TEXT COLLATE "C" NOT NULL,
    seed_check BYTEA NOT NULL,
    set_up_at BIGINT,
    link_hash BYTEA,
    link_expires_at BIGINT
);

-- A log's size, its frontier (the compact range of its tree) and its entries change together, under this row's lock. Its
-- entry of index n is at first_place + n: each log has 2^40 places of its own.
CREATE TABLE logs (
    id TEXT COLLATE "C" PRIMARY KEY,
    kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('organization', 'instance', 'import')),
    organization_id TEXT COLLATE "C" UNIQUE,
    origin TEXT COLLATE "C",
    vkey TEXT COLLATE "C",
    first_place BIGINT NOT NULL UNIQUE CHECK (first_place >= 0 AND first_place % 1099511627776 = 0),
    size BIGINT NOT NULL CHECK (size BETWEEN 0 AND 1099511627776),
    frontier BYTEA NOT NULL,
    kept_from BIGINT NOT NULL CHECK (kept_from >= 0 AND kept_from <= size),
    created_at BIGINT NOT NULL,
    CHECK ((kind = 'organization') = (organization_id IS NOT NULL))
);

-- An event: the bytes of its leaf, and its sealed parts. Nothing else is written in the transaction.
CREATE TABLE entries (
    place BIGINT PRIMARY KEY,
    entry BYTEA NOT NULL CHECK (length(entry) BETWEEN 2 AND 65535),
    parts BYTEA NOT NULL
);

-- An erasure that is under way lets the sealed parts of its log shrink, and nothing else.
CREATE TABLE erasures (
    log_id TEXT COLLATE "C" NOT NULL REFERENCES logs (id),
    sequence BIGINT NOT NULL,
    done BIGINT NOT NULL CHECK (done IN (0, 1)),
    PRIMARY KEY (log_id, sequence)
);

-- Data keys, wrapped by the master key. A key that is erased leaves its row, without the key.
CREATE TABLE data_keys (
    organization TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    generation BIGINT NOT NULL CHECK (generation >= 1),
    wrapped BYTEA,
    erased_at BIGINT,
    PRIMARY KEY (organization, subject, generation),
    CHECK ((wrapped IS NULL) = (erased_at IS NOT NULL))
);

CREATE TABLE organizations (
    id TEXT COLLATE "C" PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE workspaces (
    id TEXT COLLATE "C" PRIMARY KEY,
    organization_id TEXT COLLATE "C" NOT NULL REFERENCES organizations (id),
    name TEXT COLLATE "C" NOT NULL,
    environment TEXT COLLATE "C" NOT NULL CHECK (environment IN ('DEVELOPMENT', 'PRODUCTION')),
    region TEXT COLLATE "C" NOT NULL,
    data_plane_url TEXT COLLATE "C",
    allow_unknown_types BIGINT NOT NULL CHECK (allow_unknown_types IN (0, 1)),
    token BYTEA NOT NULL,
    token_hash BYTEA NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- A person. Name and e-mail are encrypted with the person's key, and found by an HMAC.
CREATE TABLE users (
    id TEXT COLLATE "C" PRIMARY KEY,
    identity BYTEA NOT NULL,
    email_index BYTEA NOT NULL UNIQUE,
    password TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE members (
    organization_id TEXT COLLATE "C" NOT NULL REFERENCES organizations (id),
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (id),
    role TEXT COLLATE "C" NOT NULL CHECK (role IN ('admin', 'member')),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (organization_id, user_id)
);
CREATE INDEX members_by_user ON members (user_id);

CREATE TABLE workspace_members (
    workspace_id TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (id),
    role TEXT COLLATE "C" NOT NULL CHECK (role IN ('admin', 'editor', 'viewer')),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, user_id)
);

CREATE TABLE tokens (
    id TEXT COLLATE "C" PRIMARY KEY,
    organization_id TEXT COLLATE "C" NOT NULL REFERENCES organizations (id),
    workspace_id TEXT COLLATE "C" REFERENCES workspaces (id),
    user_id TEXT COLLATE "C" REFERENCES users (id),
    name TEXT COLLATE "C" NOT NULL,
    access TEXT COLLATE "C" NOT NULL CHECK (access IN ('read', 'read_write')),
    hash BYTEA NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    used_at BIGINT,
    CHECK (user_id IS NULL OR workspace_id IS NOT NULL)
);

CREATE TABLE sessions (
    id TEXT COLLATE "C" PRIMARY KEY,
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (id),
    hash BYTEA NOT NULL UNIQUE,
    origin BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    used_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE TABLE sources (
    id TEXT COLLATE "C" PRIMARY KEY,
    workspace_id TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    name TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    enabled BIGINT NOT NULL CHECK (enabled IN (0, 1)),
    config BYTEA NOT NULL,
    write_key TEXT COLLATE "C" NOT NULL UNIQUE,
    geo_enrichment BIGINT NOT NULL CHECK (geo_enrichment IN (0, 1)),
    transient BIGINT NOT NULL CHECK (transient IN (0, 1)),
    external_id TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (workspace_id, external_id)
);
CREATE INDEX sources_in_order ON sources (workspace_id, created_at, id);

CREATE TABLE destinations (
    id TEXT COLLATE "C" PRIMARY KEY,
    workspace_id TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    name TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL,
    enabled BIGINT NOT NULL CHECK (enabled IN (0, 1)),
    config BYTEA NOT NULL,
    revision TEXT COLLATE "C" NOT NULL,
    changed BIGINT NOT NULL CHECK (changed IN (0, 1)),
    external_id TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (workspace_id, external_id)
);
CREATE INDEX destinations_in_order ON destinations (workspace_id, created_at, id);

CREATE TABLE connections (
    id TEXT COLLATE "C" PRIMARY KEY,
    workspace_id TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    source_id TEXT COLLATE "C" NOT NULL REFERENCES sources (id),
    destination_id TEXT COLLATE "C" NOT NULL REFERENCES destinations (id),
    enabled BIGINT NOT NULL CHECK (enabled IN (0, 1)),
    external_id TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (source_id, destination_id),
    UNIQUE (workspace_id, external_id)
);
CREATE INDEX connections_of_destination ON connections (destination_id);
CREATE INDEX connections_in_order ON connections (workspace_id, created_at, id);

-- Transformations and the libraries that they import: both are code in versions.
CREATE TABLE transformations (
    id TEXT COLLATE "C" PRIMARY KEY,
    kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('transformation', 'library')),
    workspace_id TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    name TEXT COLLATE "C" NOT NULL,
    version_id TEXT COLLATE "C" NOT NULL,
    published_id TEXT COLLATE "C",
    external_id TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (workspace_id, kind, external_id)
);
CREATE INDEX transformations_in_order ON transformations (workspace_id, kind, created_at, id);

-- A version never changes once made, and outlives what it is a version of.
CREATE TABLE transformation_versions (
    id TEXT COLLATE "C" PRIMARY KEY,
    transformation_id TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('transformation', 'library')),
    workspace_id TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    number BIGINT NOT NULL CHECK (number >= 1),
    name TEXT COLLATE "C" NOT NULL,
    description TEXT COLLATE "C" NOT NULL,
    language TEXT COLLATE "C" NOT NULL,
    code TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (transformation_id, number)
);

CREATE TABLE transformation_links (
    destination_id TEXT COLLATE "C" PRIMARY KEY REFERENCES destinations (id),
    transformation_id TEXT COLLATE "C" NOT NULL REFERENCES transformations (id),
    workspace_id TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX links_of_transformation ON transformation_links (transformation_id);

-- That someone has read the audit log with these filters: once for a session, or a token and day.
CREATE TABLE views (
    log_id TEXT COLLATE "C" NOT NULL REFERENCES logs (id),
    viewer TEXT COLLATE "C" NOT NULL,
    day BIGINT NOT NULL,
    filters BYTEA NOT NULL,
    PRIMARY KEY (log_id, viewer, day, filters)
);

-- Series of refusals that are still open: a restart, or another process, goes on with them.
CREATE TABLE refusals (
    log_id TEXT COLLATE "C" NOT NULL REFERENCES logs (id),
    actor TEXT COLLATE "C" NOT NULL,
    event_type TEXT COLLATE "C" NOT NULL,
    target TEXT COLLATE "C" NOT NULL,
    code TEXT COLLATE "C" NOT NULL,
    actor_kind TEXT COLLATE "C" NOT NULL,
    outcome TEXT COLLATE "C" NOT NULL CHECK (outcome IN ('denied', 'failed')),
    workspace_id TEXT COLLATE "C",
    token TEXT COLLATE "C",
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    count BIGINT NOT NULL CHECK (count >= 1),
    PRIMARY KEY (log_id, actor, event_type, target, code)
);
CREATE INDEX refusals_by_age ON refusals (first_at);

-- What finds events. Filled from the log after the commit, up to `reached`, and can be thrown away and made again.
CREATE TABLE index_reached (
    log_id TEXT COLLATE "C" PRIMARY KEY REFERENCES logs (id),
    reached BIGINT NOT NULL
);
CREATE TABLE index_events (
    log_id TEXT COLLATE "C" NOT NULL,
    sequence BIGINT NOT NULL,
    event_id TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    workspace_id TEXT COLLATE "C",
    actor TEXT COLLATE "C",
    target_type TEXT COLLATE "C" NOT NULL,
    target TEXT COLLATE "C",
    action TEXT COLLATE "C" NOT NULL,
    outcome TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (log_id, sequence)
);
CREATE INDEX index_events_by_id ON index_events (log_id, event_id);
CREATE INDEX index_events_by_actor ON index_events (log_id, actor, sequence);
CREATE INDEX index_events_by_type ON index_events (log_id, target_type, action, sequence);
CREATE TABLE index_things (
    log_id TEXT COLLATE "C" NOT NULL,
    thing TEXT COLLATE "C" NOT NULL,
    sequence BIGINT NOT NULL,
    PRIMARY KEY (log_id, thing, sequence)
);
CREATE TABLE index_counts (
    log_id TEXT COLLATE "C" NOT NULL,
    workspace_id TEXT COLLATE "C" NOT NULL,
    events BIGINT NOT NULL,
    PRIMARY KEY (log_id, workspace_id)
);

-- Append-only. No statement may change an entry; parts may only shrink, while an erasure is under way; an entry goes
-- only when the log is no longer kept from there; and the next entry is the only one that can come. The triggers are
-- ENABLE ALWAYS, so that `session_replication_role` does not switch them off.
CREATE FUNCTION entries_guard() RETURNS trigger LANGUAGE plpgsql AS $body$
DECLARE
    first BIGINT;
    kept BIGINT;
    following BIGINT;
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        RAISE EXCEPTION 'append-only: a log is never truncated';
    ELSIF TG_OP = 'INSERT' THEN
        first := (NEW.place >> 40) << 40;
        SELECT first + kept_from INTO kept FROM logs WHERE first_place = first;
        SELECT place + 1 INTO following FROM entries
            WHERE place >= first AND place < first + 1099511627776 ORDER BY place DESC LIMIT 1;
        IF kept IS NULL OR NEW.place <> greatest(kept, following) THEN
            RAISE EXCEPTION 'append-only: an entry can only come next';
        END IF;
        RETURN NEW;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT first_place + kept_from INTO kept FROM logs WHERE first_place = (OLD.place >> 40) << 40;
        IF OLD.place >= COALESCE(kept, 0) THEN
            RAISE EXCEPTION 'append-only: an entry that is kept is never deleted';
        END IF;
        RETURN OLD;
    ELSE
        IF NEW.place <> OLD.place OR NEW.entry <> OLD.entry THEN
            RAISE EXCEPTION 'append-only: an entry never changes';
        END IF;
        IF NOT (length(NEW.parts) < length(OLD.parts)
            AND EXISTS (SELECT 1 FROM erasures e JOIN logs l ON l.id = e.log_id
                WHERE l.first_place = (OLD.place >> 40) << 40 AND e.done = 0)) THEN
            RAISE EXCEPTION 'append-only: sealed parts only shrink, and only while an erasure is recorded';
        END IF;
        RETURN NEW;
    END IF;
END
$body$;
-- A session's temporary tables are found before all others, and could pass for `logs` and `erasures`.
DO $do$ BEGIN
    EXECUTE format('ALTER FUNCTION entries_guard() SET search_path = pg_catalog, %I, pg_temp', current_schema());
END $do$;
CREATE TRIGGER entries_guard_rows BEFORE INSERT OR UPDATE OR DELETE ON entries
    FOR EACH ROW EXECUTE FUNCTION entries_guard();
CREATE TRIGGER entries_guard_all BEFORE TRUNCATE ON entries
    FOR EACH STATEMENT EXECUTE FUNCTION entries_guard();
ALTER TABLE entries ENABLE ALWAYS TRIGGER entries_guard_rows;
ALTER TABLE entries ENABLE ALWAYS TRIGGER entries_guard_all;

CREATE FUNCTION logs_guard() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.size >= OLD.size AND NEW.kept_from >= OLD.kept_from AND NEW.id = OLD.id AND NEW.kind = OLD.kind
        AND NEW.first_place = OLD.first_place AND NEW.organization_id IS NOT DISTINCT FROM OLD.organization_id THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'append-only: a log only grows, and is never deleted';
END
$body$;
CREATE TRIGGER logs_guard_rows BEFORE UPDATE OR DELETE ON logs
    FOR EACH ROW EXECUTE FUNCTION logs_guard();
CREATE TRIGGER logs_guard_all BEFORE TRUNCATE ON logs
    FOR EACH STATEMENT EXECUTE FUNCTION logs_guard();
ALTER TABLE logs ENABLE ALWAYS TRIGGER logs_guard_rows;
ALTER TABLE logs ENABLE ALWAYS TRIGGER logs_guard_all;

CREATE FUNCTION versions_guard() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    RAISE EXCEPTION 'a version never changes';
END
$body$;
CREATE TRIGGER versions_guard_rows BEFORE UPDATE OR DELETE ON transformation_versions
    FOR EACH ROW EXECUTE FUNCTION versions_guard();
CREATE TRIGGER versions_guard_all BEFORE TRUNCATE ON transformation_versions
    FOR EACH STATEMENT EXECUTE FUNCTION versions_guard();
ALTER TABLE transformation_versions ENABLE ALWAYS TRIGGER versions_guard_rows;
ALTER TABLE transformation_versions ENABLE ALWAYS TRIGGER versions_guard_all;
