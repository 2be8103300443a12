//! What a transaction has read and may take as read.
//!
//! Under a log's lock the same row is asked for again and again: to check a permission, to apply the action, and by the
//! next action of the group. What holds for all of them holds here: whatever could change a row of an organization waits
//! for the lock of its log. So an answer stays true until this transaction itself writes the table, takes another lock, or
//! ends.

use std::collections::HashMap;

use super::{Param, Row, Value};

#[derive(Default)]
pub(super) struct Seen(HashMap<(String, Vec<Value>), Vec<Row>>);

fn question(sql: &str, params: &[Param<'_>]) -> (String, Vec<Value>) {
    let values = params
        .iter()
        .map(|param| match param {
            Param::Null => Value::Null,
            Param::Int(value) => Value::Int(*value),
            Param::Text(value) => Value::Text((*value).to_owned()),
            Param::Blob(value) => Value::Blob((*value).to_owned()),
        })
        .collect();
    (sql.to_owned(), values)
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

impl Seen {
    /// The rows that were the answer, if it was asked.
    pub(super) fn get(&self, sql: &str, params: &[Param<'_>]) -> Option<Vec<Row>> {
        self.0.get(&question(sql, params)).cloned()
    }

    pub(super) fn put(&mut self, sql: &str, params: &[Param<'_>], rows: Vec<Row>) {
        self.0.insert(question(sql, params), rows);
    }

    /// Before a statement that writes: every answer goes in whose question has the table's name anywhere in it, and all
    /// of them where the table is not plain.
    pub(super) fn forget_written(&mut self, sql: &str) {
        match written(sql) {
            Some(table) => self.0.retain(|(question, _), _| !question.contains(table)),
            None => self.0.clear(),
        }
    }

    pub(super) fn forget(&mut self) {
        self.0.clear();
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
        seen.put(SOURCE, params!["a"], vec![Row(vec![Value::Int(1)])]);
        seen.put(ROLE, params![], Vec::new());
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
