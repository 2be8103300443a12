-- What an organization has taken in of the types of sources and destinations, over our own set. `definitions` of the
-- organization is another random id after each change: what a process remembers of them is compared with it.
ALTER TABLE organizations ADD COLUMN definitions TEXT;
CREATE TABLE definitions (
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    kind TEXT NOT NULL CHECK (kind IN ('source', 'destination')),
    name TEXT NOT NULL CHECK (name <> ''),
    id TEXT NOT NULL UNIQUE,
    origin TEXT NOT NULL CHECK (origin IN ('imported', 'posted', 'manual')),
    body TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, kind, name)
) STRICT;

-- What becomes of settings that do not fulfil the schema of their type.
ALTER TABLE workspaces ADD COLUMN invalid_config TEXT NOT NULL DEFAULT 'warn' CHECK (invalid_config IN ('warn', 'refuse'));
