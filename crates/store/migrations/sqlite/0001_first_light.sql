-- One row: what is known of this instance. `master_check` and `seed_check` tell whether a key file fits.
CREATE TABLE instance (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    name TEXT,
    log_id TEXT NOT NULL,
    master_id TEXT NOT NULL,
    master_check BLOB NOT NULL,
    seed_id TEXT NOT NULL,
    seed_check BLOB NOT NULL,
    set_up_at INTEGER,
    link_hash BLOB,
    link_expires_at INTEGER
) STRICT;

-- A log's size, its frontier (the compact range of its tree) and its entries change together, under this row's lock. Its
-- entry of index n is at first_place + n: each log has 2^40 places of its own.
CREATE TABLE logs (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('organization', 'instance', 'import')),
    organization_id TEXT UNIQUE,
    origin TEXT,
    vkey TEXT,
    first_place INTEGER NOT NULL UNIQUE CHECK (first_place >= 0 AND first_place % 1099511627776 = 0),
    size INTEGER NOT NULL CHECK (size BETWEEN 0 AND 1099511627776),
    frontier BLOB NOT NULL,
    kept_from INTEGER NOT NULL CHECK (kept_from >= 0 AND kept_from <= size),
    created_at INTEGER NOT NULL,
    CHECK ((kind = 'organization') = (organization_id IS NOT NULL))
) STRICT, WITHOUT ROWID;

-- An event: the bytes of its leaf, and its sealed parts. Nothing else is written in the transaction. The key is one number,
-- so that the row is in the order of the table itself and no index is written beside it.
CREATE TABLE entries (
    place INTEGER PRIMARY KEY,
    entry BLOB NOT NULL CHECK (length(entry) BETWEEN 2 AND 65535),
    parts BLOB NOT NULL
) STRICT;

-- An erasure that is under way lets the sealed parts of its log shrink, and nothing else.
CREATE TABLE erasures (
    log_id TEXT NOT NULL REFERENCES logs (id),
    sequence INTEGER NOT NULL,
    done INTEGER NOT NULL CHECK (done IN (0, 1)),
    PRIMARY KEY (log_id, sequence)
) STRICT, WITHOUT ROWID;

-- Data keys, wrapped by the master key. A key that is erased leaves its row, without the key.
CREATE TABLE data_keys (
    organization TEXT NOT NULL,
    subject TEXT NOT NULL,
    generation INTEGER NOT NULL CHECK (generation >= 1),
    wrapped BLOB,
    erased_at INTEGER,
    PRIMARY KEY (organization, subject, generation),
    CHECK ((wrapped IS NULL) = (erased_at IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE organizations (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE workspaces (
    id TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    name TEXT NOT NULL,
    environment TEXT NOT NULL CHECK (environment IN ('DEVELOPMENT', 'PRODUCTION')),
    region TEXT NOT NULL,
    data_plane_url TEXT,
    allow_unknown_types INTEGER NOT NULL CHECK (allow_unknown_types IN (0, 1)),
    token BLOB NOT NULL,
    token_hash BLOB NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A person. Name and e-mail are encrypted with the person's key, and found by an HMAC.
CREATE TABLE users (
    id TEXT PRIMARY KEY,
    identity BLOB NOT NULL,
    email_index BLOB NOT NULL UNIQUE,
    password TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE members (
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    user_id TEXT NOT NULL REFERENCES users (id),
    role TEXT NOT NULL CHECK (role IN ('admin', 'member')),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX members_by_user ON members (user_id);

CREATE TABLE workspace_members (
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    user_id TEXT NOT NULL REFERENCES users (id),
    role TEXT NOT NULL CHECK (role IN ('admin', 'editor', 'viewer')),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE tokens (
    id TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    workspace_id TEXT REFERENCES workspaces (id),
    user_id TEXT REFERENCES users (id),
    name TEXT NOT NULL,
    access TEXT NOT NULL CHECK (access IN ('read', 'read_write')),
    hash BLOB NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    used_at INTEGER,
    CHECK (user_id IS NULL OR workspace_id IS NOT NULL)
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id),
    hash BLOB NOT NULL UNIQUE,
    origin BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    used_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE sources (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    config BLOB NOT NULL,
    write_key TEXT NOT NULL UNIQUE,
    geo_enrichment INTEGER NOT NULL CHECK (geo_enrichment IN (0, 1)),
    transient INTEGER NOT NULL CHECK (transient IN (0, 1)),
    external_id TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (workspace_id, external_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX sources_in_order ON sources (workspace_id, created_at, id);

CREATE TABLE destinations (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    version INTEGER NOT NULL,
    enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    config BLOB NOT NULL,
    revision TEXT NOT NULL,
    changed INTEGER NOT NULL CHECK (changed IN (0, 1)),
    external_id TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (workspace_id, external_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX destinations_in_order ON destinations (workspace_id, created_at, id);

CREATE TABLE connections (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    source_id TEXT NOT NULL REFERENCES sources (id),
    destination_id TEXT NOT NULL REFERENCES destinations (id),
    enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    external_id TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (source_id, destination_id),
    UNIQUE (workspace_id, external_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX connections_of_destination ON connections (destination_id);
CREATE INDEX connections_in_order ON connections (workspace_id, created_at, id);

-- Transformations and the libraries that they import: both are code in versions.
CREATE TABLE transformations (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('transformation', 'library')),
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    name TEXT NOT NULL,
    version_id TEXT NOT NULL,
    published_id TEXT,
    external_id TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (workspace_id, kind, external_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX transformations_in_order ON transformations (workspace_id, kind, created_at, id);

-- A version never changes once made, and outlives what it is a version of.
CREATE TABLE transformation_versions (
    id TEXT PRIMARY KEY,
    transformation_id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('transformation', 'library')),
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    number INTEGER NOT NULL CHECK (number >= 1),
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    language TEXT NOT NULL,
    code TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (transformation_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE transformation_links (
    destination_id TEXT PRIMARY KEY REFERENCES destinations (id),
    transformation_id TEXT NOT NULL REFERENCES transformations (id),
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX links_of_transformation ON transformation_links (transformation_id);

-- That someone has read the audit log with these filters: once for a session, or a token and day.
CREATE TABLE views (
    log_id TEXT NOT NULL REFERENCES logs (id),
    viewer TEXT NOT NULL,
    day INTEGER NOT NULL,
    filters BLOB NOT NULL,
    PRIMARY KEY (log_id, viewer, day, filters)
) STRICT, WITHOUT ROWID;

-- Series of refusals that are still open: a restart, or another process, goes on with them.
CREATE TABLE refusals (
    log_id TEXT NOT NULL REFERENCES logs (id),
    actor TEXT NOT NULL,
    event_type TEXT NOT NULL,
    target TEXT NOT NULL,
    code TEXT NOT NULL,
    actor_kind TEXT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('denied', 'failed')),
    workspace_id TEXT,
    token TEXT,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    count INTEGER NOT NULL CHECK (count >= 1),
    PRIMARY KEY (log_id, actor, event_type, target, code)
) STRICT, WITHOUT ROWID;
CREATE INDEX refusals_by_age ON refusals (first_at);

-- What finds events. Filled from the log after the commit, up to `reached`, and can be thrown away and made again.
CREATE TABLE index_reached (
    log_id TEXT PRIMARY KEY REFERENCES logs (id),
    reached INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE index_events (
    log_id TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    event_id TEXT NOT NULL,
    at INTEGER NOT NULL,
    workspace_id TEXT,
    actor TEXT,
    target_type TEXT NOT NULL,
    target TEXT,
    action TEXT NOT NULL,
    outcome TEXT NOT NULL,
    PRIMARY KEY (log_id, sequence)
) STRICT, WITHOUT ROWID;
CREATE INDEX index_events_by_id ON index_events (log_id, event_id);
CREATE INDEX index_events_by_actor ON index_events (log_id, actor, sequence);
CREATE INDEX index_events_by_type ON index_events (log_id, target_type, action, sequence);
CREATE TABLE index_things (
    log_id TEXT NOT NULL,
    thing TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    PRIMARY KEY (log_id, thing, sequence)
) STRICT, WITHOUT ROWID;
CREATE TABLE index_counts (
    log_id TEXT NOT NULL,
    workspace_id TEXT NOT NULL,
    events INTEGER NOT NULL,
    PRIMARY KEY (log_id, workspace_id)
) STRICT, WITHOUT ROWID;

-- Append-only. No statement may change an entry; parts may only shrink, while an erasure is under way; an entry goes
-- only when the log is no longer kept from there; and the next entry is the only one that can come.
CREATE TRIGGER entries_are_never_changed BEFORE UPDATE ON entries
WHEN NEW.place <> OLD.place OR NEW.entry <> OLD.entry
BEGIN
    SELECT RAISE(ABORT, 'append-only: an entry never changes');
END;
CREATE TRIGGER parts_only_shrink BEFORE UPDATE ON entries
WHEN NOT (length(NEW.parts) < length(OLD.parts)
    AND EXISTS (SELECT 1 FROM erasures e JOIN logs l ON l.id = e.log_id WHERE l.first_place = (OLD.place >> 40) << 40 AND e.done = 0))
BEGIN
    SELECT RAISE(ABORT, 'append-only: sealed parts only shrink, and only while an erasure is recorded');
END;
CREATE TRIGGER entries_are_never_deleted BEFORE DELETE ON entries
WHEN OLD.place >= COALESCE((SELECT first_place + kept_from FROM logs WHERE first_place = (OLD.place >> 40) << 40), 0)
BEGIN
    SELECT RAISE(ABORT, 'append-only: an entry that is kept is never deleted');
END;
CREATE TRIGGER entries_only_come_next BEFORE INSERT ON entries
WHEN NEW.place IS NOT (SELECT max(l.first_place + l.kept_from, COALESCE((SELECT e.place + 1 FROM entries e
        WHERE e.place >= l.first_place AND e.place < l.first_place + 1099511627776 ORDER BY e.place DESC LIMIT 1), 0))
    FROM logs l WHERE l.first_place = (NEW.place >> 40) << 40)
BEGIN
    SELECT RAISE(ABORT, 'append-only: an entry can only come next');
END;
CREATE TRIGGER logs_only_grow BEFORE UPDATE ON logs
WHEN NEW.size < OLD.size OR NEW.kept_from < OLD.kept_from OR NEW.id <> OLD.id OR NEW.kind <> OLD.kind
    OR NEW.first_place <> OLD.first_place OR NEW.organization_id IS NOT OLD.organization_id
BEGIN
    SELECT RAISE(ABORT, 'append-only: a log only grows');
END;
CREATE TRIGGER logs_are_never_deleted BEFORE DELETE ON logs
BEGIN
    SELECT RAISE(ABORT, 'append-only: a log is never deleted');
END;
CREATE TRIGGER logs_come_once BEFORE INSERT ON logs
WHEN EXISTS (SELECT 1 FROM logs WHERE id = NEW.id OR organization_id = NEW.organization_id OR first_place = NEW.first_place)
BEGIN
    SELECT RAISE(ABORT, 'append-only: a log comes once');
END;
CREATE TRIGGER versions_never_change BEFORE UPDATE ON transformation_versions
BEGIN
    SELECT RAISE(ABORT, 'a version never changes');
END;
CREATE TRIGGER versions_are_never_deleted BEFORE DELETE ON transformation_versions
BEGIN
    SELECT RAISE(ABORT, 'a version is never deleted');
END;
CREATE TRIGGER versions_come_once BEFORE INSERT ON transformation_versions
WHEN EXISTS (SELECT 1 FROM transformation_versions WHERE id = NEW.id OR (transformation_id = NEW.transformation_id AND number = NEW.number))
BEGIN
    SELECT RAISE(ABORT, 'a version never changes');
END;
