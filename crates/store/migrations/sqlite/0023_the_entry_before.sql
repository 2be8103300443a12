-- An entry comes next in its log if the last one up to its place is the one before it: there are no gaps, so nothing is behind.
-- That is one look at the page that the entry goes to. Only for a log's first entry, or where it is refused, its row is asked.
DROP TRIGGER entries_only_come_next;
CREATE TRIGGER entries_only_come_next BEFORE INSERT ON entries
WHEN NOT (NEW.place & 1099511627775 > 0 AND NEW.place - 1 IS (SELECT e.place FROM entries e
        WHERE e.place <= NEW.place ORDER BY e.place DESC LIMIT 1))
    AND NEW.place IS NOT (SELECT max(l.first_place + l.kept_from, COALESCE((SELECT e.place + 1 FROM entries e
            WHERE e.place >= l.first_place AND e.place < l.first_place + 1099511627776 ORDER BY e.place DESC LIMIT 1), 0))
        FROM logs l WHERE l.first_place = (NEW.place >> 40) << 40)
BEGIN
    SELECT RAISE(ABORT, 'append-only: an entry can only come next');
END;
