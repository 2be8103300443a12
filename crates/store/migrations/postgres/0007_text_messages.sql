-- What a challenge waits for was sent: whether it has left. And of a letter, the challenge that it is for, without which it
-- is of no use any more.
ALTER TABLE challenges ADD COLUMN delivery TEXT NOT NULL DEFAULT 'none'
    CHECK (delivery IN ('none', 'waiting', 'sent', 'failed'));
ALTER TABLE outbox ADD COLUMN challenge BYTEA;
