-- Whether anyone may read the checkpoint and the tiles of hashes of the organization's log; of its entries nobody may.
ALTER TABLE organizations ADD COLUMN public_hashes INTEGER NOT NULL DEFAULT 0 CHECK (public_hashes IN (0, 1));
