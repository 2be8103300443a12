-- Roles in a workspace: an Auditor as well.
CREATE TABLE workspace_roles (
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    user_id TEXT NOT NULL REFERENCES users (id),
    role TEXT NOT NULL CHECK (role IN ('admin', 'editor', 'viewer', 'auditor')),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, user_id)
) STRICT, WITHOUT ROWID;
INSERT INTO workspace_roles (workspace_id, user_id, role, created_at)
    SELECT workspace_id, user_id, role, created_at FROM workspace_members;
DROP TABLE workspace_members;
ALTER TABLE workspace_roles RENAME TO workspace_members;
CREATE INDEX workspace_members_by_user ON workspace_members (user_id);

-- What a service token of a workspace is there.
ALTER TABLE tokens ADD COLUMN role TEXT CHECK (role IN ('admin', 'editor', 'viewer', 'auditor'));
CREATE INDEX tokens_of_organization ON tokens (organization_id, created_at, id);
CREATE INDEX sessions_of_user ON sessions (user_id);

ALTER TABLE organizations ADD COLUMN requires_mfa INTEGER NOT NULL DEFAULT 0 CHECK (requires_mfa IN (0, 1));

-- Invitations. The e-mail address is encrypted with the key of the person that it is for, who may have no account yet.
CREATE TABLE invitations (
    id TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    user_id TEXT NOT NULL,
    email BLOB NOT NULL,
    email_index BLOB NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('admin', 'member')),
    workspaces TEXT NOT NULL,
    hash BLOB NOT NULL UNIQUE,
    state TEXT NOT NULL CHECK (state IN ('open', 'accepted', 'cancelled', 'expired')),
    delivery TEXT NOT NULL CHECK (delivery IN ('none', 'waiting', 'sent', 'failed')),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ended_at INTEGER,
    CHECK ((state = 'open') = (ended_at IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX invitations_of_organization ON invitations (organization_id, created_at, id);
CREATE INDEX invitations_by_email ON invitations (email_index);

-- What is to be sent, and has not been: encrypted with the key of the person that it is for. What was sent is gone.
CREATE TABLE outbox (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('mail', 'sms')),
    user_id TEXT NOT NULL,
    invitation_id TEXT,
    payload BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    next_at INTEGER NOT NULL,
    tries INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX outbox_in_order ON outbox (next_at);

-- Second factors. Seeds, phone numbers and passkeys are encrypted with the person's key.
CREATE TABLE factors (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id),
    kind TEXT NOT NULL CHECK (kind IN ('totp', 'phone', 'passkey')),
    payload BLOB NOT NULL,
    credential BLOB UNIQUE,
    step INTEGER,
    created_at INTEGER NOT NULL,
    used_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX factors_of_user ON factors (user_id, created_at, id);
CREATE TABLE recovery_codes (
    user_id TEXT NOT NULL REFERENCES users (id),
    hash BLOB NOT NULL,
    used_at INTEGER,
    PRIMARY KEY (user_id, hash)
) STRICT, WITHOUT ROWID;

-- Single-use links and steps that wait for an answer: only hashes of their secrets.
CREATE TABLE challenges (
    hash BLOB PRIMARY KEY,
    kind TEXT NOT NULL,
    user_id TEXT,
    payload BLOB,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX challenges_by_age ON challenges (expires_at);

-- How often something was tried since a moment: keyed hashes of accounts and addresses.
CREATE TABLE attempts (
    key BLOB PRIMARY KEY,
    since INTEGER NOT NULL,
    count INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A source or destination that only people selected may change, and these people.
CREATE TABLE locks (
    resource_id TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('source', 'destination')),
    workspace_id TEXT NOT NULL REFERENCES workspaces (id)
) STRICT, WITHOUT ROWID;
CREATE TABLE lock_members (
    resource_id TEXT NOT NULL REFERENCES locks (resource_id),
    user_id TEXT NOT NULL,
    PRIMARY KEY (resource_id, user_id)
) STRICT, WITHOUT ROWID;
