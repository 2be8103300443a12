-- What looks at every entry sets no path of its own to find names by, as that costs more than what it does with it: tables are
-- named with their schema, and operators with theirs, so that nobody's path can put others in their place.
DO $do$ BEGIN
    EXECUTE format($create$
CREATE FUNCTION entries_only_come_next() RETURNS trigger LANGUAGE plpgsql AS $body$
DECLARE
    first BIGINT := (NEW.place OPERATOR(pg_catalog.>>) 40) OPERATOR(pg_catalog.<<) 40;
    next BIGINT;
BEGIN
    SELECT greatest(l.first_place OPERATOR(pg_catalog.+) l.kept_from, (SELECT e.place OPERATOR(pg_catalog.+) 1 FROM %1$I.entries e
            WHERE e.place OPERATOR(pg_catalog.>=) first AND e.place OPERATOR(pg_catalog.<) (first OPERATOR(pg_catalog.+) 1099511627776)
            ORDER BY e.place DESC LIMIT 1))
        INTO next FROM %1$I.logs l WHERE l.first_place OPERATOR(pg_catalog.=) first;
    IF NEW.place OPERATOR(pg_catalog.=) next THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'append-only: an entry can only come next';
END
$body$
    $create$, current_schema());
END $do$;
DROP TRIGGER entries_guard_rows ON entries;
CREATE TRIGGER entries_guard_rows BEFORE UPDATE OR DELETE ON entries
    FOR EACH ROW EXECUTE FUNCTION entries_guard();
ALTER TABLE entries ENABLE ALWAYS TRIGGER entries_guard_rows;
CREATE TRIGGER entries_only_come_next BEFORE INSERT ON entries
    FOR EACH ROW EXECUTE FUNCTION entries_only_come_next();
ALTER TABLE entries ENABLE ALWAYS TRIGGER entries_only_come_next;
CREATE OR REPLACE FUNCTION logs_guard() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    IF TG_OP OPERATOR(pg_catalog.=) 'UPDATE' AND NEW.size OPERATOR(pg_catalog.>=) OLD.size THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'append-only: a log only grows, and is never deleted';
END
$body$;
