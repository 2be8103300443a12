-- On SQLite a trigger finds its names in its own schema and costs no more than what it asks (see PostgreSQL's).
SELECT 1;
