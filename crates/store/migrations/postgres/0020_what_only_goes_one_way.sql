-- A data key goes only while an erasure of its person is under way, and nothing else of its row ever changes.
CREATE FUNCTION data_keys_guard() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    IF TG_OP = 'INSERT' AND NEW.generation <> 1 THEN
        RAISE EXCEPTION 'append-only: a data key comes once';
    ELSIF TG_OP = 'INSERT' AND NEW.wrapped IS NOT NULL THEN
        RETURN NEW;
    ELSIF TG_OP = 'INSERT' OR (TG_OP = 'UPDATE' AND NEW.organization = OLD.organization AND NEW.subject = OLD.subject
        AND NEW.generation = OLD.generation AND OLD.wrapped IS NOT NULL AND NEW.wrapped IS NULL) THEN
        IF EXISTS (SELECT 1 FROM erasures e JOIN logs l ON l.id = e.log_id WHERE e.subject = NEW.subject AND e.done = 0
            AND (NEW.organization = 'instance' OR l.organization_id = NEW.organization)) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'append-only: a data key only goes, while an erasure of its person is under way, and its row is never deleted';
END
$body$;
DO $do$ BEGIN
    EXECUTE format('ALTER FUNCTION data_keys_guard() SET search_path = pg_catalog, %I, pg_temp', current_schema());
END $do$;
CREATE TRIGGER data_keys_guard_rows BEFORE INSERT OR UPDATE OR DELETE ON data_keys
    FOR EACH ROW EXECUTE FUNCTION data_keys_guard();
CREATE TRIGGER data_keys_guard_all BEFORE TRUNCATE ON data_keys
    FOR EACH STATEMENT EXECUTE FUNCTION data_keys_guard();
ALTER TABLE data_keys ENABLE ALWAYS TRIGGER data_keys_guard_rows;
ALTER TABLE data_keys ENABLE ALWAYS TRIGGER data_keys_guard_all;

-- What a log is, stays; its origin comes once, and what signs it changes only with its next key. What every entry changes is
-- looked at by itself.
DROP TRIGGER logs_guard_rows ON logs;
DROP TRIGGER log_keys_guard_rows ON logs;
DROP FUNCTION log_keys_guard();
CREATE OR REPLACE FUNCTION logs_guard() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.size >= OLD.size THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'append-only: a log only grows, and is never deleted';
END
$body$;
CREATE TRIGGER logs_guard_rows BEFORE UPDATE OF size OR DELETE ON logs
    FOR EACH ROW EXECUTE FUNCTION logs_guard();
ALTER TABLE logs ENABLE ALWAYS TRIGGER logs_guard_rows;
CREATE FUNCTION logs_stay_guard() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    IF NEW.id = OLD.id AND NEW.kind = OLD.kind AND NEW.first_place = OLD.first_place AND NEW.created_at = OLD.created_at
        AND NEW.organization_id IS NOT DISTINCT FROM OLD.organization_id
        AND (OLD.origin IS NULL OR (NEW.origin IS NOT DISTINCT FROM OLD.origin
            AND (NEW.generation = OLD.generation + 1 OR (NEW.generation = OLD.generation
                AND NEW.vkey IS NOT DISTINCT FROM OLD.vkey AND NEW.seeds = OLD.seeds AND NEW.rotations = OLD.rotations)))) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'append-only: a log stays what it is, and only its next key can come';
END
$body$;
CREATE TRIGGER logs_stay_what_they_are
    BEFORE UPDATE OF id, kind, first_place, organization_id, origin, generation, vkey, seeds, rotations, created_at ON logs
    FOR EACH ROW EXECUTE FUNCTION logs_stay_guard();
ALTER TABLE logs ENABLE ALWAYS TRIGGER logs_stay_what_they_are;
-- Nothing shortens a log yet. What will, has to be recorded first.
CREATE FUNCTION logs_are_kept_guard() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    IF NEW.kept_from = OLD.kept_from THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'append-only: a log is kept from its beginning';
END
$body$;
CREATE TRIGGER logs_are_kept_whole BEFORE UPDATE OF kept_from ON logs
    FOR EACH ROW EXECUTE FUNCTION logs_are_kept_guard();
ALTER TABLE logs ENABLE ALWAYS TRIGGER logs_are_kept_whole;

-- The index says what the entries say: its rows never change, none comes where others are, and it goes on without a gap.
CREATE FUNCTION index_guard() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.sequence >= COALESCE((SELECT reached FROM index_reached WHERE log_id = NEW.log_id), 0)
            AND NEW.sequence < (SELECT size FROM logs WHERE id = NEW.log_id) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'append-only: the index of a log never changes';
END
$body$;
CREATE FUNCTION index_counts_guard() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.log_id = OLD.log_id AND NEW.workspace_id = OLD.workspace_id AND NEW.events >= OLD.events THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'append-only: the index of a log never changes';
END
$body$;
CREATE FUNCTION index_gap_guard() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    IF TG_OP = 'INSERT' AND NEW.reached = 0 THEN
        RETURN NEW;
    ELSIF TG_OP = 'UPDATE' AND NEW.log_id = OLD.log_id AND (NEW.reached = OLD.reached OR (NEW.reached > OLD.reached
        AND NEW.reached - greatest(OLD.reached, (SELECT kept_from FROM logs WHERE id = NEW.log_id))
            <= (SELECT count(*) FROM index_events WHERE log_id = NEW.log_id AND sequence >= OLD.reached AND sequence < NEW.reached))) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'append-only: the index of a log has no gap';
END
$body$;
DO $do$ BEGIN
    EXECUTE format('ALTER FUNCTION index_guard() SET search_path = pg_catalog, %I, pg_temp', current_schema());
    EXECUTE format('ALTER FUNCTION index_counts_guard() SET search_path = pg_catalog, %I, pg_temp', current_schema());
    EXECUTE format('ALTER FUNCTION logs_guard() SET search_path = pg_catalog, %I, pg_temp', current_schema());
    EXECUTE format('ALTER FUNCTION logs_stay_guard() SET search_path = pg_catalog, %I, pg_temp', current_schema());
    EXECUTE format('ALTER FUNCTION logs_are_kept_guard() SET search_path = pg_catalog, %I, pg_temp', current_schema());
    EXECUTE format('ALTER FUNCTION index_gap_guard() SET search_path = pg_catalog, %I, pg_temp', current_schema());
END $do$;
CREATE TRIGGER index_events_guard_rows BEFORE INSERT OR UPDATE OR DELETE ON index_events
    FOR EACH ROW EXECUTE FUNCTION index_guard();
CREATE TRIGGER index_events_guard_all BEFORE TRUNCATE ON index_events
    FOR EACH STATEMENT EXECUTE FUNCTION index_guard();
CREATE TRIGGER index_things_guard_rows BEFORE UPDATE OR DELETE ON index_things
    FOR EACH ROW EXECUTE FUNCTION index_guard();
CREATE TRIGGER index_things_guard_all BEFORE TRUNCATE ON index_things
    FOR EACH STATEMENT EXECUTE FUNCTION index_guard();
CREATE TRIGGER index_counts_guard_rows BEFORE UPDATE OR DELETE ON index_counts
    FOR EACH ROW EXECUTE FUNCTION index_counts_guard();
CREATE TRIGGER index_counts_guard_all BEFORE TRUNCATE ON index_counts
    FOR EACH STATEMENT EXECUTE FUNCTION index_counts_guard();
CREATE TRIGGER index_reached_guard_all BEFORE TRUNCATE ON index_reached
    FOR EACH STATEMENT EXECUTE FUNCTION index_gap_guard();
CREATE TRIGGER index_reached_guard_rows BEFORE INSERT OR UPDATE OR DELETE ON index_reached
    FOR EACH ROW EXECUTE FUNCTION index_gap_guard();
ALTER TABLE index_events ENABLE ALWAYS TRIGGER index_events_guard_rows;
ALTER TABLE index_events ENABLE ALWAYS TRIGGER index_events_guard_all;
ALTER TABLE index_things ENABLE ALWAYS TRIGGER index_things_guard_rows;
ALTER TABLE index_things ENABLE ALWAYS TRIGGER index_things_guard_all;
ALTER TABLE index_reached ENABLE ALWAYS TRIGGER index_reached_guard_rows;
ALTER TABLE index_reached ENABLE ALWAYS TRIGGER index_reached_guard_all;
ALTER TABLE index_counts ENABLE ALWAYS TRIGGER index_counts_guard_rows;
ALTER TABLE index_counts ENABLE ALWAYS TRIGGER index_counts_guard_all;
