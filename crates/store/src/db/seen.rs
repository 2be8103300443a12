//! What a transaction has read and may take as read.
//!
//! Under a log's lock the same row is asked for again and again: to check a permission, to apply the action, and by the
//! next action of the group. What holds for all of them holds here: whatever could change a row of an organization waits
//! for the lock of its log. So an answer stays true until this transaction itself writes the table, takes another lock, or
//! ends.
//!
//! On `SQLite` one connection writes at a time, and the database tells, once the write lock is held, whether another has
//! written since. So there an answer stays true for the next transactions of the connection as well, until it writes the
//! table itself or another connection has written anything ([`super::Conn::begin`]), and of one that only reads as well;
//! there, what is known of who acts stays until any of that was written ([`super::Conn::begin_read`]).

use std::any::Any;
use std::collections::HashMap;
use std::sync::Arc;

use super::{Param, Row, Value};

/// The most answers that are remembered. On `SQLite` they outlast the transaction.
const MOST: usize = 1_000;

/// The tables that say who acts and what they may. On `SQLite` each has triggers that count its changes (`0018_who_acts.sql`).
pub(super) const WHO_ACTS: [&str; 10] = [
    "tokens",
    "sessions",
    "users",
    "members",
    "workspace_members",
    "organizations",
    "locks",
    "lock_members",
    "factors",
    "data_keys",
];

/// The answers, by the text of the question and then by its values.
#[derive(Default)]
pub(super) struct Seen {
    answers: HashMap<String, Answers>,
    count: usize,
}

/// The answers to one question.
struct Answers {
    /// Whether it asks for nothing but who acts.
    of_who_acts: bool,
    by_values: HashMap<Vec<Value>, Answer>,
}

struct Answer {
    rows: Arc<[Row]>,
    /// What was made of the rows, by whoever asked; it goes with them.
    made: Option<Arc<dyn Any + Send + Sync>>,
}

fn values(params: &[Param<'_>]) -> Vec<Value> {
    params.iter().map(|one| one.to_value()).collect()
}

/// The table that a statement writes.
fn written(sql: &str) -> Option<&str> {
    let mut words = sql.split_whitespace();
    match words.next()? {
        "UPDATE" => words.next(),
        "INSERT" | "DELETE" => words.nth(1),
        _ => None,
    }
}

/// Whether a question reads no table but those that say who acts.
fn is_of_who_acts(sql: &str) -> bool {
    let words: Vec<&str> = sql.split([' ', '(', ')', '\n']).collect();
    let mut tables = words
        .windows(2)
        .filter(|pair| ["FROM", "JOIN"].contains(&pair[0]))
        .map(|pair| pair[1]);
    tables.all(|table| WHO_ACTS.contains(&table))
}

impl Seen {
    /// The rows that were the answer, if it was asked.
    pub(super) fn get(&self, sql: &str, params: &[Param<'_>]) -> Option<&Arc<[Row]>> {
        Some(&self.answers.get(sql)?.by_values.get(&values(params))?.rows)
    }

    /// What was made of the answer.
    pub(super) fn made<T: Send + Sync + 'static>(
        &self,
        sql: &str,
        params: &[Param<'_>],
    ) -> Option<Arc<T>> {
        let answer = self.answers.get(sql)?.by_values.get(&values(params))?;
        answer.made.clone()?.downcast().ok()
    }

    /// Keeps what was made of an answer, as long as that is kept.
    pub(super) fn put_made<T: Send + Sync + 'static>(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        made: Arc<T>,
    ) {
        let answers = self.answers.get_mut(sql);
        if let Some(answer) = answers.and_then(|all| all.by_values.get_mut(&values(params))) {
            answer.made = Some(made);
        }
    }

    pub(super) fn put(&mut self, sql: &str, params: &[Param<'_>], rows: Arc<[Row]>) {
        if self.count >= MOST {
            self.forget();
        }
        self.count += 1;
        let (values, answer) = (values(params), Answer { rows, made: None });
        if !self.answers.contains_key(sql) {
            let answers = Answers {
                of_who_acts: is_of_who_acts(sql),
                by_values: HashMap::new(),
            };
            self.answers.insert(sql.to_owned(), answers);
        }
        if let Some(answers) = self.answers.get_mut(sql) {
            answers.by_values.insert(values, answer);
        }
    }

    /// Before a statement that writes: every answer goes in whose question has the table's name anywhere in it, and all
    /// of them where the table is not plain.
    pub(super) fn forget_written(&mut self, sql: &str) {
        match written(sql) {
            Some(table) => self.answers.retain(|question, _| !question.contains(table)),
            None => self.forget(),
        }
    }

    /// Forgets all but what is known of who acts.
    pub(super) fn keep_who_acts(&mut self) {
        self.answers.retain(|_, answers| answers.of_who_acts);
        self.count = self.answers.values().map(|all| all.by_values.len()).sum();
    }

    pub(super) fn forget(&mut self) {
        self.answers.clear();
        self.count = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::params;

    const SOURCE: &str = "SELECT name FROM sources WHERE id = $1";
    const ROLE: &str =
        "SELECT m.role FROM members m LEFT JOIN workspace_members w ON w.user_id = m.user_id";

    fn seen() -> Seen {
        let mut seen = Seen::default();
        seen.put(SOURCE, params!["a"], Arc::new([Row(vec![Value::Int(1)])]));
        seen.put(ROLE, params![], Arc::new([]));
        seen
    }

    #[test]
    fn an_answer_is_of_one_question_and_its_values() {
        let seen = seen();
        assert!(seen.get(SOURCE, params!["a"]).is_some());
        assert!(seen.get(SOURCE, params!["b"]).is_none());
        let none = seen.get(ROLE, params![]);
        assert!(
            none.is_some_and(|rows| rows.is_empty()),
            "no row is an answer"
        );
    }

    #[test]
    fn what_is_known_of_who_acts_is_told_from_the_rest() {
        assert!(is_of_who_acts(ROLE) && is_of_who_acts(crate::acting::TOKEN));
        assert!(!is_of_who_acts(SOURCE));
        assert!(!is_of_who_acts(
            "SELECT m.role FROM members m JOIN workspaces w ON w.id = m.workspace_id"
        ));
        let mut seen = seen();
        seen.keep_who_acts();
        assert!(seen.get(ROLE, params![]).is_some());
        assert!(seen.get(SOURCE, params!["a"]).is_none());
        assert_eq!(seen.count, 1);
    }

    #[test]
    fn what_was_made_of_an_answer_goes_with_it() {
        let mut seen = seen();
        let made = |seen: &Seen| {
            let made = seen.made::<String>(SOURCE, params!["a"]);
            made.map(|made| made.as_str().to_owned())
        };
        assert_eq!(made(&seen), None);
        seen.put_made(SOURCE, params!["b"], Arc::new(String::from("of no answer")));
        seen.put_made(SOURCE, params!["a"], Arc::new(String::from("made")));
        assert_eq!(made(&seen).as_deref(), Some("made"));
        assert!(seen.made::<u32>(SOURCE, params!["a"]).is_none());
        assert!(seen.made::<String>(SOURCE, params!["b"]).is_none());
        seen.put(SOURCE, params!["a"], Arc::new([]));
        assert_eq!(made(&seen), None, "another answer");
        seen.put_made(SOURCE, params!["a"], Arc::new(String::from("made")));
        seen.forget_written("UPDATE sources SET name = $1");
        assert_eq!(made(&seen), None);
    }

    #[test]
    fn no_more_is_remembered_than_fits() {
        let mut seen = seen();
        for number in 0..i64::try_from(MOST).expect("a number") {
            seen.put(ROLE, params![number], Arc::new([]));
        }
        assert!(seen.get(SOURCE, params!["a"]).is_none());
        assert!(seen.get(ROLE, params![999_i64]).is_some());
        let held = seen.answers.values().map(|all| all.by_values.len());
        assert!(held.sum::<usize>() <= MOST);
    }

    #[test]
    fn a_table_that_is_written_is_read_again() {
        for (sql, source, role) in [
            ("UPDATE sources SET name = $2 WHERE id = $1", false, true),
            ("INSERT INTO sources (id) VALUES ($1)", false, true),
            ("DELETE FROM sources WHERE id = $1", false, true),
            ("DELETE FROM workspace_members", true, false),
            ("UPDATE members SET role = $1", true, false),
            ("WITH x AS (SELECT 1) UPDATE y SET z = 1", false, false),
        ] {
            let mut seen = seen();
            seen.forget_written(sql);
            let left = (
                seen.get(SOURCE, params!["a"]).is_some(),
                seen.get(ROLE, params![]).is_some(),
            );
            assert_eq!(left, (source, role), "{sql}");
        }
    }
}
