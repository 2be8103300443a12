-- A data key goes only while an erasure of its person is under way, and nothing else of its row ever changes.
CREATE TRIGGER data_keys_only_go BEFORE UPDATE ON data_keys
WHEN NEW.organization <> OLD.organization OR NEW.subject <> OLD.subject OR NEW.generation <> OLD.generation
    OR OLD.wrapped IS NULL OR NEW.wrapped IS NOT NULL
    OR NOT EXISTS (SELECT 1 FROM erasures e JOIN logs l ON l.id = e.log_id WHERE e.subject = OLD.subject AND e.done = 0
        AND (OLD.organization = 'instance' OR l.organization_id = OLD.organization))
BEGIN
    SELECT RAISE(ABORT, 'append-only: a data key only goes, while an erasure of its person is under way');
END;
CREATE TRIGGER data_keys_come_once BEFORE INSERT ON data_keys
WHEN EXISTS (SELECT 1 FROM data_keys k WHERE k.organization = NEW.organization AND k.subject = NEW.subject AND k.generation = NEW.generation)
    OR NEW.generation <> 1
    OR (NEW.wrapped IS NULL AND NOT EXISTS (SELECT 1 FROM erasures e JOIN logs l ON l.id = e.log_id
        WHERE e.subject = NEW.subject AND e.done = 0
            AND (NEW.organization = 'instance' OR l.organization_id = NEW.organization)))
BEGIN
    SELECT RAISE(ABORT, 'append-only: a data key comes once');
END;
CREATE TRIGGER data_keys_are_never_deleted BEFORE DELETE ON data_keys
BEGIN
    SELECT RAISE(ABORT, 'append-only: the row of a data key is never deleted');
END;

-- What a log is, stays; its origin comes once, and what signs it changes only with its next key. What every entry changes is
-- looked at by itself.
DROP TRIGGER logs_only_grow;
DROP TRIGGER keys_of_logs_only_come_next;
CREATE TRIGGER logs_only_grow BEFORE UPDATE OF size ON logs
WHEN NEW.size < OLD.size
BEGIN
    SELECT RAISE(ABORT, 'append-only: a log only grows');
END;
CREATE TRIGGER logs_stay_what_they_are BEFORE UPDATE OF id, kind, first_place, organization_id, origin, generation, vkey, seeds, rotations, created_at ON logs
WHEN NEW.id <> OLD.id OR NEW.kind <> OLD.kind OR NEW.first_place <> OLD.first_place OR NEW.created_at <> OLD.created_at
    OR NEW.organization_id IS NOT OLD.organization_id
    OR (NEW.origin IS NOT OLD.origin AND OLD.origin IS NOT NULL)
    OR NEW.generation NOT IN (OLD.generation, OLD.generation + 1)
    OR (NEW.generation = OLD.generation AND OLD.origin IS NOT NULL
        AND (NEW.vkey IS NOT OLD.vkey OR NEW.seeds <> OLD.seeds OR NEW.rotations <> OLD.rotations))
BEGIN
    SELECT RAISE(ABORT, 'append-only: a log stays what it is, and only its next key can come');
END;
-- Nothing shortens a log yet. What will, has to be recorded first.
CREATE TRIGGER logs_are_kept_whole BEFORE UPDATE OF kept_from ON logs
WHEN NEW.kept_from <> OLD.kept_from
BEGIN
    SELECT RAISE(ABORT, 'append-only: a log is kept from its beginning');
END;

-- The index says what the entries say: its rows never change, none comes where others are, and it goes on without a gap.
CREATE TRIGGER index_events_never_change BEFORE UPDATE ON index_events
BEGIN
    SELECT RAISE(ABORT, 'append-only: the index of a log never changes');
END;
CREATE TRIGGER index_events_come_next BEFORE INSERT ON index_events
WHEN NEW.sequence < COALESCE((SELECT reached FROM index_reached WHERE log_id = NEW.log_id), 0)
    OR NEW.sequence >= (SELECT size FROM logs WHERE id = NEW.log_id)
BEGIN
    SELECT RAISE(ABORT, 'append-only: the index of a log never changes');
END;
CREATE TRIGGER index_events_are_never_deleted BEFORE DELETE ON index_events
BEGIN
    SELECT RAISE(ABORT, 'append-only: the index of a log never changes');
END;
CREATE TRIGGER index_things_never_change BEFORE UPDATE ON index_things
BEGIN
    SELECT RAISE(ABORT, 'append-only: the index of a log never changes');
END;
CREATE TRIGGER index_things_are_never_deleted BEFORE DELETE ON index_things
BEGIN
    SELECT RAISE(ABORT, 'append-only: the index of a log never changes');
END;
CREATE TRIGGER index_counts_only_grow BEFORE UPDATE ON index_counts
WHEN NEW.log_id <> OLD.log_id OR NEW.workspace_id <> OLD.workspace_id OR NEW.events < OLD.events
BEGIN
    SELECT RAISE(ABORT, 'append-only: the index of a log never changes');
END;
CREATE TRIGGER index_counts_are_never_deleted BEFORE DELETE ON index_counts
BEGIN
    SELECT RAISE(ABORT, 'append-only: the index of a log never changes');
END;
CREATE TRIGGER index_begins_once BEFORE INSERT ON index_reached
WHEN NEW.reached <> 0 OR EXISTS (SELECT 1 FROM index_reached WHERE log_id = NEW.log_id)
BEGIN
    SELECT RAISE(ABORT, 'append-only: the index of a log has no gap');
END;
CREATE TRIGGER index_goes_on BEFORE DELETE ON index_reached
BEGIN
    SELECT RAISE(ABORT, 'append-only: the index of a log has no gap');
END;
CREATE TRIGGER index_has_no_gap BEFORE UPDATE ON index_reached
WHEN NEW.log_id <> OLD.log_id OR NEW.reached < OLD.reached
    OR (NEW.reached > OLD.reached AND NEW.reached - max(OLD.reached, (SELECT kept_from FROM logs WHERE id = NEW.log_id))
        > (SELECT count(*) FROM index_events WHERE log_id = NEW.log_id AND sequence >= OLD.reached AND sequence < NEW.reached))
BEGIN
    SELECT RAISE(ABORT, 'append-only: the index of a log has no gap');
END;
