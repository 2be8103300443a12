-- Accounts at other services. Options and secret are encrypted with the workspace's key.
CREATE TABLE accounts (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    name TEXT NOT NULL,
    definition TEXT NOT NULL,
    options BLOB NOT NULL,
    secret BLOB NOT NULL,
    external_id TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (workspace_id, external_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX accounts_in_order ON accounts (workspace_id, created_at, id);

-- What reverse ETL reads: a table, or what a query gives, of the warehouse that an account is for.
CREATE TABLE retl_sources (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    name TEXT NOT NULL,
    source_type TEXT NOT NULL CHECK (source_type IN ('model', 'table')),
    definition TEXT NOT NULL,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    config BLOB NOT NULL,
    external_id TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (workspace_id, external_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX retl_sources_in_order ON retl_sources (workspace_id, created_at, id);
CREATE INDEX retl_sources_of_account ON retl_sources (account_id);

-- Where it sends what it reads. A source may be connected to one destination once for each of its objects.
CREATE TABLE retl_connections (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    source_id TEXT NOT NULL REFERENCES retl_sources (id),
    destination_id TEXT NOT NULL REFERENCES destinations (id),
    object TEXT NOT NULL,
    enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    settings BLOB NOT NULL,
    external_id TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (source_id, destination_id, object),
    UNIQUE (workspace_id, external_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX retl_connections_of_destination ON retl_connections (destination_id);
CREATE INDEX retl_connections_in_order ON retl_connections (workspace_id, created_at, id);
