-- What an organization has taken in of the types of sources and destinations, over our own set. `definitions` of the
-- organization is another random id after each change: what a process remembers of them is compared with it.
ALTER TABLE organizations ADD COLUMN definitions TEXT COLLATE "C";
CREATE TABLE definitions (
    organization_id TEXT COLLATE "C" NOT NULL REFERENCES organizations (id),
    kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('source', 'destination')),
    name TEXT COLLATE "C" NOT NULL CHECK (name <> ''),
    id TEXT COLLATE "C" NOT NULL UNIQUE,
    origin TEXT COLLATE "C" NOT NULL CHECK (origin IN ('imported', 'posted', 'manual')),
    body TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (organization_id, kind, name)
);

-- What becomes of settings that do not fulfil the schema of their type.
ALTER TABLE workspaces ADD COLUMN invalid_config TEXT COLLATE "C" NOT NULL DEFAULT 'warn' CHECK (invalid_config IN ('warn', 'refuse'));
