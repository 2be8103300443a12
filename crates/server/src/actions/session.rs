//! Sessions.

pub mod revoke;
pub mod sign_in;
pub mod sign_out;

use model::catalogue;
use model::things::{SessionSeen, User};
use store::{Fact, Result, Tx};

use sign_in::IDLE;

/// Ends those sessions of a person that are to end: a fact for each, which says which one it was.
pub(crate) fn end(
    tx: &mut Tx<'_>,
    user: &User,
    ends: impl Fn(&SessionSeen) -> bool,
) -> Result<Vec<Fact>> {
    let idle_since = tx.at.plus(-IDLE);
    let mut facts = Vec::new();
    for session in tx.sessions_of(user.id, idle_since)? {
        if ends(&session) {
            let gone = tx.revoke_session(&session, user)?;
            facts.push(Fact::new(catalogue::USER_SESSION_REVOKED, &gone));
        }
    }
    Ok(facts)
}
