-- Since when a log is signed with each of its keys but the first: `<generation>:<microseconds>`, separated by spaces.
ALTER TABLE logs ADD COLUMN rotations TEXT NOT NULL DEFAULT '';
UPDATE logs SET rotations = generation || ':' || rotated_at WHERE rotated_at IS NOT NULL;
ALTER TABLE logs DROP COLUMN rotated_at;

-- An erasure goes one way: on to its end, which is fixed once it has begun.
CREATE TRIGGER erasures_only_go_on BEFORE UPDATE ON erasures
WHEN NEW.id <> OLD.id OR NEW.log_id <> OLD.log_id OR NEW.subject IS NOT OLD.subject OR NEW.event_id IS NOT OLD.event_id
    OR NEW.part IS NOT OLD.part OR NEW.at <> OLD.at OR NEW.done < OLD.done OR NEW.rewritten < OLD.rewritten
    OR NEW.reached < OLD.reached OR (NEW.done = 1 AND NEW.reached < NEW.total)
    OR (NEW.total <> OLD.total AND (OLD.done = 1 OR OLD.reached > 0 OR NEW.total < OLD.total
        OR NEW.total > (SELECT size FROM logs WHERE id = NEW.log_id)))
BEGIN
    SELECT RAISE(ABORT, 'append-only: an erasure only goes on');
END;
CREATE TRIGGER erasures_come_once BEFORE INSERT ON erasures
WHEN NEW.total > (SELECT size FROM logs WHERE id = NEW.log_id) OR EXISTS (SELECT 1 FROM erasures WHERE id = NEW.id)
BEGIN
    SELECT RAISE(ABORT, 'append-only: an erasure comes once, and covers what is there');
END;
CREATE TRIGGER erasures_are_never_deleted BEFORE DELETE ON erasures
BEGIN
    SELECT RAISE(ABORT, 'append-only: an erasure is never deleted');
END;

-- Parts shrink where an erasure that is under way has come to: of an entry that names the person, whose key is destroyed, or
-- of the event itself.
DROP TRIGGER parts_only_shrink;
CREATE TRIGGER parts_only_shrink BEFORE UPDATE ON entries
WHEN NOT (length(NEW.parts) < length(OLD.parts)
    AND EXISTS (SELECT 1 FROM erasures e JOIN logs l ON l.id = e.log_id
        WHERE l.first_place = (OLD.place >> 40) << 40 AND e.done = 0
            AND OLD.place >= l.first_place + e.reached AND OLD.place < l.first_place + e.total
            AND CASE WHEN e.subject IS NULL THEN json_extract(CAST(OLD.entry AS TEXT), '$.id') = e.event_id
                ELSE instr(OLD.entry, CAST(e.subject AS BLOB)) > 0 AND EXISTS (SELECT 1 FROM data_keys k
                    WHERE k.organization = COALESCE(l.organization_id, 'instance') AND k.subject = e.subject
                        AND k.erased_at IS NOT NULL)
                END))
BEGIN
    SELECT RAISE(ABORT, 'append-only: sealed parts only shrink, and only while an erasure of them is recorded');
END;
