//! Append-only: the database itself refuses what would change the past, whoever asks.

use crate::support::{Kind, Log, Place, Raw, create, on_both, team};

const NEVER: &str = "append-only";

/// A database with a log of some entries, and the log's id. Nobody else is connected to it.
fn with_a_log(place: &Place) -> (Raw, String) {
    let store = place.open();
    let team = team(&store, "Fernhill");
    let _ = create(&store, team, "Web app");
    drop(store);
    let mut raw = place.raw();
    let id = Log::of(&mut raw, team.organization).id;
    (raw, id)
}

/// A statement that must be refused, and leave the logs as they were.
#[track_caller]
fn refused(sql: impl Fn(&str) -> String) {
    on_both(|place| {
        let (mut raw, log) = with_a_log(&place);
        let before = (raw.table("logs"), raw.table("entries"));
        raw.refuses(&sql(&log), NEVER);
        assert_eq!((raw.table("logs"), raw.table("entries")), before);
    });
}

#[test]
fn an_entry_is_never_changed() {
    refused(|log| {
        format!("UPDATE entries SET entry = parts WHERE log_id = '{log}' AND sequence = 0")
    });
}

#[test]
fn an_entry_never_moves_within_its_log() {
    refused(|log| {
        format!("UPDATE entries SET sequence = 99 WHERE log_id = '{log}' AND sequence = 4")
    });
}

#[test]
fn an_entry_never_moves_to_another_log() {
    refused(|log| {
        format!(
            "UPDATE entries SET log_id = (SELECT id FROM logs WHERE kind = 'instance') WHERE log_id = '{log}' AND sequence = 0"
        )
    });
}

#[test]
fn an_entry_that_is_kept_is_never_deleted() {
    refused(|log| format!("DELETE FROM entries WHERE log_id = '{log}' AND sequence = 4"));
}

#[test]
fn an_entry_never_comes_twice() {
    refused(|log| {
        format!("INSERT INTO entries SELECT * FROM entries WHERE log_id = '{log}' AND sequence = 4")
    });
}

#[test]
fn an_entry_never_comes_after_a_gap() {
    refused(|log| {
        format!(
            "INSERT INTO entries SELECT log_id, 6, entry, parts FROM entries WHERE log_id = '{log}' AND sequence = 4"
        )
    });
}

#[test]
fn an_entry_never_comes_before_the_first() {
    on_both(|place| {
        let (mut raw, log) = with_a_log(&place);
        raw.must(&format!("UPDATE logs SET kept_from = 2 WHERE id = '{log}'; DELETE FROM entries WHERE log_id = '{log}' AND sequence < 2"));
        raw.refuses(&format!("INSERT INTO entries SELECT log_id, 1, entry, parts FROM entries WHERE log_id = '{log}' AND sequence = 4"), NEVER);
    });
}

#[test]
fn sealed_parts_never_change() {
    refused(|log| {
        format!("UPDATE entries SET parts = entry WHERE log_id = '{log}' AND sequence = 4")
    });
}

#[test]
fn sealed_parts_do_not_shrink_without_an_erasure() {
    on_both(|place| {
        let (mut raw, log) = with_a_log(&place);
        let shrink = format!(
            "UPDATE entries SET parts = {} WHERE log_id = '{log}' AND sequence = 4",
            empty(&place)
        );
        raw.refuses(&shrink, NEVER);
        raw.must(&format!(
            "INSERT INTO erasures (log_id, sequence, done) VALUES ('{log}', 4, 1)"
        ));
        raw.refuses(&shrink, NEVER);
    });
}

#[test]
fn sealed_parts_only_shrink_while_an_erasure_is_under_way() {
    on_both(|place| {
        let (mut raw, log) = with_a_log(&place);
        raw.must(&format!(
            "INSERT INTO erasures (log_id, sequence, done) VALUES ('{log}', 4, 0)"
        ));
        let longer = match place.kind {
            Kind::Sqlite => "CAST(parts || parts AS BLOB)",
            Kind::Postgres => "parts || parts",
        };
        for (parts, sequence) in [(longer, 4), ("parts", 4)] {
            raw.refuses(&format!("UPDATE entries SET parts = {parts} WHERE log_id = '{log}' AND sequence = {sequence}"), NEVER);
        }
        let empty = empty(&place);
        raw.refuses(&format!("UPDATE entries SET parts = {empty}, entry = parts WHERE log_id = '{log}' AND sequence = 4"), NEVER);
        raw.refuses(
            &format!("DELETE FROM entries WHERE log_id = '{log}' AND sequence = 4"),
            NEVER,
        );
        raw.must(&format!(
            "UPDATE entries SET parts = {empty} WHERE log_id = '{log}' AND sequence = 4"
        ));
    });
}

fn empty(place: &Place) -> &'static str {
    match place.kind {
        Kind::Sqlite => "x''",
        Kind::Postgres => "''::bytea",
    }
}

#[test]
fn an_entry_below_what_is_kept_may_go_and_the_rest_stays() {
    on_both(|place| {
        let (mut raw, log) = with_a_log(&place);
        raw.must(&format!("UPDATE logs SET kept_from = 2 WHERE id = '{log}'"));
        raw.refuses(
            &format!("DELETE FROM entries WHERE log_id = '{log}' AND sequence = 2"),
            NEVER,
        );
        raw.must(&format!(
            "DELETE FROM entries WHERE log_id = '{log}' AND sequence < 2"
        ));
        raw.refuses(
            &format!("UPDATE logs SET kept_from = 1 WHERE id = '{log}'"),
            NEVER,
        );
        assert_eq!(raw.number("SELECT min(sequence) FROM entries"), 2);
    });
}

#[test]
fn a_log_that_is_kept_from_its_end_goes_on_from_there() {
    on_both(|place| {
        let store = place.open();
        let team = team(&store, "Fernhill");
        let log = Log::of(&mut place.raw(), team.organization).id;
        place.raw().must(&format!("UPDATE logs SET kept_from = 4 WHERE id = '{log}'; DELETE FROM entries WHERE log_id = '{log}'"));
        let _ = create(&store, team, "Web app");
        assert_eq!(place.raw().number("SELECT min(sequence) FROM entries"), 4);
    });
}

#[test]
fn a_log_never_shrinks() {
    refused(|log| format!("UPDATE logs SET size = size - 1 WHERE id = '{log}'"));
}

#[test]
fn a_log_never_takes_the_place_of_another() {
    refused(|log| format!("UPDATE logs SET id = 'other' WHERE id = '{log}'"));
    refused(|log| format!("UPDATE logs SET organization_id = 'other' WHERE id = '{log}'"));
}

#[test]
fn a_log_is_never_deleted() {
    refused(|log| format!("DELETE FROM entries WHERE false; DELETE FROM logs WHERE id = '{log}'"));
}

#[test]
fn a_version_never_changes() {
    on_both(|place| {
        let store = place.open();
        let team = team(&store, "Fernhill");
        let mut raw = place.raw();
        raw.must(&format!("INSERT INTO transformation_versions VALUES ('v', 't', 'library', '{}', 1, 'n', 'd', 'javascript', 'c', 0)", team.workspace));
        let before = raw.table("transformation_versions");
        raw.refuses(
            "UPDATE transformation_versions SET code = 'other'",
            "a version never changes",
        );
        raw.refuses("DELETE FROM transformation_versions", "a version");
        if place.kind == Kind::Sqlite {
            for key in [
                "'v', 't', 'library', '{}', 2",
                "'w', 't', 'library', '{}', 1",
            ] {
                let key = key.replace("{}", team.workspace.as_str());
                raw.refuses(&format!("INSERT OR REPLACE INTO transformation_versions VALUES ({key}, 'n', 'd', 'javascript', 'other', 0)"), "a version never changes");
            }
        }
        assert_eq!(raw.table("transformation_versions"), before);
    });
}

mod sqlite {
    use super::*;

    #[track_caller]
    fn refused(sql: impl Fn(&str) -> String) {
        let place = Place::new(Kind::Sqlite);
        let (mut raw, log) = with_a_log(&place);
        let before = (raw.table("main.logs"), raw.table("entries"));
        assert!(raw.run(&sql(&log)).is_err(), "{}", sql(&log));
        assert_eq!((raw.table("main.logs"), raw.table("entries")), before);
    }

    #[test]
    fn replace_does_not_change_an_entry() {
        refused(|log| {
            format!(
                "INSERT OR REPLACE INTO entries SELECT log_id, sequence, parts, parts FROM entries WHERE log_id = '{log}' AND sequence = 4"
            )
        });
        refused(|log| {
            format!(
                "REPLACE INTO entries SELECT log_id, 0, entry, parts FROM entries WHERE log_id = '{log}' AND sequence = 4"
            )
        });
        refused(|log| {
            format!(
                "UPDATE OR REPLACE entries SET sequence = 0 WHERE log_id = '{log}' AND sequence = 4"
            )
        });
    }

    #[test]
    fn replace_does_not_take_a_log_away() {
        refused(|log| {
            format!(
                "PRAGMA foreign_keys = OFF; INSERT OR REPLACE INTO logs SELECT id, kind, organization_id, origin, vkey, 0, x'', 0, 0 FROM logs WHERE id = '{log}'"
            )
        });
        refused(|log| {
            format!(
                "PRAGMA foreign_keys = OFF; INSERT OR REPLACE INTO logs (rowid, id, kind, size, frontier, kept_from, created_at) SELECT rowid, 'other', 'import', 0, x'', 0, 0 FROM logs WHERE id = '{log}'"
            )
        });
        refused(|log| {
            format!(
                "PRAGMA foreign_keys = OFF; UPDATE OR REPLACE logs SET kind = 'organization', organization_id = (SELECT organization_id FROM logs WHERE id = '{log}') WHERE kind = 'instance'"
            )
        });
    }

    #[test]
    fn temporary_tables_do_not_pass_for_the_real_ones() {
        refused(|log| {
            format!(
                "CREATE TEMP TABLE logs (id TEXT, kept_from INTEGER); INSERT INTO temp.logs VALUES ('{log}', 99); DELETE FROM main.entries WHERE log_id = '{log}'"
            )
        });
    }

    #[test]
    fn an_entry_of_no_log_is_refused_even_without_foreign_keys() {
        refused(|log| {
            format!(
                "PRAGMA foreign_keys = OFF; INSERT INTO entries SELECT 'none', 0, entry, parts FROM entries WHERE log_id = '{log}' AND sequence = 0"
            )
        });
    }
}

mod postgres {
    use super::*;

    #[track_caller]
    fn refused(before: &str, sql: impl Fn(&str) -> String) {
        let place = Place::new(Kind::Postgres);
        let (mut raw, log) = with_a_log(&place);
        let rows = (raw.table("public.logs"), raw.table("public.entries"));
        raw.must(&before.replace("{log}", &log));
        raw.refuses(&sql(&log), "");
        assert_eq!(
            (raw.table("public.logs"), raw.table("public.entries")),
            rows
        );
    }

    #[test]
    fn a_log_is_never_truncated() {
        refused("", |_| "TRUNCATE entries".to_owned());
        refused("", |_| "TRUNCATE logs CASCADE".to_owned());
        refused("", |_| "TRUNCATE transformation_versions".to_owned());
    }

    #[test]
    fn the_replica_role_does_not_switch_the_triggers_off() {
        let role = "SET session_replication_role = replica";
        refused(role, |log| {
            format!("DELETE FROM entries WHERE log_id = '{log}'")
        });
        refused(role, |log| {
            format!("UPDATE entries SET entry = parts WHERE log_id = '{log}'")
        });
        refused(role, |log| format!("DELETE FROM logs WHERE id = '{log}'"));
        refused(role, |_| "TRUNCATE entries".to_owned());
    }

    #[test]
    fn temporary_tables_do_not_pass_for_the_real_ones() {
        refused(
            "CREATE TEMP TABLE logs (id TEXT, kept_from BIGINT); INSERT INTO pg_temp.logs VALUES ('{log}', 99)",
            |log| format!("DELETE FROM public.entries WHERE log_id = '{log}'"),
        );
        refused(
            "CREATE TEMP TABLE erasures (log_id TEXT, done BIGINT); INSERT INTO pg_temp.erasures VALUES ('{log}', 0)",
            |log| format!("UPDATE public.entries SET parts = '' WHERE log_id = '{log}'"),
        );
    }
}
