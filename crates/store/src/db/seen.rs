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
use std::sync::Arc;

use hashbrown::{Equivalent, HashMap, HashSet};

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

/// The answers, by the text of the question and then by its values. A question stays when its answers go: there are as many as
/// this program asks.
#[derive(Default)]
pub(super) struct Seen {
    questions: HashMap<String, Answers>,
    count: usize,
}

/// The answers to one question.
struct Answers {
    /// Whether it reads no table but those that say who acts.
    of_who_acts: bool,
    words: HashSet<String>,
    by_values: HashMap<Vec<Value>, Answer>,
}

struct Answer {
    rows: Arc<[Row]>,
    /// What was made of the rows, by whoever asked; it goes with them.
    made: Option<Arc<dyn Any + Send + Sync>>,
}

/// The values of a question, which are found by what they are equal to.
#[derive(Hash)]
struct Values<'a>(&'a [Param<'a>]);

impl Equivalent<Vec<Value>> for Values<'_> {
    fn equivalent(&self, values: &Vec<Value>) -> bool {
        self.0
            .iter()
            .copied()
            .eq(values.iter().map(Value::as_param))
    }
}

fn is_of_word(one: char) -> bool {
    one.is_ascii_alphanumeric() || one == '_'
}

/// The words of a statement, names of tables among them.
fn words(sql: &str) -> impl Iterator<Item = &str> {
    sql.split(|one| !is_of_word(one))
        .filter(|word| !word.is_empty())
}

/// The table that a statement writes; none where that is not one plain word.
fn written(sql: &str) -> Option<&str> {
    let mut words = sql.split([' ', '(']);
    let verb = words.next()?;
    let after = match words.next()? {
        // `OR ROLLBACK`.
        "OR" => words.nth(1)?,
        after => after,
    };
    let table = match verb {
        "UPDATE" => Some(after),
        "INSERT" | "DELETE" => words.next(),
        _ => None,
    };
    table.filter(|table| table.chars().all(is_of_word))
}

impl Answers {
    /// None yet, to this question.
    fn to(sql: &str) -> Self {
        let tables = words(sql).zip(words(sql).skip(1));
        let mut tables = tables.filter(|(before, _)| ["FROM", "JOIN"].contains(before));
        Self {
            of_who_acts: tables.all(|(_, table)| WHO_ACTS.contains(&table)),
            words: words(sql).map(str::to_owned).collect(),
            by_values: HashMap::new(),
        }
    }
}

impl Seen {
    fn answer(&self, sql: &str, params: &[Param<'_>]) -> Option<&Answer> {
        self.questions.get(sql)?.by_values.get(&Values(params))
    }

    /// The rows that were the answer, if it was asked.
    pub(super) fn get(&self, sql: &str, params: &[Param<'_>]) -> Option<&Arc<[Row]>> {
        Some(&self.answer(sql, params)?.rows)
    }

    /// What was made of the answer.
    pub(super) fn made<T: Send + Sync + 'static>(
        &self,
        sql: &str,
        params: &[Param<'_>],
    ) -> Option<Arc<T>> {
        self.answer(sql, params)?.made.clone()?.downcast().ok()
    }

    /// Keeps what was made of an answer, as long as that is kept.
    pub(super) fn put_made<T: Send + Sync + 'static>(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        made: Arc<T>,
    ) {
        let answers = self.questions.get_mut(sql);
        if let Some(answer) = answers.and_then(|all| all.by_values.get_mut(&Values(params))) {
            answer.made = Some(made);
        }
    }

    pub(super) fn put(&mut self, sql: &str, params: &[Param<'_>], rows: Arc<[Row]>) {
        self.put_answer(sql, params, Answer { rows, made: None });
    }

    /// Keeps what would be made of an answer, without its rows.
    pub(super) fn put_known<T: Send + Sync + 'static>(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        made: Arc<T>,
    ) {
        let (rows, made) = (Arc::default(), Some(made as Arc<_>));
        self.put_answer(sql, params, Answer { rows, made });
    }

    fn put_answer(&mut self, sql: &str, params: &[Param<'_>], answer: Answer) {
        if self.count >= MOST {
            self.forget();
        }
        let values = params.iter().map(|one| one.to_value()).collect();
        let answers = self.questions.entry_ref(sql);
        let answers = answers.or_insert_with(|| Answers::to(sql));
        if answers.by_values.insert(values, answer).is_none() {
            self.count += 1;
        }
    }

    /// Before a statement that writes: every answer goes in whose question the table's name is a word, and all of
    /// them where the table is not plain.
    pub(super) fn forget_written(&mut self, sql: &str) {
        let Some(table) = written(sql) else {
            return self.forget();
        };
        for answers in self.questions.values_mut() {
            if !answers.by_values.is_empty() && answers.words.contains(table) {
                self.count -= answers.by_values.len();
                answers.by_values.clear();
            }
        }
    }

    /// Forgets all but what is known of who acts.
    pub(super) fn keep_who_acts(&mut self) {
        for answers in self.questions.values_mut() {
            if !answers.of_who_acts {
                answers.by_values.clear();
            }
        }
        self.count = self.questions.values().map(|all| all.by_values.len()).sum();
    }

    pub(super) fn forget(&mut self) {
        for answers in self.questions.values_mut() {
            answers.by_values.clear();
        }
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
    fn values_of_each_sort_are_found_and_told_apart() {
        let all = [
            Param::Null,
            Param::Int(1),
            Param::Text("1"),
            Param::Blob(b"1"),
        ];
        let mut seen = Seen::default();
        for (number, one) in (0..).zip(all) {
            seen.put(
                SOURCE,
                &[one, one],
                Arc::new([Row(vec![Value::Int(number)])]),
            );
        }
        for (number, one) in (0..).zip(all) {
            let rows = seen.get(SOURCE, &[one, one]).expect("an answer");
            assert_eq!(rows[0].0, [Value::Int(number)], "{one:?}");
            assert!(seen.get(SOURCE, &[one]).is_none(), "{one:?}");
        }
    }

    #[test]
    fn what_is_known_of_who_acts_is_told_from_the_rest() {
        let is_of_who_acts = |sql| Answers::to(sql).of_who_acts;
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
        let held = seen.questions.values().map(|all| all.by_values.len());
        assert!(held.sum::<usize>() <= MOST);
    }

    #[test]
    fn what_was_forgotten_or_replaced_counts_no_more() {
        let mut seen = seen();
        for _ in 0..MOST {
            seen.put(SOURCE, params!["a"], Arc::new([]));
            seen.put(SOURCE, params!["b"], Arc::new([]));
            seen.forget_written("UPDATE sources SET name = $1");
        }
        assert!(seen.get(ROLE, params![]).is_some());
        assert_eq!(seen.count, 1);
    }

    #[test]
    fn a_table_that_is_written_is_read_again() {
        for (sql, source, role) in [
            ("UPDATE sources SET name = $2 WHERE id = $1", false, true),
            ("INSERT INTO sources (id) VALUES ($1)", false, true),
            ("DELETE FROM sources WHERE id = $1", false, true),
            ("INSERT INTO sources(id) VALUES ($1)", false, true),
            ("UPDATE OR ROLLBACK sources SET a = $2", false, true),
            (
                "INSERT OR ROLLBACK INTO sources (id) VALUES ($1)",
                false,
                true,
            ),
            ("DELETE FROM sources\nWHERE id = $1", false, false),
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
