-- Roles in a workspace: an Auditor as well.
ALTER TABLE workspace_members DROP CONSTRAINT workspace_members_role_check;
ALTER TABLE workspace_members ADD CONSTRAINT workspace_members_role_check CHECK (role IN ('admin', 'editor', 'viewer', 'auditor'));
CREATE INDEX workspace_members_by_user ON workspace_members (user_id);

-- What a service token of a workspace is there.
ALTER TABLE tokens ADD COLUMN role TEXT COLLATE "C" CHECK (role IN ('admin', 'editor', 'viewer', 'auditor'));
CREATE INDEX tokens_of_organization ON tokens (organization_id, created_at, id);
CREATE INDEX sessions_of_user ON sessions (user_id);

ALTER TABLE organizations ADD COLUMN requires_mfa BIGINT NOT NULL DEFAULT 0 CHECK (requires_mfa IN (0, 1));

-- Invitations. The e-mail address is encrypted with the key of the person that it is for, who may have no account yet.
CREATE TABLE invitations (
    id TEXT COLLATE "C" PRIMARY KEY,
    organization_id TEXT COLLATE "C" NOT NULL REFERENCES organizations (id),
    user_id TEXT COLLATE "C" NOT NULL,
    email BYTEA NOT NULL,
    email_index BYTEA NOT NULL,
    role TEXT COLLATE "C" NOT NULL CHECK (role IN ('admin', 'member')),
    workspaces TEXT COLLATE "C" NOT NULL,
    hash BYTEA NOT NULL UNIQUE,
    state TEXT COLLATE "C" NOT NULL CHECK (state IN ('open', 'accepted', 'cancelled', 'expired')),
    delivery TEXT COLLATE "C" NOT NULL CHECK (delivery IN ('none', 'waiting', 'sent', 'failed')),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT,
    CHECK ((state = 'open') = (ended_at IS NULL))
);
CREATE INDEX invitations_of_organization ON invitations (organization_id, created_at, id);
CREATE INDEX invitations_by_email ON invitations (email_index);

-- What is to be sent, and has not been: encrypted with the key of the person that it is for. What was sent is gone.
CREATE TABLE outbox (
    id TEXT COLLATE "C" PRIMARY KEY,
    kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('mail', 'sms')),
    user_id TEXT COLLATE "C" NOT NULL,
    invitation_id TEXT COLLATE "C",
    payload BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    tries BIGINT NOT NULL
);
CREATE INDEX outbox_in_order ON outbox (next_at);

-- Second factors. Seeds, phone numbers and passkeys are encrypted with the person's key.
CREATE TABLE factors (
    id TEXT COLLATE "C" PRIMARY KEY,
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (id),
    kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('totp', 'phone', 'passkey')),
    payload BYTEA NOT NULL,
    credential BYTEA UNIQUE,
    step BIGINT,
    created_at BIGINT NOT NULL,
    used_at BIGINT
);
CREATE INDEX factors_of_user ON factors (user_id, created_at, id);
CREATE TABLE recovery_codes (
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (id),
    hash BYTEA NOT NULL,
    used_at BIGINT,
    PRIMARY KEY (user_id, hash)
);

-- Single-use links and steps that wait for an answer: only hashes of their secrets.
CREATE TABLE challenges (
    hash BYTEA PRIMARY KEY,
    kind TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C",
    payload BYTEA,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX challenges_by_age ON challenges (expires_at);

-- How often something was tried since a moment: keyed hashes of accounts and addresses.
CREATE TABLE attempts (
    key BYTEA PRIMARY KEY,
    since BIGINT NOT NULL,
    count BIGINT NOT NULL
);

-- A source or destination that only people selected may change, and these people.
CREATE TABLE locks (
    resource_id TEXT COLLATE "C" PRIMARY KEY,
    kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('source', 'destination')),
    workspace_id TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id)
);
CREATE TABLE lock_members (
    resource_id TEXT COLLATE "C" NOT NULL REFERENCES locks (resource_id),
    user_id TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (resource_id, user_id)
);
