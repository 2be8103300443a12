-- Who accepted an invitation, where that is somebody else than it was made for: an account that has its address since. What was recorded of
-- the invitation is sealed with the key of whom it was made for, and goes with the account that came.
ALTER TABLE invitations ADD COLUMN accepted_by TEXT;
CREATE INDEX invitations_accepted_by ON invitations (accepted_by) WHERE accepted_by IS NOT NULL;
