//! People: name and e-mail are encrypted with the person's own key, and found by an HMAC.

use model::catalogue::TargetType;
use model::id::UserId;
use model::things::User;
use serde::{Deserialize, Serialize};
use serde_json::json;
use zeroize::Zeroizing;

use crate::action::Changed;
use crate::db::params;
use crate::error::{Error, Result};
use crate::keyring::{INSTANCE, KeyState};
use crate::keys::hmac;
use crate::tx::{Audited, Rx, Snapshot, Tx};

/// What is personal in a user's row.
#[derive(Serialize, Deserialize)]
pub(crate) struct Identity {
    pub(crate) name: String,
    pub(crate) email: String,
}

/// The form of an e-mail address by which a person is found: trimmed, in lower case.
pub fn normalized_email(email: &str) -> String {
    email.trim().to_lowercase()
}

/// The context that a sealed value of a row is bound to.
pub(crate) fn row_aad(table: &str, column: &str, id: &str) -> Vec<u8> {
    ["annals.row.v1", table, column, id].join("\n").into_bytes()
}

impl Rx<'_> {
    /// Seals a value of a row with the key of a subject, made where there is none.
    pub(crate) fn seal_value(
        &mut self,
        key: (&str, &str),
        place: (&str, &str, &str),
        text: &[u8],
    ) -> Result<Vec<u8>> {
        if let Some(KeyState::Erased) = self.keys.get(self.conn, self.env, key.0, key.1)? {
            self.must_be_erased(key.0, key.1)?;
        }
        let data_key = self.keys.get_or_make(self.conn, self.env, key.0, key.1)?;
        Ok(data_key.seal(self.env, &row_aad(place.0, place.1, place.2), text))
    }

    /// Opens what [`Rx::seal_value`] sealed; nothing where the key was erased.
    pub(crate) fn open_value(
        &mut self,
        key: (&str, &str),
        place: (&str, &str, &str),
        sealed: &[u8],
    ) -> Result<Option<Zeroizing<Vec<u8>>>> {
        match self.keys.get(self.conn, self.env, key.0, key.1)? {
            Some(KeyState::Whole(data_key)) => data_key
                .open(&row_aad(place.0, place.1, place.2), sealed)
                .map(Some)
                .ok_or_else(|| {
                    Error::Internal(format!("a sealed value of {} does not open", place.0))
                }),
            Some(KeyState::Erased) => Ok(None),
            None => {
                tracing::error!(
                    organization = key.0,
                    subject = key.1,
                    "the row of a key is gone"
                );
                Err(Error::KeyMissing)
            }
        }
    }

    pub(crate) fn seal_identity(&mut self, user: UserId, identity: &Identity) -> Result<Vec<u8>> {
        let text = Zeroizing::new(
            serde_json::to_vec(identity).map_err(|error| Error::Internal(error.to_string()))?,
        );
        self.seal_value(
            (INSTANCE, user.as_str()),
            ("users", "identity", user.as_str()),
            &text,
        )
    }

    pub(crate) fn open_identity(&mut self, user: UserId, sealed: &[u8]) -> Result<Identity> {
        let opened = self.open_value(
            (INSTANCE, user.as_str()),
            ("users", "identity", user.as_str()),
            sealed,
        )?;
        match opened {
            Some(text) => {
                serde_json::from_slice(&text).map_err(|error| Error::Internal(error.to_string()))
            }
            None => Ok(Identity {
                name: String::new(),
                email: String::new(),
            }),
        }
    }

    pub(crate) fn email_index(&self, email: &str) -> [u8; 32] {
        hmac(
            &self.env.index,
            &[b"email\n", normalized_email(email).as_bytes()],
        )
    }

    /// A person, by id.
    pub fn user(&mut self, id: UserId) -> Result<Option<User>> {
        let row = self.conn.query_one(
            "SELECT id, identity, created_at FROM users WHERE id = $1",
            params![&id],
        )?;
        row.map(|row| {
            let identity = self.open_identity(id, row.blob(1)?)?;
            Ok(User {
                id,
                name: identity.name,
                email: identity.email,
                created_at: row.moment(2)?,
            })
        })
        .transpose()
    }

    /// A person and the hash of the password, by e-mail.
    pub fn user_by_email(&mut self, email: &str) -> Result<Option<(User, String)>> {
        let index = self.email_index(email);
        let row = self.conn.query_one(
            "SELECT id, password FROM users WHERE email_index = $1",
            params![&index],
        )?;
        let Some(row) = row else { return Ok(None) };
        let password = row.text(1)?.to_owned();
        Ok(self.user(row.parse(0)?)?.map(|user| (user, password)))
    }

    /// The hash of a person's password now, for a check that what was verified outside is still so.
    pub fn password_of(&mut self, id: UserId) -> Result<Option<String>> {
        let row = self
            .conn
            .query_one("SELECT password FROM users WHERE id = $1", params![&id])?;
        Ok(row.map(|row| row.text(0).map(str::to_owned)).transpose()?)
    }
}

/// An account as an event tells it.
struct Account<'a> {
    user: &'a User,
    /// The password's hash, of which only that it changed is told.
    password: Option<&'a str>,
}

impl Audited for Account<'_> {
    fn snapshot(&self) -> Snapshot<'_> {
        let mut value = json!({ "name": self.user.name, "email": self.user.email });
        if let Some(password) = self.password {
            value["password"] = json!(password);
        }
        Snapshot {
            person: Some(self.user.id),
            secret: &["password"],
            ..Snapshot::new(TargetType::User, &self.user.id, &self.user.name, value)
        }
    }
}

impl Tx<'_> {
    /// A person's name or e-mail changes. The caller has seen that the e-mail is nobody else's.
    pub fn update_user(&mut self, before: &User, after: &User) -> Result<Changed> {
        self.begin_writing()?;
        let identity = Identity {
            name: after.name.clone(),
            email: after.email.clone(),
        };
        let sealed = self.seal_identity(after.id, &identity)?;
        let index = self.email_index(&after.email);
        let account = |user| Account {
            user,
            password: None,
        };
        self.write(
            "UPDATE users SET identity = $2, email_index = $3 WHERE id = $1",
            params![&after.id, &sealed, &index],
            Some(&account(before)),
            Some(&account(after)),
        )
    }

    /// A person's password changes, from one hash to another.
    pub fn update_password(&mut self, user: &User, before: &str, after: &str) -> Result<Changed> {
        let account = |password| Account {
            user,
            password: Some(password),
        };
        self.write(
            "UPDATE users SET password = $2 WHERE id = $1",
            params![&user.id, after],
            Some(&account(before)),
            Some(&account(after)),
        )
    }
}
