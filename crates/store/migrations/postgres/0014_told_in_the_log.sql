-- When the configuration of an organization's workspaces last changed stands in the row of its log, which every change writes
-- anyway: a moment for all workspaces, and those of the ones that changed last. Each stays what it was, or grows.
ALTER TABLE logs ADD COLUMN config_changes TEXT COLLATE "C" NOT NULL DEFAULT '0';
UPDATE logs SET config_changes = (
    SELECT CAST(COALESCE(max(CASE WHEN c.at > w.updated_at / 1000 THEN c.at ELSE w.updated_at / 1000 END), 0) AS TEXT)
    FROM workspaces w LEFT JOIN config_changes c ON c.workspace_id = w.id WHERE w.organization_id = logs.organization_id
);
DROP TABLE config_changes;
