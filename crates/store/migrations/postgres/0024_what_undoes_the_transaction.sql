-- On PostgreSQL whatever a statement is refused for undoes its transaction (see SQLite's).
SELECT 1;
