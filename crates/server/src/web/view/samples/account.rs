//! The team, the own account, and what links in letters open.

use askama::Template as _;

use model::things::FactorKind;

use super::super::frame::NavItem;
use super::super::links::{Confirm, Forgot, Invited as Invitation, OnItsWay, Reset, Step};
use super::super::parts::{Choice, Errors};
use super::super::profile::{
    App, Codes, ConfirmPhone, Factor, NewPasskey, NewToken, Phone, Profile, Session, Token,
};
use super::super::team::{Elsewhere, Erase, Former, Invited, Line, Member, Remove, Team};
use super::super::tokens::{DeleteToken, PublicHashes, Tokens};
use super::{Rendered, Samples, when};

impl Samples {
    fn on_its_way(self, is_bad: bool) -> OnItsWay {
        OnItsWay {
            text: self.text("A code was sent."),
            is_bad,
        }
    }

    fn choices(self) -> Vec<Choice> {
        vec![
            Choice::new(self.text("admin"), self.text("Admin"), "member"),
            Choice::new("member", self.text("Member"), "member"),
        ]
    }

    pub(super) fn wrong(self, field: &str) -> Errors {
        let message = self.text("This is not an e-mail address.");
        [(field, message)].into_iter().collect()
    }

    fn elsewhere(self) -> Elsewhere {
        Elsewhere {
            id: self.text("3FQtWork8Dh1fPk9"),
            name: self.text("Staging"),
            roles: self.choices(),
        }
    }

    fn member(self, id: &str, name: &str, workspace_role: Option<&str>) -> Member {
        Member {
            id: self.text(id),
            name: self.text(name),
            email: self.text("ines@fernhill.example"),
            organization_role: self.text("Admin"),
            workspace_role: workspace_role.map(|role| self.text(role)),
            since: when("2024-03-11T08:50:00Z"),
            has_factor: Some(workspace_role.is_some()),
            last_seen: workspace_role.map(|_| when("2026-11-23T08:50:00Z")),
            can_end_sessions: true,
            roles: self.choices(),
            workspace_roles: self.choices(),
            elsewhere: vec![self.elsewhere()],
            roles_elsewhere: 1,
            remove_href: Some(self.text("/settings/team/3FQtUser/remove")),
            erase_href: Some(self.text("/settings/team/3FQtUser/erase")),
            events_href: workspace_role.map(|_| self.text("/settings/audit-logs?actor=3FQtUser")),
        }
    }

    fn invited(self, id: &str, tone: &'static str, is_open: bool) -> Invited {
        Invited {
            id: self.text(id),
            email: self.text("grace@fernhill.example"),
            role: self.text("Editor"),
            state: "Sent",
            tone,
            is_open,
            by: is_open.then(|| self.text("Ines Okafor-Lund")),
            erase_href: (!is_open).then(|| format!("/settings/team/{id}/erase")),
            until: when("2026-11-26T08:50:00Z"),
        }
    }

    fn token(self, id: &str, owner: Option<&str>, used: bool) -> Token {
        let at = when("2026-11-23T08:50:00Z");
        Token {
            id: self.text(id),
            name: self.text("laptop"),
            owner: owner.map(|owner| self.text(owner)),
            workspace: used.then(|| self.text("Production")),
            access: "Read-only",
            created: at.clone(),
            expires: used.then(|| at.clone()),
            used: used.then_some(at),
        }
    }

    fn new_token(self) -> NewToken {
        NewToken {
            name: self.text("laptop"),
            accesses: self.choices(),
            days: self.choices(),
        }
    }

    fn teams(self) -> [Team; 2] {
        let reader = Team {
            frame: self.frame(NavItem::Settings),
            members: vec![
                self.member("3FQtUser1", "Ines Okafor-Lund", Some("Admin")),
                self.member("3FQtUser2", "Odile Marchetti", None),
            ],
            invitations: Vec::new(),
            former: Vec::new(),
            can_edit: false,
            shows_factors: false,
            without_factor: 0,
            has_mail: false,
            links: Vec::new(),
            once: self.text("AAECAwQFBgcICQoLDA0ODw"),
            emails: String::new(),
            roles: self.choices(),
            workspace_roles: self.choices(),
            elsewhere: vec![self.elsewhere()],
            columns: vec!["Admin", "Viewer"],
            lines: vec![Line {
                label: "Edit sources",
                may: vec![true, false],
            }],
            errors: Errors::default(),
        };
        let admin = Team {
            can_edit: true,
            shows_factors: true,
            without_factor: 1,
            invitations: vec![
                self.invited("3FQtInv1", "", true),
                self.invited("3FQtInv2", "bad", false),
            ],
            former: vec![Former {
                name: self.text("Otto Weidenfeld"),
                email: self.text("otto@fernhill.example"),
                events_href: "/settings/audit-logs?actor=3FQtUser9".to_owned(),
                erase_href: "/settings/team/3FQtUser9/erase".to_owned(),
            }],
            links: vec![(
                self.text("grace@fernhill.example"),
                self.text("https://annals.example.com/invitation?token=annals_lnk_x"),
            )],
            emails: self.text("nobody"),
            errors: self.wrong("emails"),
            ..reader.clone()
        };
        [reader, admin]
    }

    pub(super) fn factor(self, kind: FactorKind) -> Factor {
        Factor {
            id: self.text("3FQtFac1"),
            kind,
            name: self.text("Laptop"),
            since: when("2026-11-23T08:50:00Z"),
            used: Some(when("2026-11-23T08:50:00Z")),
        }
    }

    fn profiles(self) -> [Profile; 2] {
        let at = || when("2026-11-23T08:50:00Z");
        let session = |id: &str, is_this: bool| Session {
            id: self.text(id),
            program: self.text("Firefox (macOS)"),
            ip: is_this.then(|| self.text("203.0.113.24")),
            since: at(),
            seen: at(),
            is_this,
        };
        let full = Profile {
            frame: self.frame(NavItem::Settings),
            organizations: vec![
                (self.text("3FQtOrg1"), self.text("Fernhill")),
                (self.text("3FQtOrg2"), self.text("Difference Engines")),
            ],
            has_mail: true,
            password_min: 12,
            sessions: vec![session("3FQtSes1", true), session("3FQtSes2", false)],
            tokens: vec![
                self.token("3FQtTok1", None, true),
                self.token("3FQtTok2", None, false),
            ],
            can_add_phone: true,
            has_app: true,
            factors: [FactorKind::Totp, FactorKind::Passkey, FactorKind::Phone]
                .map(|kind| self.factor(kind))
                .into(),
            codes_left: 2,
            shown: Some(self.text("annals_pat_x")),
            new_token: self.new_token(),
            once: self.text("AAECAwQFBgcICQoLDA0ODw"),
            errors: self.wrong("token_name"),
        };
        let bare = Profile {
            has_mail: false,
            sessions: vec![session("3FQtSes1", true)],
            tokens: Vec::new(),
            has_app: false,
            factors: Vec::new(),
            codes_left: 0,
            shown: None,
            errors: self.wrong("new_password"),
            ..full.clone()
        };
        [full, bare]
    }

    pub(super) fn account_pages(self) -> Vec<Rendered> {
        let [team, admin] = self.teams();
        let [profile, bare] = self.profiles();
        let erase = Erase {
            frame: self.frame(NavItem::Settings),
            id: self.text("3FQtUser"),
            name: self.text("Odile Marchetti"),
            email: self.text("odile@fernhill.example"),
            events: 412,
            bases: vec![Choice::new("request", "The person asked for it", "request")],
            errors: Errors::default(),
        };
        let remove = Remove {
            frame: self.frame(NavItem::Settings),
            id: self.text("3FQtUser"),
            name: self.text("Odile Marchetti"),
            email: self.text("odile@fernhill.example"),
            errors: self.wrong("confirm"),
        };
        let tokens = Tokens {
            frame: self.frame(NavItem::Settings),
            organization_name: self.text("Fernhill Market"),
            seen_name: self.text("Fernhill Market"),
            tokens: vec![self.token("3FQtTok1", Some("Ines Okafor-Lund"), true)],
            roles: self.choices(),
            requires_mfa: Some(true),
            public_hashes: Some(PublicHashes {
                are: true,
                log: "3FQtLog".to_owned(),
            }),
            shown: Some(self.text("annals_sat_x")),
            new_token: self.new_token(),
            once: self.text("AAECAwQFBgcICQoLDA0ODw"),
            errors: self.wrong("name"),
        };
        let delete_token = DeleteToken {
            frame: self.frame(NavItem::Settings),
            token: self.token("3FQtTok1", Some("Ines Okafor-Lund"), false),
            action: "/settings/tokens/3FQtTok1/delete".to_owned(),
            back: ("Access", "/settings/tokens"),
        };
        vec![
            ("token-delete", delete_token.render()),
            ("team", team.render()),
            ("team-admin", admin.render()),
            ("erase", erase.render()),
            ("remove", remove.render()),
            ("access", tokens.render()),
            ("profile", profile.render()),
            ("profile-bare", bare.render()),
        ]
    }

    /// What someone sees who is not signed in, or not in a workspace. Some of them show no text that comes from anyone.
    pub(super) fn link_pages(self) -> Vec<Rendered> {
        let invitation = Invitation {
            bare: self.bare(),
            organization: self.text("Fernhill Market"),
            email: self.text("grace@fernhill.example"),
            is_signed_in: false,
            other: None,
            has_account: false,
            name: self.text("Grace"),
            password_min: 12,
            errors: self.wrong("password"),
        };
        let other = Invitation {
            other: Some(self.text("ines@fernhill.example")),
            ..invitation.clone()
        };
        let known = Invitation {
            has_account: true,
            is_signed_in: true,
            ..invitation.clone()
        };
        let app = App {
            bare: self.bare(),
            path: "M4 4h1v1h-1z".to_owned(),
            side: 45,
            seed: self.text("GEZD GNBV"),
            required: true,
            errors: self.wrong("code"),
        };
        let passkey = |missing: Option<&str>| NewPasskey {
            bare: self.bare(),
            required: true,
            missing: missing.map(|why| self.text(why)),
        };
        let phone = |has_texter| Phone {
            bare: self.bare(),
            required: true,
            has_texter,
            current: Some(self.text("+44 ••••••••56")),
            number: self.text("+44"),
            errors: self.wrong("number"),
        };
        let confirm_phone = |is_bad| ConfirmPhone {
            bare: self.bare(),
            sent: self.on_its_way(is_bad),
            is_change: is_bad,
            errors: self.wrong("code"),
        };
        let codes = Codes {
            bare: self.bare(),
            codes: vec![self.text("k3v9-0r7m-x2qd")],
        };
        let forgot = |has_mail, sent| Forgot {
            bare: self.bare(),
            has_mail,
            sent,
        };
        let reset = Reset {
            bare: self.bare(),
            email: "grace@example.com".to_owned(),
            password_min: 12,
            errors: self.wrong("password"),
        };
        let confirm = Confirm {
            bare: self.bare(),
            email: self.text("augusta@fernhill.example"),
        };
        let step = Step {
            bare: self.bare(),
            next: self.text("/sources"),
            has_app: true,
            has_passkey: true,
            passkeys_missing: None,
            phone: Some(self.text("+44 ••••••••56")),
            sent: Some(self.on_its_way(false)),
            error: Some("This code was not right."),
        };
        let elsewhere = Step {
            has_app: false,
            passkeys_missing: Some(self.text("Only at http://localhost:8080.")),
            sent: Some(self.on_its_way(true)),
            error: None,
            ..step.clone()
        };
        vec![
            ("invitation", invitation.render()),
            ("invitation-other", other.render()),
            ("invitation-known", known.render()),
            ("app", app.render()),
            ("passkey", passkey(None).render()),
            ("phone", phone(true).render()),
            ("phone-none", phone(false).render()),
            ("phone-confirm", confirm_phone(false).render()),
            ("phone-confirm-bad", confirm_phone(true).render()),
            ("passkey-missing", passkey(Some("Not here.")).render()),
            ("step-elsewhere", elsewhere.render()),
            ("codes", codes.render()),
            ("forgot", forgot(true, false).render()),
            ("forgot-sent", forgot(true, true).render()),
            ("forgot-no-mail", forgot(false, false).render()),
            ("reset", reset.render()),
            ("confirm", confirm.render()),
            ("step", step.render()),
        ]
    }
}
