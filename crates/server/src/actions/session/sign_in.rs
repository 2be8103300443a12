//! Sign in. The password was checked before, on another thread: here it is only asked whether it is still the one.

use model::catalogue::{self, EventType, TargetType};
use model::clock::Micros;
use model::id::SessionId;
use model::things::{Session, User};
use zeroize::Zeroizing;

use crate::actions::factor::{Used, check_code};
use store::{Action, Done, Error, Fact, Need, Result, Rx, Scope, Target, Tx};

/// How long a session may last, in microseconds: 14 days.
pub const LONGEST: i64 = 14 * Micros::DAY;
/// How long a session may go unused, in microseconds: one day.
pub const IDLE: i64 = Micros::DAY;

/// Someone who says to be a person.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// The person.
    pub user: User,
    /// The hash that the password was checked against; `None` when it did not fit.
    pub checked: Option<String>,
    /// What was typed in the second step: a code of the app, or a recovery code.
    pub code: Option<Zeroizing<String>>,
    /// The hash of the new session's secret.
    pub session: [u8; 32],
}

impl Action for SignIn {
    const EVENTS: &'static [EventType] =
        &[catalogue::USER_SIGN_IN_FAILED, catalogue::USER_SIGNED_IN];
    type Output = SessionId;

    fn scope(&self) -> Scope {
        Scope::Account(self.user.id)
    }

    fn needs(&self, _: &mut Rx<'_>) -> Result<Vec<Need>> {
        Ok(vec![Need::nothing(Target::new(
            TargetType::User,
            self.user.id,
            self.user.name.clone(),
        ))])
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<SessionId>> {
        let now = tx.password_of(self.user.id)?;
        if self.checked.is_none() || self.checked != now {
            return Err(Error::failed(
                "wrong_password",
                "the e-mail or the password is wrong",
            ));
        }
        let used = match &self.code {
            Some(code) => check_code(tx, self.user.id, code)?,
            None if tx.has_factor(self.user.id)? => {
                return Err(Error::Denied {
                    code: "second_factor_required",
                    message: "this account has a second factor".to_owned(),
                });
            }
            None => Used::Nothing,
        };
        let session = Session {
            id: tx.new_id(SessionId::new),
            user: self.user.id,
            hash: self.session,
            created_at: tx.at,
            used_at: tx.at,
            expires_at: tx.at.plus(LONGEST),
        };
        let made = tx.insert_session(&session, &self.user)?;
        used.up(tx, &made)?;
        // Nobody was signed in when this was asked; from here on it is the person.
        tx.acting.signed_in(&self.user, Some(session.id));
        Ok(Done::new(
            session.id,
            vec![Fact::new(catalogue::USER_SIGNED_IN, &made)],
        ))
    }
}
