//! Passkeys (Web Authentication, level 2). The library checks what the standard's sections 7.1 and 7.2 ask for; here stands
//! what we ask of a passkey: that it is found without a name, and that it has verified the person each time. So it is two
//! factors in one, and good as the only sign-in.

use std::time::Duration;

use axum::http::{HeaderMap, header};
use model::id::FactorId;
use model::things::{Factor, User};
use store::{Error, Result};
use url::{Host, Url};
use webauthn_rs_core::WebauthnCore;
use webauthn_rs_core::error::WebauthnError;
use webauthn_rs_core::proto::{
    AttestationConveyancePreference, AttestationMetadata, AuthenticationState, Credential,
    ParsedAttestation, ParsedAttestationData, PublicKeyCredential, RegisterPublicKeyCredential,
    RegistrationState, UserVerificationPolicy,
};
use zeroize::Zeroizing;

use crate::app::{App, Config};

/// How long a person may take for it.
pub const PATIENCE: Duration = Duration::from_mins(5);
/// The most passkeys of a person: more is a mistake.
pub const MOST: usize = 20;

/// What the browser is asked, as JSON, and what is kept until it has answered.
pub struct Asked {
    /// The options of `navigator.credentials.create` or `get`.
    pub options: String,
    /// What the answer is checked against.
    pub state: Zeroizing<Vec<u8>>,
}

/// A passkey that a browser has made.
#[derive(Clone)]
pub struct Made {
    /// Its credential id.
    pub credential: Vec<u8>,
    /// All that is kept of it, as JSON.
    pub secret: Zeroizing<String>,
}

/// A passkey that has signed, and what is kept of it before and from now on (its counter).
#[derive(Clone)]
pub struct Signed {
    /// Which.
    pub factor: FactorId,
    /// What it was checked against.
    pub before: Zeroizing<String>,
    /// What is kept of it now.
    pub after: Zeroizing<String>,
}

/// Why a signature is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// It is not of this passkey, this challenge or this site, or the person was not verified.
    Wrong,
    /// Its counter has gone back: there are two of it.
    Copied,
}

/// Where passkeys are good.
pub struct Passkeys {
    core: WebauthnCore,
    /// The host that they belong to.
    pub host: String,
    has_public_url: bool,
}

fn internal(error: impl std::fmt::Display) -> Error {
    Error::Internal(format!("a passkey: {error}"))
}

impl Passkeys {
    /// Those of a server with this configuration: its public address or, without one, localhost at any port. Nothing where
    /// browsers have none: without TLS, and at a bare IP address.
    pub fn of(config: &Config) -> Option<Self> {
        let public = config.public_url.as_deref();
        let origin = Url::parse(public.unwrap_or("http://localhost")).ok()?;
        let Some(Host::Domain(host)) = origin.host() else {
            return None;
        };
        let host = host.to_owned();
        let is_here = host == "localhost" || host.ends_with(".localhost");
        if origin.scheme() != "https" && !is_here {
            return None;
        }
        let core = WebauthnCore::new_unsafe_experts_only(
            "Annals",
            &host,
            vec![origin],
            PATIENCE,
            Some(false),
            Some(public.is_none()),
        );
        Some(Self {
            core,
            host,
            has_public_url: public.is_some(),
        })
    }

    /// What a browser is asked that is to make a passkey. The handle in it is the person's id: random, and no address.
    ///
    /// # Errors
    /// When one of those that there are cannot be read.
    pub fn ask_new(&self, user: &User, known: &[Factor]) -> Result<Asked> {
        let known = known
            .iter()
            .map(|factor| kept(factor).map(|one| one.cred_id))
            .collect::<Result<Vec<_>>>()?;
        let builder = self
            .core
            .new_challenge_register_builder(user.id.as_str().as_bytes(), &user.email, &user.name)
            .map_err(internal)?
            .attestation(AttestationConveyancePreference::None)
            .user_verification_policy(UserVerificationPolicy::Required)
            .require_resident_key(true)
            .exclude_credentials(Some(known));
        let (options, state) = self
            .core
            .generate_challenge_register(builder)
            .map_err(internal)?;
        Ok(Asked {
            options: serde_json::to_string(&options.public_key).map_err(internal)?,
            state: serde_json::to_vec(&state).map_err(internal)?.into(),
        })
    }

    /// The passkey that a browser has made, if it is what was asked for.
    pub fn made(&self, state: &[u8], answer: &str) -> Option<Made> {
        let state: RegistrationState = serde_json::from_slice(state).ok()?;
        let answer: RegisterPublicKeyCredential = serde_json::from_str(answer).ok()?;
        let mut made = self.core.register_credential(&answer, &state, None).ok()?;
        // What it says of its maker was not asked for.
        made.attestation = ParsedAttestation {
            data: ParsedAttestationData::None,
            metadata: AttestationMetadata::None,
        };
        Some(Made {
            secret: serde_json::to_string(&made).ok()?.into(),
            credential: made.cred_id,
        })
    }

    /// What a browser is asked that is to sign: with one of these or, where it is not known whose sign-in it is, with any.
    ///
    /// # Errors
    /// When one of them cannot be read.
    pub fn ask(&self, of: &[Factor]) -> Result<Asked> {
        let known = of.iter().map(kept).collect::<Result<Vec<_>>>()?;
        let builder = self
            .core
            .new_challenge_authenticate_builder(known, Some(UserVerificationPolicy::Required))
            .map_err(internal)?
            .allow_backup_eligible_upgrade(true);
        let (options, mut state) = self
            .core
            .generate_challenge_authenticate(builder)
            .map_err(internal)?;
        // Looked up again, in its state of then, when it is checked.
        state.set_allowed_credentials(Vec::new());
        Ok(Asked {
            options: serde_json::to_string(&options.public_key).map_err(internal)?,
            state: serde_json::to_vec(&state).map_err(internal)?.into(),
        })
    }

    /// Checks a signature with the passkey that it says to be of. It takes a millisecond: not for the writer's thread.
    ///
    /// # Errors
    /// [`Unfit`], with the reason.
    pub fn check(
        &self,
        state: &[u8],
        answer: &Answer,
        factor: &Factor,
    ) -> std::result::Result<Signed, Unfit> {
        let state: AuthenticationState = serde_json::from_slice(state).map_err(|_| Unfit::Wrong)?;
        let mut kept = kept(factor).map_err(|_| Unfit::Wrong)?;
        // 7.2, step 6: whoever the passkey says to be for is its owner.
        if answer
            .handle()
            .is_some_and(|handle| handle != factor.user.as_str().as_bytes())
        {
            return Err(Unfit::Wrong);
        }
        let said = self
            .core
            .authenticate_single_credential(&answer.0, &state, &kept)
            .map_err(|error| match error {
                WebauthnError::CredentialPossibleCompromise => Unfit::Copied,
                _ => Unfit::Wrong,
            })?;
        kept.counter = said.counter();
        kept.backup_state = said.backup_state();
        kept.backup_eligible = said.backup_eligible();
        Ok(Signed {
            factor: factor.id,
            before: factor.secret.clone(),
            after: serde_json::to_string(&kept)
                .map_err(|_| Unfit::Wrong)?
                .into(),
        })
    }
}

fn kept(factor: &Factor) -> Result<Credential> {
    serde_json::from_str(&factor.secret).map_err(internal)
}

/// What a browser has sent for a passkey that has signed.
pub struct Answer(PublicKeyCredential);

impl Answer {
    /// Reads it.
    pub fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok().map(Self)
    }

    /// The credential id that it says.
    pub fn credential(&self) -> &[u8] {
        self.0.get_credential_id()
    }

    /// The handle of the person that the passkey is for.
    pub fn handle(&self) -> Option<&[u8]> {
        self.0.get_user_unique_id()
    }
}

/// Why there are no passkeys where a browser has asked, in words; nothing where there are.
pub fn missing(app: &App, headers: &HeaderMap) -> Option<String> {
    let Some(passkeys) = &app.passkeys else {
        let public = app.config.public_url.as_deref().unwrap_or_default();
        return Some(format!(
            "Browsers have passkeys only where there is TLS and a name. This server is known as {public}."
        ));
    };
    if passkeys.has_public_url {
        return None;
    }
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let (name, port) = match host.map(|host| host.rsplit_once(':').unwrap_or((host, ""))) {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (name, port),
        _ => ("", ""),
    };
    if name == passkeys.host {
        return None;
    }
    let port = if port.is_empty() {
        String::new()
    } else {
        format!(":{port}")
    };
    Some(format!(
        "This server was started without a public address, so passkeys work only at http://localhost{port}."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(public: Option<&str>) -> Option<String> {
        let config = Config {
            public_url: public.map(str::to_owned),
            ..Config::default()
        };
        Passkeys::of(&config).map(|one| one.host)
    }

    #[test]
    fn passkeys_belong_to_the_public_address_where_browsers_have_them() {
        assert_eq!(
            of(Some("https://annals.example.com:8443")).as_deref(),
            Some("annals.example.com")
        );
        assert_eq!(of(None).as_deref(), Some("localhost"));
        assert_eq!(
            of(Some("http://localhost:9000")).as_deref(),
            Some("localhost")
        );
        for none in [
            "http://annals.example.com",
            "https://192.0.2.7",
            "https://[2001:db8::1]",
            "http://127.0.0.1:8080",
            "nonsense",
        ] {
            assert_eq!(of(Some(none)), None, "{none}");
        }
    }
}
