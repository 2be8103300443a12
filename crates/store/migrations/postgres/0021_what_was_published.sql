-- What finds the events of a thing comes as the rest of the index does: never of an event that the index has reached before.
DROP TRIGGER index_things_guard_rows ON index_things;
CREATE TRIGGER index_things_guard_rows BEFORE INSERT OR UPDATE OR DELETE ON index_things
    FOR EACH ROW EXECUTE FUNCTION index_guard();
ALTER TABLE index_things ENABLE ALWAYS TRIGGER index_things_guard_rows;

-- A checkpoint that is published stays as it was signed until a larger one takes its place.
CREATE OR REPLACE FUNCTION checkpoints_guard() RETURNS trigger LANGUAGE plpgsql AS $body$
DECLARE
    there BIGINT;
BEGIN
    IF TG_OP = 'INSERT' OR TG_OP = 'UPDATE' THEN
        SELECT size INTO there FROM logs WHERE id = NEW.log_id;
        IF NEW.size <= there AND (TG_OP = 'INSERT' OR (NEW.log_id = OLD.log_id
            AND (NEW.size > OLD.size OR (NEW.size = OLD.size AND NEW.root = OLD.root AND NEW.note = OLD.note
                AND NEW.signed_at = OLD.signed_at)))) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'append-only: a checkpoint only grows, covers what is there, and is never deleted';
END
$body$;
DO $do$ BEGIN
    EXECUTE format('ALTER FUNCTION checkpoints_guard() SET search_path = pg_catalog, %I, pg_temp', current_schema());
END $do$;
