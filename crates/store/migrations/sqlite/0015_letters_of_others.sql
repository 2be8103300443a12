-- Whether the server sends letters, as it said when it last started: what another process changes, as the command line does, is
-- told to whom it concerns then, too.
ALTER TABLE instance ADD COLUMN sends_mail INTEGER NOT NULL DEFAULT 0;
