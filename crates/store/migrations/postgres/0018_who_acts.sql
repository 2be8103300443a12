-- On PostgreSQL nothing is remembered from one transaction to the next, so nothing has to be counted (see SQLite's).
SELECT 1;
