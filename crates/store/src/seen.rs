//! Rows that this transaction has read, and not written since. Under the log's lock nobody else writes them, so a row is
//! read once however many steps of an action look at it, and what it was before a write is never the caller's word.

use std::any::Any;
use std::collections::HashMap;

#[derive(Default)]
pub(crate) struct Seen(HashMap<(&'static str, String), Box<dyn Any + Send>>);

impl Seen {
    pub(crate) fn get<T: Clone + 'static>(&self, table: &'static str, id: &str) -> Option<T> {
        self.0
            .get(&(table, id.to_owned()))?
            .downcast_ref::<T>()
            .cloned()
    }

    pub(crate) fn put<T: Clone + Send + 'static>(
        &mut self,
        table: &'static str,
        id: &str,
        row: &T,
    ) {
        self.0.insert((table, id.to_owned()), Box::new(row.clone()));
    }

    pub(crate) fn forget(&mut self, table: &'static str, id: &str) {
        self.0.remove(&(table, id.to_owned()));
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}
