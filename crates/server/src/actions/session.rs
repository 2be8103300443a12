//! Sessions.

pub mod revoke;
pub mod sign_in;
pub mod sign_out;

use model::catalogue;
use model::things::{SessionSeen, User};
use store::{Changed, Fact, Result, Tx};

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

/// Ends all sessions of a person but the one that acts, with another change: a fact for each that could still be used.
pub(crate) fn end_others(tx: &mut Tx<'_>, user: &User, of: &Changed) -> Result<Vec<Fact>> {
    let acting = tx.acting.session;
    let facts = end(tx, user, |one| Some(one.id) != acting)?;
    // Those that nobody has used for long are nothing to tell of.
    tx.end_sessions(user.id, of)?;
    Ok(facts)
}
