-- What an entry or a log's size may not be undoes the whole transaction, as on PostgreSQL, no longer only the statement. So SQLite
-- keeps no copy of the pages that such a statement changes, which it did for every change.
DROP TRIGGER entries_only_come_next;
CREATE TRIGGER entries_only_come_next BEFORE INSERT ON entries
WHEN NOT (NEW.place & 1099511627775 > 0 AND NEW.place - 1 IS (SELECT e.place FROM entries e
        WHERE e.place <= NEW.place ORDER BY e.place DESC LIMIT 1))
    AND NEW.place IS NOT (SELECT max(l.first_place + l.kept_from, COALESCE((SELECT e.place + 1 FROM entries e
            WHERE e.place >= l.first_place AND e.place < l.first_place + 1099511627776 ORDER BY e.place DESC LIMIT 1), 0))
        FROM logs l WHERE l.first_place = (NEW.place >> 40) << 40)
BEGIN
    SELECT RAISE(ROLLBACK, 'append-only: an entry can only come next');
END;
DROP TRIGGER logs_only_grow;
CREATE TRIGGER logs_only_grow BEFORE UPDATE OF size ON logs
WHEN NEW.size < OLD.size
BEGIN
    SELECT RAISE(ROLLBACK, 'append-only: a log only grows');
END;
