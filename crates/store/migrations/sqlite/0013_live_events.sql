-- What somebody looks at live, and until when: data planes are told to send what they do with it. Nothing of what they send is
-- ever stored.
CREATE TABLE watches (
    thing_id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    kind TEXT NOT NULL CHECK (kind IN ('source', 'destination', 'transformation')),
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX watches_of_workspace ON watches (workspace_id);
