-- The state of a workspace's configuration, as its data planes are told of it: the moment of the last change, in
-- milliseconds, which grows with every change, however close two of them are and whatever the clock does.
CREATE TABLE config_changes (
    workspace_id TEXT PRIMARY KEY REFERENCES workspaces (id),
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO config_changes (workspace_id, at) SELECT id, updated_at / 1000 FROM workspaces;

-- What a destination was at each revision: a data plane still has to deliver what it took under an older one. The settings
-- are sealed as in the destination's own row.
CREATE TABLE destination_revisions (
    id TEXT PRIMARY KEY,
    destination_id TEXT NOT NULL,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    version INTEGER NOT NULL,
    enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    config BLOB NOT NULL,
    changed INTEGER NOT NULL CHECK (changed IN (0, 1)),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    ended_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX revisions_of_destination ON destination_revisions (destination_id, ended_at);
INSERT INTO destination_revisions (id, destination_id, workspace_id, name, kind, version, enabled, config, changed, created_at, updated_at)
    SELECT revision, id, workspace_id, name, kind, version, enabled, config, changed, created_at, updated_at FROM destinations;
