-- Whether the files that held what was erased are written anew. Where the machine stopped before, it is done later.
ALTER TABLE erasures ADD COLUMN rewritten BIGINT NOT NULL DEFAULT 0 CHECK (rewritten IN (0, 1));
CREATE INDEX erasures_to_rewrite ON erasures (at) WHERE done = 1 AND rewritten = 0;
-- After the erasure of a single value, whose key is still there for others, the file of the entries is written anew, as that
-- of the keys is.
CREATE FUNCTION rewrite_entries() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    CLUSTER entries USING entries_pkey;
END $$;
REVOKE EXECUTE ON FUNCTION rewrite_entries() FROM PUBLIC;
