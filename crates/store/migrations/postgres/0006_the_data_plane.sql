-- The state of a workspace's configuration, as its data planes are told of it: the moment of the last change, in
-- milliseconds, which grows with every change, however close two of them are and whatever the clock does.
CREATE TABLE config_changes (
    workspace_id TEXT COLLATE "C" PRIMARY KEY REFERENCES workspaces (id),
    at BIGINT NOT NULL
);
INSERT INTO config_changes (workspace_id, at) SELECT id, updated_at / 1000 FROM workspaces;

-- What a destination was at each revision: a data plane still has to deliver what it took under an older one. The settings
-- are sealed as in the destination's own row.
CREATE TABLE destination_revisions (
    id TEXT COLLATE "C" PRIMARY KEY,
    destination_id TEXT COLLATE "C" NOT NULL,
    workspace_id TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    name TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL,
    enabled BIGINT NOT NULL CHECK (enabled IN (0, 1)),
    config BYTEA NOT NULL,
    changed BIGINT NOT NULL CHECK (changed IN (0, 1)),
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    ended_at BIGINT
);
CREATE INDEX revisions_of_destination ON destination_revisions (destination_id, ended_at);
INSERT INTO destination_revisions (id, destination_id, workspace_id, name, kind, version, enabled, config, changed, created_at, updated_at)
    SELECT revision, id, workspace_id, name, kind, version, enabled, config, changed, created_at, updated_at FROM destinations;
