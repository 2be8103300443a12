-- Tokens that have ended: whoever finds one later can still ask what it did. Only the hash, as in the row before.
CREATE TABLE past_tokens (
    hash BLOB PRIMARY KEY,
    token_id TEXT NOT NULL,
    organization_id TEXT NOT NULL REFERENCES organizations (id)
) STRICT, WITHOUT ROWID;
