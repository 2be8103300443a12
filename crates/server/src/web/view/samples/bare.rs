//! Set-up, sign-in, and what went wrong.

use super::super::error::{AgainPage, ErrorPage};
use super::super::parts::Errors;
use super::super::setup::{Secret, Setup, SetupDone};
use super::super::sign_in::SignIn;
use super::{Rendered, Samples};
use askama::Template as _;

impl Samples {
    pub(super) fn bare_pages(self) -> Vec<Rendered> {
        let errors: Errors = [(
            "email",
            self.text("Write an address such as ines@fernhill.example."),
        )]
        .into_iter()
        .collect();
        let setup = Setup {
            bare: self.bare(),
            organization: self.text("Fernhill Market"),
            workspace: self.text("Production"),
            name: self.text("Ines Okafor-Lund"),
            email: self.text("ines@fernhill"),
            password_min: 12,
            errors: Errors::default(),
        };
        let secret = |id: &str, label: &str, purpose: &str| Secret {
            id: id.to_owned(),
            label: self.text(label),
            purpose: self.text(purpose),
            value: self.text("3FQnSecr2Xb5zJe5lR1Wy0mS6Yc7AkF4nT2"),
        };
        let done = SetupDone {
            bare: self.bare(),
            organization: self.text("Fernhill Market"),
            workspace: self.text("Production"),
            secrets: vec![
                secret(
                    "personal-token",
                    "Personal access token",
                    "Acts as you over the API.",
                ),
                secret(
                    "service-token",
                    "Service token",
                    "For programs such as Terraform. It outlives your membership.",
                ),
                secret(
                    "workspace-token",
                    "Workspace token",
                    "For the data plane, which asks for its configuration with it.",
                ),
            ],
            key_path: self.text("/var/lib/annals/annals.key"),
        };
        let sign_in = SignIn {
            bare: self.bare(),
            organization: Some(self.text("Fernhill Market")),
            host: self.text("annals.fernhill.example"),
            email: String::new(),
            next: self.text("/sources"),
            error: None,
            has_passkeys: true,
        };
        let refused = SignIn {
            email: self.text("ines@fernhill.example"),
            error: Some(
                self.text("This e-mail and password do not belong together. Nobody was signed in."),
            ),
            ..sign_in.clone()
        };
        let error = |status, title: &str, state: &str, advice: &str| ErrorPage {
            bare: self.bare(),
            status,
            title: self.text(title),
            state: self.text(state),
            advice: self.text(advice),
            recorded: None,
            link: Some((self.text("Go to Sources"), self.text("/sources"))),
        };
        let ended = AgainPage {
            bare: self.bare(),
            is_signed_in: false,
            to: self.text("/destinations/2c9x8QeR4tYuIoPasDfGhJkLz/settings"),
            fields: vec![
                (self.text("name"), self.text("Slack, #alerts")),
                (
                    self.text("config.webhookUrl"),
                    self.text("https://hooks.example.com/services/T0/B0/x"),
                ),
            ],
        };
        let again = AgainPage {
            is_signed_in: true,
            ..ended.clone()
        };
        let denied = ErrorPage {
            recorded: Some((self.text("Deleted"), 184_227)),
            ..error(
                403,
                "The audit log is open to administrators",
                "You are signed in as Jonah Estrella, an Editor. Nothing was changed.",
                "Ask Ines Okafor-Lund for the role.",
            )
        };
        vec![
            ("setup-errors", Setup { errors, ..setup.clone() }.render()),
            ("setup", setup.render()),
            ("setup-done", done.render()),
            ("sign-in", sign_in.render()),
            ("sign-in-refused", refused.render()),
            ("signed-out", ended.render()),
            ("send-again", again.render()),
            ("error-403", denied.render()),
            ("error-404", error(404, "Nothing is here", "The address may be mistyped, or the thing was deleted. Its history is in the audit log.", "Look for it in the audit log.").render()),
            ("error-503", error(503, "The database does not answer", "Nothing was changed and nothing was lost.", "Wait a minute, then load the page again.").render()),
        ]
    }
}
