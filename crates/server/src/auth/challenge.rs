//! Offers: a secret that leads on, once and for a limited time. Only its hash is kept, with what is needed to go on.

use model::clock::Micros;
use model::id::UserId;
use store::{Letter, NewChallenge, Result, Upkeep, Way};
use zeroize::Zeroizing;

use super::secret::{self, Kind};
use crate::app::App;

/// What is offered.
pub struct Offer {
    /// What its secret opens.
    pub secret: Kind,
    /// The word by which it is found again.
    pub kind: &'static str,
    /// Whom it is for.
    pub user: UserId,
    /// What is needed to go on.
    pub payload: Vec<u8>,
    /// How long it is good, in seconds.
    pub seconds: i64,
}

impl Offer {
    fn kept(self, app: &App, letter: impl FnOnce(&str) -> Option<Letter>) -> (Upkeep, Secret) {
        let secret = secret::new(self.secret, app.store.entropy());
        let challenge = NewChallenge {
            hash: secret::hash(&secret),
            kind: self.kind,
            user: Some(self.user),
            payload: Zeroizing::new(self.payload),
            lasts: self.seconds * Micros::SECOND,
        };
        let letter = letter(&secret).map(|letter| (Way::Mail, letter));
        (Upkeep::Challenge(Box::new((challenge, letter))), secret)
    }

    /// Keeps it, and gives the secret to hand out.
    pub async fn make(self, app: &App) -> Result<Secret> {
        let (kept, secret) = self.kept(app, |_| None);
        app.store.upkeep(kept).await?;
        Ok(secret)
    }

    /// Keeps it, and sends a letter with the link to `path`. Nobody waits for it: how long it takes tells nothing.
    pub fn send(self, app: &App, path: &str, letter: impl FnOnce(&str) -> Letter) {
        let base = app.base(None);
        let (kept, _) = self.kept(app, |secret| {
            Some(letter(&format!("{base}{path}?token={secret}")))
        });
        app.note(kept);
    }
}

type Secret = Zeroizing<String>;
