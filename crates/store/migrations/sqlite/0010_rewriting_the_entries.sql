-- Whether the files that held what was erased are written anew. Where the machine stopped before, it is done later.
ALTER TABLE erasures ADD COLUMN rewritten INTEGER NOT NULL DEFAULT 0 CHECK (rewritten IN (0, 1));
CREATE INDEX erasures_to_rewrite ON erasures (at) WHERE done = 1 AND rewritten = 0;
