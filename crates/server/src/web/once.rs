//! Forms whose answer shows something once. Such a form carries a number, and a number is good once: loading the answer
//! again sends the form again, and what is shown only once would be made a second time, or put another in its place.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use axum::http::StatusCode;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use model::clock::Entropy;
use model::id::SessionId;
use sha2::{Digest, Sha256};

use super::form::Form;
use super::things::Wrong;
use super::view::frame::Flash;
use super::view::parts::Errors;

/// The field with the number.
pub(super) const FIELD: &str = "once";
/// How many numbers are remembered, of all sessions; the oldest is forgotten first. People make few tokens, so this is
/// days of them, in memory of a fixed size.
const MOST: usize = 1 << 12;

/// The numbers that were used up, in this process.
#[derive(Debug, Default)]
pub(crate) struct Once(Mutex<VecDeque<[u8; 32]>>);

/// The number of one form, while what it asks for is being made.
pub(super) struct Ticket<'o>(&'o Once, Option<[u8; 32]>);

impl Once {
    /// Uses the number of a form up, for its session and for what it asks, as a page has one number for all of its forms; nothing
    /// where that was done before. A form without one is of nobody who could load its answer again: it is taken.
    pub(super) fn take(&self, session: SessionId, asks: &str, form: &Form) -> Option<Ticket<'_>> {
        let Some(number) = form.get(FIELD) else {
            return Some(Ticket(self, None));
        };
        let key = Sha256::new()
            .chain_update(session.as_str())
            .chain_update("\n")
            .chain_update(asks)
            .chain_update("\n")
            .chain_update(number)
            .finalize()
            .into();
        let mut used = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if used.contains(&key) {
            return None;
        }
        if used.len() == MOST {
            used.pop_front();
        }
        used.push_back(key);
        Some(Ticket(self, Some(key)))
    }
}

impl Ticket<'_> {
    /// Nothing was made: the same form may come again.
    pub(super) fn give_back(self) {
        let mut used = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        used.retain(|key| Some(*key) != self.1);
    }
}

/// A number for a form.
pub(super) fn number(entropy: &dyn Entropy) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(entropy.bytes::<16>())
}

/// What is said to a form that was sent before: what it did, and what to do where the answer was not kept.
pub(super) fn sent_before(title: &str, text: &str) -> Wrong {
    Wrong {
        status: StatusCode::CONFLICT,
        errors: Errors::default(),
        flash: Some(Flash::Warning {
            title: title.to_owned(),
            text: format!("This form was sent before. {text}"),
        }),
    }
}

/// The same, to a form that made a token.
pub(super) fn token_made() -> Wrong {
    sent_before(
        "The token was made already.",
        "The token is not shown again, and no second one was made. If you have not copied it, delete it and make another one.",
    )
}

#[cfg(test)]
mod tests {
    use model::clock::{SystemClock, SystemEntropy};
    use model::id::SessionId;

    use super::{FIELD, Form, MOST, Once, number};

    #[test]
    fn a_number_is_good_once_for_its_session_and_the_oldest_is_forgotten() {
        let once = Once::default();
        let session = || SessionId::new(&SystemClock, &SystemEntropy);
        let (ada, grace) = (session(), session());
        let form = || Form::of(&[(FIELD, &*number(&SystemEntropy))]);
        let first = form();
        assert!(once.take(ada, "token", &first).is_some());
        assert!(once.take(ada, "token", &first).is_none());
        assert!(once.take(grace, "token", &first).is_some());
        assert!(once.take(ada, "codes", &first).is_some());
        assert!(once.take(ada, "token", &Form::default()).is_some());
        assert!(once.take(ada, "token", &Form::default()).is_some());

        let failed = form();
        once.take(ada, "token", &failed).expect("new").give_back();
        assert!(once.take(ada, "token", &failed).is_some());

        for _ in 0..MOST {
            assert!(once.take(ada, "token", &form()).is_some());
        }
        assert!(once.0.lock().expect("whole").len() == MOST);
        assert!(once.take(ada, "token", &first).is_some());
    }
}
