-- The member who invites; nothing for a service, the command line, and invitations from before.
ALTER TABLE invitations ADD COLUMN invited_by TEXT;
