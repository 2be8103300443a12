//! Sign in. Passwords and passkeys were checked before, on another thread: here it is only asked whether they are still the
//! ones.

use model::catalogue::{self, EventType, TargetType};
use model::clock::Micros;
use model::id::SessionId;
use model::things::{Session, User};
use zeroize::Zeroizing;

use crate::actions::factor::{Confirmed, Used, check_any_code, check_passkey};
use crate::auth::passkey::{Signed, Unfit};
use store::{Action, Done, Error, Fact, Need, Result, Rx, Scope, Target, Tx};

/// How long a session may last, in microseconds: 14 days.
pub const LONGEST: i64 = 14 * Micros::DAY;
/// How long a session may go unused, in microseconds: one day.
pub const IDLE: i64 = Micros::DAY;
/// The word of the challenge of a sign-in that waits for the second step; its payload is the hash that the password fitted.
pub const STEP: &str = "step";

/// What someone has shown who says to be a person.
#[derive(Clone)]
pub enum Shown {
    /// The password: the hash that it was checked against, `None` when it did not fit.
    Password(Option<String>),
    /// The password, in a first step, and then a second factor.
    Both {
        /// The hash that the password fitted.
        checked: String,
        /// The challenge of the first step, which is answered by this.
        step: [u8; 32],
        /// The second factor.
        second: Second,
    },
    /// A passkey alone. It has verified the person, so it is two factors in one.
    Passkey(std::result::Result<Signed, Unfit>),
}

/// A second factor.
#[derive(Clone)]
pub enum Second {
    /// A code of the app, of a text message where one was sent to this browser, or a recovery code: what was typed.
    Code(Zeroizing<String>, Option<Confirmed>),
    /// A passkey.
    Passkey(std::result::Result<Signed, Unfit>),
}

/// Someone who says to be a person.
#[derive(Clone)]
pub struct SignIn {
    /// The person.
    pub user: User,
    /// What was shown for it.
    pub shown: Shown,
    /// The hash of the new session's secret.
    pub session: [u8; 32],
}

impl SignIn {
    fn check_password(&self, tx: &mut Tx<'_>, checked: Option<&String>) -> Result<()> {
        let now = tx.password_of(self.user.id)?;
        if checked.is_none() || checked != now.as_ref() {
            return Err(Error::failed(
                "wrong_password",
                "the e-mail or the password is wrong",
            ));
        }
        Ok(())
    }

    /// Looks at what was shown; gives what it has used up, and what it was in words.
    fn check(&self, tx: &mut Tx<'_>) -> Result<(Used, &'static str)> {
        let user = self.user.id;
        match &self.shown {
            Shown::Password(checked) => {
                self.check_password(tx, checked.as_ref())?;
                if tx.has_factor(user)? {
                    return Err(Error::Denied {
                        code: "second_factor_required",
                        message: "this account has a second factor".to_owned(),
                    });
                }
                Ok((Used::Nothing, "password"))
            }
            Shown::Both {
                checked,
                step,
                second,
            } => {
                self.check_password(tx, Some(checked))?;
                // It is answered once, also when two answers come at the same moment.
                let open = tx.challenge(STEP, step)?;
                if open.is_none_or(|open| open.user != Some(user)) {
                    return Err(Error::failed("too_late", "this took too long; begin again"));
                }
                match second {
                    Second::Code(typed, sent) => check_any_code(tx, user, typed, sent.as_ref()),
                    Second::Passkey(signed) => {
                        Ok((check_passkey(tx, user, signed)?, "password, passkey"))
                    }
                }
            }
            Shown::Passkey(signed) => Ok((check_passkey(tx, user, signed)?, "passkey")),
        }
    }
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
        let (used, with) = self.check(tx)?;
        let session = Session {
            id: tx.new_id(SessionId::new),
            user: self.user.id,
            hash: self.session,
            created_at: tx.at,
            used_at: tx.at,
            expires_at: tx.at.plus(LONGEST),
        };
        let made = tx.insert_session(&session, &self.user, with)?;
        used.up(tx, &made)?;
        if let Shown::Both { step, .. } = &self.shown {
            tx.take_challenge(step, &made)?;
        }
        // Nobody was signed in when this was asked; from here on it is the person.
        tx.signed_in(&self.user, Some(session.id));
        Ok(Done::new(
            session.id,
            vec![Fact::new(catalogue::USER_SIGNED_IN, &made)],
        ))
    }
}
