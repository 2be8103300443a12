//! The seam: the same statement gives the same answer on both databases.

use super::{Conn, DbError, Location, Param, Row, Uncommitted, Value, params};
use crate::testing::{Postgres, temp_dir};

/// A connection to each database, with a small table.
fn on_both(test: impl Fn(&mut Conn)) {
    let folder = temp_dir();
    let file = folder.path().join("seam.db");
    for location in [
        Location::Sqlite {
            file,
            max_pages: None,
        },
        Location::Postgres(Postgres::shared().fresh_database()),
    ] {
        let mut conn = Conn::open(&location).expect("a connection");
        let (int, blob, text, strict) = if conn.is_postgres() {
            ("BIGINT", "BYTEA", "TEXT COLLATE \"C\"", "")
        } else {
            ("INTEGER", "BLOB", "TEXT", " STRICT")
        };
        conn.batch(&format!(
            "CREATE TABLE things (id {text} PRIMARY KEY, size {int} CHECK (size >= 0), name {text}, bytes {blob}){strict};"
        ))
        .expect("a table");
        test(&mut conn);
    }
}

fn put(conn: &mut Conn, id: &str, values: [Param<'_>; 3]) -> Result<u64, DbError> {
    let [size, name, bytes] = values;
    conn.execute(
        "INSERT INTO things (id, size, name, bytes) VALUES ($1, $2, $3, $4)",
        &[id.into(), size, name, bytes],
    )
}

#[test]
fn a_parameter_is_known_by_its_number_and_not_by_where_it_first_stands() {
    on_both(|conn| {
        let row = conn
            .query_one(
                "SELECT CAST($2 AS TEXT), CAST($1 AS TEXT), CAST($2 AS TEXT)",
                params!["one", "two"],
            )
            .expect("an answer")
            .expect("a row");
        let texts: Vec<_> = (0..3)
            .map(|column| row.text(column).expect("a text").to_owned())
            .collect();
        assert_eq!(texts, ["two", "one", "two"]);
        put(conn, "a", [Param::Int(1), Param::Null, Param::Null]).expect("put");
        let changed = conn.execute(
            "UPDATE things SET name = $2 WHERE id = $1",
            params!["a", "new"],
        );
        assert_eq!(changed.expect("changed"), 1);
    });
}

#[test]
fn more_than_nine_parameters_are_told_apart() {
    on_both(|conn| {
        let values: Vec<String> = (1..=12).map(|n| format!("v{n}")).collect();
        let params: Vec<Param<'_>> = values.iter().map(Param::from).collect();
        let sql: Vec<String> = (1..=12)
            .rev()
            .map(|n| format!("CAST(${n} AS TEXT)"))
            .collect();
        let row = conn
            .query_one(&format!("SELECT {}", sql.join(", ")), &params)
            .expect("an answer")
            .expect("a row");
        let texts: Vec<_> = (0..12)
            .rev()
            .map(|column| row.text(column).expect("a text").to_owned())
            .collect();
        assert_eq!(texts, values);
    });
}

#[test]
fn what_goes_in_comes_out() {
    on_both(|conn| {
        for (id, size) in [("least", 0), ("most", i64::MAX)] {
            put(
                conn,
                id,
                [
                    Param::Int(size),
                    Param::Text("caf\u{e9} \u{1f980} '\"\\"),
                    Param::Blob(&[0, 255, 39]),
                ],
            )
            .expect("put");
            let row = conn
                .query_one(
                    "SELECT size, name, bytes FROM things WHERE id = $1",
                    params![id],
                )
                .expect("an answer")
                .expect("a row");
            assert_eq!(row.int(0).expect("a number"), size);
            assert_eq!(row.text(1).expect("a text"), "caf\u{e9} \u{1f980} '\"\\");
            assert_eq!(row.blob(2).expect("bytes"), [0, 255, 39]);
        }
        put(
            conn,
            "empty",
            [Param::Null, Param::Text(""), Param::Blob(&[])],
        )
        .expect("put");
        let row = conn
            .query_one(
                "SELECT size, name, bytes FROM things WHERE id = 'empty'",
                &[],
            )
            .expect("an answer")
            .expect("a row");
        assert_eq!(
            row.0,
            [
                Value::Null,
                Value::Text(String::new()),
                Value::Blob(Vec::new())
            ]
        );
    });
}

#[test]
fn a_null_is_none_and_not_a_value() {
    on_both(|conn| {
        put(
            conn,
            "a",
            [Param::Null, Option::<&str>::None.into(), Param::Null],
        )
        .expect("put");
        let row = conn
            .query_one("SELECT size, name, bytes FROM things", &[])
            .expect("an answer")
            .expect("a row");
        assert_eq!(row.opt_int(0).expect("a number or none"), None);
        assert_eq!(row.opt_text(1).expect("a text or none"), None);
        assert_eq!(row.opt_blob(2).expect("bytes or none"), None);
        assert!(row.int(0).is_err() && row.text(1).is_err() && row.blob(2).is_err());
    });
}

#[test]
fn texts_are_in_the_order_of_their_bytes() {
    on_both(|conn| {
        for id in ["b", "B", "a", "\u{e9}", "Z", "_", "10", "9"] {
            put(conn, id, [Param::Null; 3]).expect("put");
        }
        let rows = conn
            .query("SELECT id FROM things ORDER BY id", &[])
            .expect("an answer");
        let ids: Vec<_> = rows
            .iter()
            .map(|row| row.text(0).expect("a text").to_owned())
            .collect();
        assert_eq!(ids, ["10", "9", "B", "Z", "_", "a", "b", "\u{e9}"]);
        let above = conn
            .query("SELECT id FROM things WHERE id > $1", params!["Z"])
            .expect("an answer");
        assert_eq!(above.len(), 4);
    });
}

#[test]
fn a_constraint_that_refuses_is_told_as_such() {
    on_both(|conn| {
        put(conn, "a", [Param::Null; 3]).expect("put");
        for (id, size) in [("a", 1), ("b", -1)] {
            let error =
                put(conn, id, [Param::Int(size), Param::Null, Param::Null]).expect_err("refused");
            assert!(matches!(error, DbError::Constraint(_)), "{error}");
        }
    });
}

#[test]
fn a_trigger_that_refuses_is_told_as_such() {
    on_both(|conn| {
        conn.batch(if conn.is_postgres() {
            "CREATE FUNCTION never() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'never'; END $$; \
             CREATE TRIGGER never BEFORE DELETE ON things FOR EACH ROW EXECUTE FUNCTION never();"
        } else {
            "CREATE TRIGGER never BEFORE DELETE ON things BEGIN SELECT RAISE(ABORT, 'never'); END;"
        })
        .expect("a trigger");
        put(conn, "a", [Param::Null; 3]).expect("put");
        let error = conn
            .execute("DELETE FROM things", &[])
            .expect_err("refused");
        assert!(
            matches!(&error, DbError::Constraint(text) if text.contains("never")),
            "{error}"
        );
    });
}

#[test]
fn what_a_constraint_says_does_not_repeat_the_row() {
    on_both(|conn| {
        put(conn, "told-to-nobody", [Param::Null; 3]).expect("put");
        let error = put(conn, "told-to-nobody", [Param::Null; 3]).expect_err("refused");
        assert!(!error.to_string().contains("told-to-nobody"), "{error}");
    });
}

#[test]
fn a_value_of_a_wrong_type_is_an_error() {
    on_both(|conn| {
        for values in [
            [Param::Text("many"), Param::Null, Param::Null],
            [Param::Blob(b"12"), Param::Null, Param::Null],
            [Param::Null, Param::Null, Param::Text("text")],
            [Param::Null, Param::Null, Param::Int(1)],
        ] {
            put(conn, "a", values).expect_err("refused");
        }
        put(conn, "a", [Param::Int(1), Param::Text("n"), Param::Null])
            .expect("the connection works on");
        let row = conn
            .query_one("SELECT size, name FROM things", &[])
            .expect("an answer")
            .expect("a row");
        assert!(
            row.text(0).is_err()
                && row.int(1).is_err()
                && row.blob(0).is_err()
                && row.int(7).is_err()
        );
        assert!(row.parse::<model::id::LogId>(1).is_err());
    });
}

#[test]
fn a_number_of_parameters_that_does_not_fit_is_an_error() {
    on_both(|conn| {
        let too_few = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            conn.query("SELECT CAST($1 AS TEXT), CAST($2 AS TEXT)", params!["one"])
        }));
        assert!(too_few.is_ok_and(|answer| answer.is_err()));
    });
}

#[test]
fn a_broken_statement_leaves_a_connection_that_says_whether_its_transaction_goes_on() {
    on_both(|conn| {
        conn.begin().expect("begun");
        assert!(conn.in_transaction());
        conn.query("SELECT nothing FROM nowhere", &[])
            .expect_err("refused");
        conn.batch("ROLLBACK").expect("rolled back");
        assert!(!conn.in_transaction());
        assert!(conn.is_usable());
        put(conn, "a", [Param::Null; 3]).expect("it works on");
    });
}

#[test]
fn a_savepoint_takes_back_its_own_and_no_more() {
    on_both(|conn| {
        conn.begin().expect("begun");
        put(conn, "kept", [Param::Null; 3]).expect("put");
        conn.batch("SAVEPOINT action").expect("a savepoint");
        put(conn, "taken back", [Param::Null; 3]).expect("put");
        put(conn, "kept", [Param::Null; 3]).expect_err("refused");
        conn.batch("ROLLBACK TO SAVEPOINT action").expect("back");
        conn.batch("RELEASE SAVEPOINT action").expect("released");
        assert!(conn.in_transaction());
        conn.batch("COMMIT").expect("committed");
        let rows = conn.query("SELECT id FROM things", &[]).expect("an answer");
        assert_eq!(rows.len(), 1);
    });
}

#[test]
fn of_what_goes_together_with_the_commit_all_happens_or_nothing_does() {
    on_both(|conn| {
        let good = "INSERT INTO things (id, size) VALUES ($1, 1)";
        let bad = "INSERT INTO things (id, size) VALUES ($1, -1)";
        let rows = |conn: &mut Conn| {
            let rows = conn.query("SELECT id FROM things", &[]);
            rows.expect("rows").len()
        };
        for place in 0..3 {
            conn.begin().expect("begun");
            let told = (0..3).try_for_each(|one| {
                let sql = if one == place { bad } else { good };
                conn.execute_soon(sql, params![["a", "b", "c"][one]])
            });
            let error = match told.map(|()| conn.commit()) {
                Err(error) | Ok(Err(Uncommitted::RolledBack(error))) => error,
                Ok(Ok(()) | Err(Uncommitted::Unknown(_))) => panic!("not known to be refused"),
            };
            assert!(matches!(error, DbError::Constraint(_)), "{error}");
            if conn.in_transaction() {
                conn.batch("ROLLBACK").expect("undone");
            }
            assert_eq!(rows(conn), 0, "nothing has happened");
        }
        conn.begin().expect("begun");
        for id in ["a", "b", "c"] {
            conn.execute_soon(good, params![id]).expect("sent");
        }
        assert!(conn.commit().is_ok());
        assert!(!conn.in_transaction());
        assert_eq!(rows(conn), 3);
    });
}

#[test]
fn where_a_statement_cannot_even_be_sent_the_commit_is_not_either() {
    on_both(|conn| {
        let good = "INSERT INTO things (id, size) VALUES ($1, $2)";
        for is_counted in [false, true] {
            let run = |conn: &mut Conn, id: &str, size: Param<'_>| {
                let params = [Param::Text(id), size];
                if is_counted {
                    conn.execute_one(good, &params)
                } else {
                    conn.execute_soon(good, &params)
                }
            };
            conn.begin().expect("begun");
            let sent = run(conn, "a", Param::Int(1))
                // PostgreSQL's driver takes no text for a number; `SQLite` refuses it where the column is strict.
                .and_then(|()| run(conn, "b", Param::Text("no number")))
                .and_then(|()| run(conn, "c", Param::Int(1)));
            let is_refused = match sent {
                Err(_) => true,
                Ok(()) => conn.commit().is_err(),
            };
            assert!(is_refused);
            conn.batch("ROLLBACK").expect("undone");
            assert!(!conn.in_transaction());
            let rows = conn.query("SELECT id FROM things", &[]).expect("rows");
            assert!(rows.is_empty(), "nothing has happened");
        }
    });
}

#[test]
fn a_write_of_one_row_that_goes_wrong_is_told_before_the_commit_whatever_comes_next() {
    on_both(|conn| {
        let good = "INSERT INTO things (id) VALUES ($1)";
        let bad = "INSERT INTO things (id, size) VALUES ($1, -1)";
        let none = "UPDATE things SET size = 1 WHERE id = $1 AND size = 7";
        let rows = |conn: &mut Conn| {
            let rows = conn.query("SELECT id FROM things ORDER BY id", &[]);
            rows.expect("rows").len()
        };
        conn.begin().expect("begun");
        conn.execute_one(good, params!["a"]).expect("sent");
        conn.begin_part().expect("begun");
        conn.execute_one(good, params!["b"]).expect("sent");
        conn.keep_part().expect("kept");
        assert_eq!(rows(conn), 2, "what comes next sees what was put off");
        conn.execute_one(good, params!["c"]).expect("sent");
        conn.batch("ROLLBACK").expect("undone");
        assert_eq!(rows(conn), 0);

        for (wrong, is_refused) in [(bad, true), (none, false)] {
            for end in ["COMMIT", "SELECT id FROM things", good] {
                conn.begin().expect("begun");
                conn.execute_one(good, params!["a"]).expect("sent");
                let told = conn
                    .execute_one(wrong, params!["b"])
                    .and_then(|()| conn.execute_one(good, params!["c"]))
                    .and_then(|()| match end {
                        "COMMIT" => conn.batch(end),
                        end if end == good => conn.execute(end, params!["d"]).map(drop),
                        end => conn.query(end, &[]).map(drop),
                    })
                    .expect_err("it went wrong");
                assert_eq!(matches!(told, DbError::Constraint(_)), is_refused, "{told}");
                if !is_refused {
                    assert_eq!(told.to_string(), "a write touched 0 rows in place of one");
                }
                conn.batch("ROLLBACK").expect("undone");
                assert_eq!(rows(conn), 0, "nothing has happened");
            }
        }

        conn.begin().expect("begun");
        conn.execute_one(good, params!["a"]).expect("sent");
        conn.batch("COMMIT").expect("committed");
        assert_eq!(rows(conn), 1);
    });
}

#[test]
fn what_is_asked_together_with_a_lock_is_answered_after_the_lock_and_then_recalled() {
    const LOCK: &str = "SELECT size FROM things WHERE id = $1 FOR UPDATE";
    const NAME: &str = "SELECT name FROM things WHERE id = $1";
    let location = Location::Postgres(Postgres::shared().fresh_database());
    let open = || Conn::open(&location).expect("a connection");
    let mut holder = open();
    holder
        .batch("CREATE TABLE things (id TEXT PRIMARY KEY, size BIGINT, name TEXT, bytes BYTEA);")
        .expect("a table");
    for id in ["lock", "thing"] {
        put(
            &mut holder,
            id,
            [Param::Int(1), Param::Text("old"), Param::Null],
        )
        .expect("put");
    }
    holder.batch("BEGIN").expect("begun");
    holder.query(LOCK, params!["lock"]).expect("locked");
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let mut conn = open();
            conn.begin().expect("begun");
            let seen = conn.recall(NAME, params!["thing"]).expect("an answer");
            assert_eq!(seen.expect("a row").text(0).expect("a name"), "old");
            let locked = conn
                .lock(LOCK, params!["lock"], &[(NAME, "thing".into())])
                .expect("locked");
            assert_eq!(locked.expect("a row").int(0).expect("a size"), 1);
            conn
        });
        let mut watch = open();
        let blocked = "SELECT CAST(count(*) AS BIGINT) FROM pg_stat_activity \
             WHERE wait_event_type = 'Lock' AND datname = current_database()";
        while watch.query(blocked, &[]).expect("an answer")[0]
            .int(0)
            .expect("a count")
            == 0
        {
            std::thread::yield_now();
        }
        let change = "UPDATE things SET name = $2 WHERE id = $1";
        let changed = holder.execute(change, params!["thing", "new"]);
        assert_eq!(changed.expect("changed"), 1);
        holder.batch("COMMIT").expect("committed");
        let mut conn = waiting.join().expect("no panic");
        // Another connection goes on, but what this one holds the lock for is not asked again.
        let changed = holder.execute(change, params!["thing", "newer"]);
        assert_eq!(changed.expect("changed"), 1);
        let seen = conn.recall(NAME, params!["thing"]).expect("an answer");
        assert_eq!(seen.expect("a row").text(0).expect("a name"), "new");
        let ahead = |conn: &mut Conn| {
            let row = conn.query_ahead(NAME, params!["thing"]).expect("asked");
            row.expect("a row").text(0).expect("a name").to_owned()
        };
        assert_eq!(ahead(&mut conn), "new");
        // Until it writes the table itself.
        conn.execute_one("UPDATE things SET size = 2 WHERE id = $1", params!["thing"])
            .expect("sent");
        assert_eq!(ahead(&mut conn), "newer");
    });
}

#[test]
fn what_a_reader_has_recalled_holds_until_another_connection_commits() {
    const NAME: &str = "SELECT name FROM things WHERE id = $1";
    for postgres in [false, true] {
        let folder = temp_dir();
        let location = if postgres {
            Location::Postgres(Postgres::shared().fresh_database())
        } else {
            Location::Sqlite {
                file: folder.path().join("seen.db"),
                max_pages: None,
            }
        };
        let mut writer = Conn::open(&location).expect("a connection");
        writer
            .batch("CREATE TABLE things (id TEXT PRIMARY KEY, name TEXT);")
            .expect("a table");
        let write = |writer: &mut Conn, sql: &str, end: &str| {
            writer.begin().expect("begun");
            writer.execute(sql, &[]).expect("written");
            writer.batch(end).expect("ended");
        };
        write(
            &mut writer,
            "INSERT INTO things (id, name) VALUES ('a', 'old')",
            "COMMIT",
        );
        let mut reader = Conn::open_reader(&location).expect("a connection");
        let mut read = |plant: Option<&str>| {
            reader.begin_read().expect("begun");
            let row = reader.recall(NAME, params!["a"]).expect("an answer");
            let name = row.expect("a row").text(0).expect("a name").to_owned();
            if let Some(plant) = plant {
                let row = Row(vec![Value::Text(plant.to_owned())]);
                reader.put_recalled(NAME, params!["a"], Some(row));
            }
            reader.batch("COMMIT").expect("ended");
            name
        };
        assert_eq!(read(Some("recalled")), "old");
        let kept = if postgres { "old" } else { "recalled" };
        assert_eq!(read(Some("recalled")), kept);
        let change = "UPDATE things SET name = 'new' WHERE id = 'a'";
        write(&mut writer, change, "ROLLBACK");
        assert_eq!(read(Some("recalled")), kept, "nothing was committed");
        write(&mut writer, change, "COMMIT");
        assert_eq!(read(None), "new");
    }
}
