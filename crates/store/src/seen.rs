//! Rows that this transaction has read, and not written since. Under the log's lock nobody else writes them, so a row is
//! read once however many steps of an action look at it, and what it was before a write is never the caller's word.

use std::any::Any;
use std::sync::Arc;

use hashbrown::{Equivalent, HashMap};

#[derive(Default)]
pub(crate) struct Seen(HashMap<(&'static str, String), Arc<dyn Any + Send + Sync>>);

/// Where a row is: its table and its id.
#[derive(Hash)]
struct Place<'a>(&'static str, &'a str);

impl Equivalent<(&'static str, String)> for Place<'_> {
    fn equivalent(&self, (table, id): &(&'static str, String)) -> bool {
        self.0 == *table && self.1 == id
    }
}

impl Seen {
    pub(crate) fn get<T: Send + Sync + 'static>(
        &self,
        table: &'static str,
        id: &str,
    ) -> Option<Arc<T>> {
        let row = self.0.get(&Place(table, id))?;
        row.clone().downcast().ok()
    }

    pub(crate) fn put<T: Send + Sync + 'static>(
        &mut self,
        table: &'static str,
        id: &str,
        row: Arc<T>,
    ) {
        self.0.insert((table, id.to_owned()), row);
    }

    pub(crate) fn forget(&mut self, table: &'static str, id: &str) {
        self.0.remove(&Place(table, id));
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}
