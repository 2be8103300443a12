//! Append-only: the database itself refuses what would change the past, whoever asks.

use store::Upkeep;

use crate::support::{Kind, Log, Place, Raw, create, logs, on_both, team};

const NEVER: &str = "append-only";
/// The place of the first entry of the log in these tests: the first log is the instance's.
const FIRST: i64 = 1 << 40;

/// A database with a log of some entries, and the log's id. Nobody else is connected to it.
fn with_a_log(place: &Place) -> (Raw, String) {
    let store = place.open();
    let team = team(&store, "Fernhill");
    let _ = create(&store, team, "Web app");
    drop(store);
    let mut raw = place.raw();
    let id = Log::of(&mut raw, team.organization).id;
    let first = format!("SELECT first_place FROM logs WHERE id = '{id}'");
    assert_eq!(raw.number(&first), FIRST);
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
    refused(|_| format!("UPDATE entries SET entry = parts WHERE place = {FIRST}"));
}

#[test]
fn an_entry_never_moves_within_its_log() {
    refused(|_| format!("UPDATE entries SET place = {FIRST} + 99 WHERE place = {FIRST} + 4"));
}

#[test]
fn an_entry_never_moves_to_another_log() {
    refused(|_| format!("UPDATE entries SET place = 99 WHERE place = {FIRST}"));
}

#[test]
fn an_entry_that_is_kept_is_never_deleted() {
    refused(|_| format!("DELETE FROM entries WHERE place = {FIRST} + 4"));
}

#[test]
fn an_entry_never_comes_twice() {
    refused(|_| format!("INSERT INTO entries SELECT * FROM entries WHERE place = {FIRST} + 4"));
}

#[test]
fn an_entry_never_comes_after_a_gap() {
    refused(|_| {
        format!(
            "INSERT INTO entries SELECT {FIRST} + 6, entry, parts FROM entries WHERE place = {FIRST} + 4"
        )
    });
}

#[test]
fn what_would_break_a_log_undoes_its_transaction() {
    on_both(|place| {
        let (mut raw, log) = with_a_log(&place);
        for sql in [
            format!(
                "INSERT INTO entries SELECT {FIRST} + 6, entry, parts FROM entries WHERE place = {FIRST} + 4"
            ),
            format!("UPDATE logs SET size = 0 WHERE id = '{log}'"),
        ] {
            raw.must("BEGIN; UPDATE sources SET name = 'Another'");
            raw.refuses(&sql, NEVER);
            // SQLite has ended it already, PostgreSQL ends it so.
            let _ = raw.run("COMMIT");
            let another = "SELECT count(*) FROM sources WHERE name = 'Another'";
            assert_eq!(raw.number(another), 0, "{sql}");
        }
    });
}

#[test]
fn an_entry_never_comes_before_the_first() {
    on_both(|place| {
        let (mut raw, log) = with_a_log(&place);
        may_be_shortened(&place);
        raw.must(&format!("UPDATE logs SET kept_from = 2 WHERE id = '{log}'; DELETE FROM entries WHERE place >= {FIRST} AND place < {FIRST} + 2"));
        raw.refuses(&format!("INSERT INTO entries SELECT {FIRST} + 1, entry, parts FROM entries WHERE place = {FIRST} + 4"), NEVER);
    });
}

#[test]
fn sealed_parts_never_change() {
    refused(|_| format!("UPDATE entries SET parts = entry WHERE place = {FIRST} + 4"));
}

#[test]
fn sealed_parts_do_not_shrink_without_an_erasure() {
    on_both(|place| {
        let (mut raw, log) = with_a_log(&place);
        let shrink = format!(
            "UPDATE entries SET parts = {} WHERE place = {FIRST} + 4",
            empty(&place)
        );
        raw.refuses(&shrink, NEVER);
        raw.must(&format!(
            "INSERT INTO erasures (id, log_id, subject, at, total, reached, done) VALUES ('one', '{log}', 'someone', 1, 4, 4, 1)"
        ));
        raw.refuses(&shrink, NEVER);
    });
}

#[test]
fn sealed_parts_only_shrink_while_an_erasure_is_under_way() {
    on_both(|place| {
        let (mut raw, log) = with_a_log(&place);
        let one = event(&mut raw, &log, 4);
        raw.must(&format!(
            "INSERT INTO erasures (id, log_id, event_id, part, at, total, reached, done) VALUES ('two', '{log}', '{one}', 'target', 1, 5, 0, 0)"
        ));
        let longer = match place.kind {
            Kind::Sqlite => "CAST(parts || parts AS BLOB)",
            Kind::Postgres => "parts || parts",
        };
        for (parts, sequence) in [(longer, 4), ("parts", 4)] {
            raw.refuses(
                &format!("UPDATE entries SET parts = {parts} WHERE place = {FIRST} + {sequence}"),
                NEVER,
            );
        }
        let empty = empty(&place);
        raw.refuses(
            &format!("UPDATE entries SET parts = {empty}, entry = parts WHERE place = {FIRST} + 4"),
            NEVER,
        );
        raw.refuses(
            &format!("DELETE FROM entries WHERE place = {FIRST} + 4"),
            NEVER,
        );
        raw.must(&format!(
            "UPDATE entries SET parts = {empty} WHERE place = {FIRST} + 4"
        ));
    });
}

/// The id of an event of a log.
fn event(raw: &mut Raw, log: &str, sequence: usize) -> String {
    let logs = logs(raw);
    let log = logs.iter().find(|one| one.id == log).expect("a log");
    log.parsed()[sequence].id.clone()
}

/// Whether all parts of an entry may go.
fn may_shrink(place: &Place, raw: &mut Raw, sequence: usize) -> bool {
    let shrink = format!(
        "UPDATE entries SET parts = {} WHERE place = {FIRST} + {sequence}",
        empty(place)
    );
    raw.must("BEGIN");
    let done = raw.run(&shrink);
    raw.must("ROLLBACK");
    match done {
        Ok(()) => true,
        Err(error) => {
            assert!(error.contains(NEVER), "{error}");
            false
        }
    }
}

#[test]
fn sealed_parts_shrink_only_of_the_entries_that_an_erasure_has_come_to() {
    on_both(|place| {
        let (mut raw, log) = with_a_log(&place);
        let person = raw.rows("SELECT user_id FROM members")[0][0]
            .text()
            .to_owned();
        let found = logs(&mut raw);
        let found = found.iter().find(|one| one.id == log).expect("a log");
        let mut names: Vec<bool> = found
            .entries
            .iter()
            .map(|entry| str::from_utf8(entry).expect("text").contains(&person))
            .collect();
        let first = names.iter().position(|one| *one).expect("an entry");
        assert!(names[first + 1..].contains(&true), "{names:?}");
        raw.must(&format!(
            "INSERT INTO erasures (id, log_id, subject, at, total, reached, done) VALUES ('one', '{log}', '{person}', 1, 5, 0, 0)"
        ));
        let mut may = || [0, 1, 2, 3, 4].map(|sequence| may_shrink(&place, &mut raw, sequence));
        assert_eq!(may(), [false; 5], "the person's key is there");
        let organization = found.organization.as_ref().expect("an organization");
        place.raw().must(&format!(
            "UPDATE data_keys SET wrapped = NULL, erased_at = 1 WHERE organization = '{organization}' AND subject = '{person}'"
        ));
        assert_eq!(may(), *names);
        place
            .raw()
            .must(&format!("UPDATE erasures SET reached = {first} + 1"));
        names[first] = false;
        assert_eq!(may(), *names);
        place
            .raw()
            .must("UPDATE erasures SET reached = 5, done = 1");
        assert_eq!(may(), [false; 5], "it has come to its end");
        // Of one part of one event, only that event.
        let one = event(&mut place.raw(), &log, 3);
        place.raw().must(&format!(
            "INSERT INTO erasures (id, log_id, event_id, part, at, total, reached, done) VALUES ('two', '{log}', '{one}', 'target', 1, 5, 0, 0)"
        ));
        assert_eq!(may(), [false, false, false, true, false]);
    });
}

#[test]
fn an_erasure_only_goes_on() {
    on_both(|place| {
        let (mut raw, log) = with_a_log(&place);
        let insert = |id: &str, total: u64, reached: u64, done: u64| {
            format!(
                "INSERT INTO erasures (id, log_id, subject, at, total, reached, done) VALUES ('{id}', '{log}', 'someone', 1, {total}, {reached}, {done})"
            )
        };
        raw.must(&insert("done", 4, 4, 1));
        raw.must(&insert("begun", 4, 2, 0));
        raw.must(&insert("new", 4, 0, 0));
        let before = raw.table("erasures");
        for (one, change) in [
            ("done", "done = 0"),
            ("done", "reached = 0"),
            ("done", "done = 0, reached = 0, total = 5"),
            ("done", "id = 'other'"),
            ("done", "total = 5"),
            ("begun", "reached = 1"),
            ("begun", "total = 5"),
            ("begun", "done = 1"),
            ("begun", "subject = 'another'"),
            ("begun", "subject = NULL, event_id = 'one', part = 'target'"),
            ("begun", "log_id = (SELECT log_id FROM instance)"),
            ("begun", "at = 2"),
            ("new", "total = 3"),
            ("new", "total = 6"),
        ] {
            raw.refuses(
                &format!("UPDATE erasures SET {change} WHERE id = '{one}'"),
                NEVER,
            );
        }
        raw.refuses("DELETE FROM erasures", NEVER);
        raw.refuses(&insert("more", 6, 0, 0), NEVER);
        match place.kind {
            Kind::Sqlite => {
                let replace = insert("done", 4, 0, 0).replace("INSERT", "INSERT OR REPLACE");
                raw.refuses(&replace, NEVER);
            }
            Kind::Postgres => raw.refuses("TRUNCATE erasures", NEVER),
        }
        assert_eq!(raw.table("erasures"), before);
        raw.must("UPDATE erasures SET total = 5 WHERE id = 'new'");
        raw.must("UPDATE erasures SET reached = 4, done = 1 WHERE id = 'begun'");
        raw.must("UPDATE erasures SET rewritten = 1 WHERE id = 'done'");
        raw.refuses("UPDATE erasures SET rewritten = 0", NEVER);
    });
}

/// As once something shortens logs.
fn may_be_shortened(place: &Place) {
    let on = match place.kind {
        Kind::Sqlite => "",
        Kind::Postgres => " ON logs",
    };
    place
        .raw()
        .must(&format!("DROP TRIGGER logs_are_kept_whole{on}"));
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
        may_be_shortened(&place);
        raw.must(&format!("UPDATE logs SET kept_from = 2 WHERE id = '{log}'"));
        raw.refuses(
            &format!("DELETE FROM entries WHERE place = {FIRST} + 2"),
            NEVER,
        );
        raw.must(&format!(
            "DELETE FROM entries WHERE place >= {FIRST} AND place < {FIRST} + 2"
        ));
        assert_eq!(
            raw.number(&format!(
                "SELECT min(place) FROM entries WHERE place >= {FIRST}"
            )),
            FIRST + 2
        );
    });
}

#[test]
fn a_log_is_kept_from_its_beginning() {
    refused(|log| format!("UPDATE logs SET kept_from = 2 WHERE id = '{log}'"));
}

#[test]
fn a_log_that_is_kept_from_its_end_goes_on_from_there() {
    on_both(|place| {
        let store = place.open();
        let team = team(&store, "Fernhill");
        let log = Log::of(&mut place.raw(), team.organization).id;
        may_be_shortened(&place);
        place.raw().must(&format!("UPDATE logs SET kept_from = 4 WHERE id = '{log}'; DELETE FROM entries WHERE place >= {FIRST}"));
        let _ = create(&store, team, "Web app");
        assert_eq!(
            place.raw().number(&format!(
                "SELECT min(place) FROM entries WHERE place >= {FIRST}"
            )),
            FIRST + 4
        );
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
    refused(|log| format!("UPDATE logs SET first_place = {FIRST} * 7 WHERE id = '{log}'"));
}

#[test]
fn what_signs_a_log_changes_only_with_its_next_key() {
    for change in [
        "origin = 'other.example/log'",
        "vkey = 'other.example/log+12345678+AAAA'",
        "seeds = '1:other'",
        "rotations = '2:1'",
        "generation = generation + 2",
        "kind = 'import'",
        "created_at = 1",
    ] {
        refused(|log| format!("UPDATE logs SET {change} WHERE id = '{log}'"));
    }
    on_both(|place| {
        let (mut raw, log) = with_a_log(&place);
        raw.must(&format!(
            "UPDATE logs SET generation = generation + 1, vkey = 'next', rotations = '2:1' WHERE id = '{log}'"
        ));
    });
}

#[test]
fn a_data_key_goes_only_while_its_person_is_erased() {
    on_both(|place| {
        let (mut raw, log) = with_a_log(&place);
        let organization = logs(&mut raw)
            .into_iter()
            .find(|one| one.id == log)
            .and_then(|one| one.organization)
            .expect("an organization");
        let person = raw.rows("SELECT user_id FROM members")[0][0]
            .text()
            .to_owned();
        let mut erasure = |id: &str, subject: &str, done: u64| {
            raw.must(&format!(
                "INSERT INTO erasures (id, log_id, subject, at, total, reached, done) VALUES ('{id}', '{log}', '{subject}', 1, 4, 4, {done})"
            ));
        };
        erasure("over", &person, 1);
        erasure("another", "someone-else", 0);
        let mut raw = place.raw();
        let before = raw.table("data_keys");
        let of = |organization: &str| {
            format!("WHERE organization = '{organization}' AND subject = '{person}'")
        };
        let destroy = |organization: &str| {
            let of = of(organization);
            format!("UPDATE data_keys SET wrapped = NULL, erased_at = 1 {of}")
        };
        let all = [
            destroy(&organization),
            destroy("instance"),
            format!("UPDATE data_keys SET generation = 2 {}", of(&organization)),
            format!("UPDATE data_keys SET wrapped = (SELECT wrapped FROM data_keys WHERE organization = 'instance' AND subject = '{person}') {}", of(&organization)),
            format!("DELETE FROM data_keys {}", of(&organization)),
            "INSERT INTO data_keys (organization, subject, generation, wrapped, erased_at) VALUES ('instance', 'new', 1, NULL, 1)".to_owned(),
            format!("INSERT INTO data_keys SELECT organization, subject, 2, wrapped, NULL FROM data_keys {}", of(&organization)),
            match place.kind {
                Kind::Sqlite => format!("INSERT OR REPLACE INTO data_keys (organization, subject, generation, wrapped) VALUES ('{organization}', '{person}', 1, x'00')"),
                Kind::Postgres => "TRUNCATE data_keys".to_owned(),
            },
        ];
        for sql in &all {
            raw.refuses(sql, NEVER);
        }
        assert_eq!(raw.table("data_keys"), before);
        raw.must(&format!(
            "INSERT INTO erasures (id, log_id, subject, at, total, reached, done) VALUES ('now', '{log}', '{person}', 1, 4, 0, 0)"
        ));
        raw.must(&destroy(&organization));
        raw.must(&destroy("instance"));
        let back = format!(
            "UPDATE data_keys SET wrapped = (SELECT wrapped FROM data_keys WHERE wrapped IS NOT NULL LIMIT 1), erased_at = NULL {}",
            of(&organization)
        );
        raw.refuses(&back, NEVER);
        let _ = place.open();
    });
}

#[test]
fn the_index_of_a_log_has_no_gap_and_never_changes() {
    on_both(|place| {
        let (mut raw, log) = with_a_log(&place);
        let store = place.open();
        while store.upkeep(Upkeep::Index).wait().expect("indexed") > 0 {}
        let tables = [
            "index_events",
            "index_things",
            "index_counts",
            "index_reached",
        ];
        let before = tables.map(|table| raw.table(table));
        let again = "SELECT log_id, 2, event_id, at, workspace_id, 'nobody', target_type, target, action, outcome FROM index_events WHERE sequence = 2";
        for sql in [
            "DELETE FROM index_events WHERE sequence = 2",
            "UPDATE index_events SET actor = 'someone'",
            "DELETE FROM index_things WHERE sequence = 2",
            "UPDATE index_things SET thing = 'something' WHERE sequence = 2",
            "UPDATE index_counts SET events = events - 1",
            "DELETE FROM index_counts",
            "UPDATE index_reached SET reached = reached - 1",
            "UPDATE index_reached SET reached = reached + 1",
            "DELETE FROM index_reached",
            &format!("INSERT INTO index_things VALUES ('{log}', 'something', 2)"),
            &format!("INSERT INTO index_things VALUES ('{log}', 'something', 1000)"),
            "INSERT INTO index_things VALUES ('no log', 'something', 0)",
            &format!("INSERT INTO index_events {again}"),
            &format!(
                "INSERT INTO index_events {}",
                again.replace(", 2,", ", 1000,")
            ),
        ] {
            raw.refuses(sql, NEVER);
        }
        match place.kind {
            Kind::Sqlite => {
                raw.refuses(
                    &format!("INSERT OR REPLACE INTO index_events {again}"),
                    NEVER,
                );
                let back = format!("INSERT OR REPLACE INTO index_reached VALUES ('{log}', 0)");
                raw.refuses(&back, NEVER);
            }
            Kind::Postgres => {
                for table in tables {
                    raw.refuses(&format!("TRUNCATE {table}"), NEVER);
                }
            }
        }
        assert_eq!(tables.map(|table| raw.table(table)), before);
    });
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
        refused(|_| format!("UPDATE entries SET rowid = {FIRST} + 99 WHERE place = {FIRST} + 4"));
        refused(|_| {
            "INSERT INTO entries (entry, parts) SELECT entry, parts FROM entries".to_owned()
        });
        refused(|_| {
            format!(
                "INSERT OR REPLACE INTO entries SELECT place, parts, parts FROM entries WHERE place = {FIRST} + 4"
            )
        });
        refused(|_| {
            format!(
                "REPLACE INTO entries SELECT {FIRST}, entry, parts FROM entries WHERE place = {FIRST} + 4"
            )
        });
        refused(|_| {
            format!("UPDATE OR REPLACE entries SET place = {FIRST} WHERE place = {FIRST} + 4")
        });
    }

    #[test]
    fn replace_does_not_take_a_log_away() {
        refused(|log| {
            format!(
                "PRAGMA foreign_keys = OFF; INSERT OR REPLACE INTO logs SELECT id, kind, organization_id, origin, vkey, first_place, 0, x'', 0, 0 FROM logs WHERE id = '{log}'"
            )
        });
        refused(|log| {
            format!(
                "PRAGMA foreign_keys = OFF; INSERT OR REPLACE INTO logs (id, kind, first_place, size, frontier, kept_from, created_at) SELECT 'other', 'import', first_place, 0, x'', 0, 0 FROM logs WHERE id = '{log}'"
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
        refused(|_| {
            format!(
                "CREATE TEMP TABLE logs (first_place INTEGER, kept_from INTEGER); INSERT INTO temp.logs VALUES ({FIRST}, 99); DELETE FROM main.entries WHERE place >= {FIRST}"
            )
        });
    }

    #[test]
    fn an_entry_of_no_log_is_refused_even_without_foreign_keys() {
        refused(|_| {
            format!(
                "PRAGMA foreign_keys = OFF; INSERT INTO entries SELECT {FIRST} * 7, entry, parts FROM entries WHERE place = {FIRST}"
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
        refused(role, |_| {
            format!("DELETE FROM entries WHERE place >= {FIRST}")
        });
        refused(role, |_| {
            format!("UPDATE entries SET entry = parts WHERE place >= {FIRST}")
        });
        refused(role, |log| format!("DELETE FROM logs WHERE id = '{log}'"));
        refused(role, |_| "TRUNCATE entries".to_owned());
    }

    #[test]
    fn temporary_tables_do_not_pass_for_the_real_ones() {
        refused(
            "CREATE TEMP TABLE logs (first_place BIGINT, kept_from BIGINT); INSERT INTO pg_temp.logs VALUES (1099511627776, 99)",
            |_| format!("DELETE FROM public.entries WHERE place >= {FIRST}"),
        );
        refused(
            "CREATE TEMP TABLE erasures (log_id TEXT, done BIGINT); INSERT INTO pg_temp.erasures VALUES ('{log}', 0)",
            |_| format!("UPDATE public.entries SET parts = '' WHERE place >= {FIRST}"),
        );
        for tables in [
            "CREATE TEMP TABLE logs (first_place BIGINT, kept_from BIGINT); INSERT INTO pg_temp.logs VALUES (1099511627776, 99)",
            "CREATE TEMP TABLE entries (place BIGINT); INSERT INTO pg_temp.entries VALUES (1099511627776 + 98)",
        ] {
            refused(tables, |_| far_away());
        }
    }

    /// An entry that leaves a gap.
    fn far_away() -> String {
        format!(
            "INSERT INTO public.entries (place, entry, parts) VALUES ({FIRST} + 99, '{{}}', '')"
        )
    }

    #[test]
    fn operators_of_ones_own_do_not_pass_for_the_real_ones() {
        let operators = |answer: &str| {
            format!(
                "CREATE SCHEMA own; \
                 CREATE FUNCTION own.answer(BIGINT, BIGINT) RETURNS BOOLEAN LANGUAGE sql AS 'SELECT {answer}'; \
                 CREATE OPERATOR own.= (LEFTARG = BIGINT, RIGHTARG = BIGINT, FUNCTION = own.answer); \
                 CREATE OPERATOR own.<> (LEFTARG = BIGINT, RIGHTARG = BIGINT, FUNCTION = own.answer); \
                 CREATE OPERATOR own.>= (LEFTARG = BIGINT, RIGHTARG = BIGINT, FUNCTION = own.answer); \
                 SET search_path = own, pg_catalog, public"
            )
        };
        for answer in ["true", "false"] {
            refused(&operators(answer), |_| far_away());
        }
        refused(&operators("true"), |log| {
            format!("UPDATE public.logs SET size = 0 WHERE id = '{log}'")
        });
    }
}
