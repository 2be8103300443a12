-- Since when a log is signed with each of its keys but the first: `<generation>:<microseconds>`, separated by spaces.
ALTER TABLE logs ADD COLUMN rotations TEXT COLLATE "C" NOT NULL DEFAULT '';
UPDATE logs SET rotations = generation || ':' || rotated_at WHERE rotated_at IS NOT NULL;
ALTER TABLE logs DROP COLUMN rotated_at;

-- An erasure goes one way: on to its end, which is fixed once it has begun.
CREATE FUNCTION erasures_guard() RETURNS trigger LANGUAGE plpgsql AS $body$
DECLARE
    there BIGINT;
BEGIN
    IF TG_OP = 'INSERT' OR TG_OP = 'UPDATE' THEN
        SELECT size INTO there FROM logs WHERE id = NEW.log_id;
        IF TG_OP = 'INSERT' AND NEW.total <= there THEN
            RETURN NEW;
        ELSIF TG_OP = 'UPDATE' AND NEW.id = OLD.id AND NEW.log_id = OLD.log_id AND NEW.subject IS NOT DISTINCT FROM OLD.subject
            AND NEW.event_id IS NOT DISTINCT FROM OLD.event_id AND NEW.part IS NOT DISTINCT FROM OLD.part AND NEW.at = OLD.at
            AND NEW.done >= OLD.done AND NEW.rewritten >= OLD.rewritten
            AND NEW.reached >= OLD.reached AND (NEW.done = 0 OR NEW.reached = NEW.total)
            AND (NEW.total = OLD.total
                OR (OLD.done = 0 AND OLD.reached = 0 AND NEW.total > OLD.total AND NEW.total <= there)) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'append-only: an erasure only goes on, covers what is there, and is never deleted';
END
$body$;
DO $do$ BEGIN
    EXECUTE format('ALTER FUNCTION erasures_guard() SET search_path = pg_catalog, %I, pg_temp', current_schema());
END $do$;
CREATE TRIGGER erasures_guard_rows BEFORE INSERT OR UPDATE OR DELETE ON erasures
    FOR EACH ROW EXECUTE FUNCTION erasures_guard();
CREATE TRIGGER erasures_guard_all BEFORE TRUNCATE ON erasures
    FOR EACH STATEMENT EXECUTE FUNCTION erasures_guard();
ALTER TABLE erasures ENABLE ALWAYS TRIGGER erasures_guard_rows;
ALTER TABLE erasures ENABLE ALWAYS TRIGGER erasures_guard_all;

-- Parts shrink where an erasure that is under way has come to: of an entry that names the person, whose key is destroyed, or
-- of the event itself.
CREATE FUNCTION parts_guard() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM erasures e JOIN logs l ON l.id = e.log_id
        WHERE l.first_place = (OLD.place >> 40) << 40 AND e.done = 0
            AND OLD.place >= l.first_place + e.reached AND OLD.place < l.first_place + e.total
            AND CASE WHEN e.subject IS NULL THEN convert_from(OLD.entry, 'UTF8')::json ->> 'id' = e.event_id
                ELSE position(convert_to(e.subject, 'UTF8') IN OLD.entry) > 0 AND EXISTS (SELECT 1 FROM data_keys k
                    WHERE k.organization = COALESCE(l.organization_id, 'instance') AND k.subject = e.subject
                        AND k.erased_at IS NOT NULL)
                END) THEN
        RAISE EXCEPTION 'append-only: sealed parts only shrink, and only while an erasure of them is recorded';
    END IF;
    RETURN NEW;
END
$body$;
DO $do$ BEGIN
    EXECUTE format('ALTER FUNCTION parts_guard() SET search_path = pg_catalog, %I, pg_temp', current_schema());
END $do$;
CREATE TRIGGER entries_guard_what_shrinks BEFORE UPDATE ON entries
    FOR EACH ROW EXECUTE FUNCTION parts_guard();
ALTER TABLE entries ENABLE ALWAYS TRIGGER entries_guard_what_shrinks;
