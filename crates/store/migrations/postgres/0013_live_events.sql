-- What somebody looks at live, and until when: data planes are told to send what they do with it. Nothing of what they send is
-- ever stored.
CREATE TABLE watches (
    thing_id TEXT COLLATE "C" PRIMARY KEY,
    workspace_id TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id),
    kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('source', 'destination', 'transformation')),
    until BIGINT NOT NULL
);
CREATE INDEX watches_of_workspace ON watches (workspace_id);
