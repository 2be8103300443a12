-- What finds the events of a thing comes as the rest of the index does: never of an event that the index has reached before.
CREATE TRIGGER index_things_come_next BEFORE INSERT ON index_things
WHEN NEW.sequence < COALESCE((SELECT reached FROM index_reached WHERE log_id = NEW.log_id), 0)
    OR NEW.sequence >= COALESCE((SELECT size FROM logs WHERE id = NEW.log_id), 0)
BEGIN
    SELECT RAISE(ABORT, 'append-only: the index of a log never changes');
END;

-- A checkpoint that is published stays as it was signed until a larger one takes its place.
DROP TRIGGER checkpoints_only_grow;
CREATE TRIGGER checkpoints_only_grow BEFORE UPDATE ON checkpoints
WHEN NEW.log_id <> OLD.log_id OR NEW.size < OLD.size
    OR (NEW.size = OLD.size AND (NEW.root <> OLD.root OR NEW.note <> OLD.note OR NEW.signed_at <> OLD.signed_at))
    OR NEW.size > (SELECT size FROM logs WHERE id = NEW.log_id)
BEGIN
    SELECT RAISE(ABORT, 'append-only: a checkpoint only grows, and covers what is there');
END;
