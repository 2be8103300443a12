-- Tokens that have ended: whoever finds one later can still ask what it did. Only the hash, as in the row before.
CREATE TABLE past_tokens (
    hash BYTEA PRIMARY KEY,
    token_id TEXT COLLATE "C" NOT NULL,
    organization_id TEXT COLLATE "C" NOT NULL REFERENCES organizations (id)
);
