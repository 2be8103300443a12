-- On PostgreSQL the log's row is locked and in memory when its entries come (see SQLite's).
SELECT 1;
