//! Actions that a test writes down where it uses them.

use model::actor::{Actor, System};
use model::catalogue::{self, EventType, TargetType};
use model::id::{EventId, OrganizationId, SessionId, SourceId, UserId, WorkspaceId};
use model::part::PartName;
use model::role::{OrganizationRole, Permission, WorkspaceRole};
use model::things::{Member, Session, Source, User};
use serde_json::json;
use store::{Action, Done, Error, Fact, Need, Result, Rx, Scope, Store, Target, Tx};

use super::{Team, origin};

/// An action whose `apply` is a closure. It may emit what happens to sources, people and keys of logs.
pub struct Script<F> {
    pub scope: Scope,
    pub needs: Vec<Need>,
    pub apply: F,
}

impl<F> Script<F> {
    /// Something that needs the permission to edit sources of the team's workspace.
    pub fn new(team: &Team, apply: F) -> Self
    where
        F: Fn(&mut Tx<'_>) -> Result<Done<()>> + Send + 'static,
    {
        Self {
            scope: Scope::Organization(team.organization),
            needs: vec![Need::in_workspace(
                Permission::EditSources,
                team.workspace,
                Target::to_be(TargetType::Source, "scripted".to_owned()),
            )],
            apply,
        }
    }

    /// Something that anyone may try, about a person.
    pub fn about(scope: Scope, user: UserId, apply: F) -> Self
    where
        F: Fn(&mut Tx<'_>) -> Result<Done<()>> + Send + 'static,
    {
        Self {
            scope,
            needs: vec![Need::nothing(Target {
                kind: TargetType::User,
                id: Some(user.to_string()),
                name: None,
            })],
            apply,
        }
    }
}

impl<F> Action for Script<F>
where
    F: Fn(&mut Tx<'_>) -> Result<Done<()>> + Send + 'static,
{
    const EVENTS: &'static [EventType] = &[
        catalogue::LOG_KEY_ROTATED,
        catalogue::SOURCE_CREATED,
        catalogue::SOURCE_UPDATED,
        catalogue::SOURCE_UPDATED_NAME,
        catalogue::SOURCE_DELETED,
        catalogue::USER_ADDED_TO_ORGANIZATION,
        catalogue::USER_SIGNED_IN,
        catalogue::USER_SIGNED_OUT,
        catalogue::USER_UPDATED_EMAIL,
        catalogue::DEFINITION_IMPORTED,
        catalogue::DEFINITION_DELETED,
        catalogue::PRIVACY_ERASED,
    ];
    type Output = ();

    fn scope(&self) -> Scope {
        self.scope
    }

    fn needs(&self, _: &mut Rx<'_>) -> Result<Vec<Need>> {
        Ok(self.needs.clone())
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<()>> {
        (self.apply)(tx)
    }
}

/// A source that is not stored yet.
pub fn source(tx: &Tx<'_>, workspace: WorkspaceId, name: &str) -> Source {
    Source {
        id: tx.new_id(SourceId::new),
        workspace,
        name: name.to_owned(),
        kind: "HTTP".to_owned(),
        enabled: true,
        config: json!({}).into(),
        write_key: tx.new_id(SourceId::new).to_string(),
        geo_enrichment: false,
        transient: false,
        external_id: None,
        created_at: tx.at,
        updated_at: tx.at,
    }
}

/// Somebody new, who is a Member of the team's organization.
pub fn new_member(store: &Store, team: Team) -> UserId {
    let user = UserId::new(store.clock(), store.entropy());
    let role = OrganizationRole::Member;
    member(store, team.organization, user, role, &[]);
    user
}

/// Makes a person a member of an organization, with an account where there is none yet.
pub fn member(
    store: &Store,
    organization: OrganizationId,
    user: UserId,
    role: OrganizationRole,
    workspaces: &[(WorkspaceId, WorkspaceRole)],
) {
    let workspaces = workspaces.to_vec();
    let done = store
        .perform(
            Actor::System(System::CommandLine),
            origin(store),
            Script::about(Scope::Organization(organization), user, move |tx| {
                let known = tx.user(user)?;
                let password = known.is_none().then_some("no password");
                let member = Member {
                    user: known.unwrap_or_else(|| User {
                        id: user,
                        name: "Grace Hopper".to_owned(),
                        email: format!("grace@{}.example", user.as_str().to_lowercase()),
                        created_at: tx.at,
                    }),
                    organization,
                    role,
                    workspaces: workspaces.clone(),
                };
                let made = tx.insert_member(&member, password)?;
                Ok(Done::new(
                    (),
                    vec![Fact::new(catalogue::USER_ADDED_TO_ORGANIZATION, &made)],
                ))
            }),
        )
        .wait();
    let _ = done.expect("a member");
}

/// Erases a person from the team's organization.
pub fn erase_person(store: &Store, team: Team, user: UserId) {
    let action = Script::new(&team, move |tx| {
        let log = tx.organization_log(team.organization)?;
        let erased = tx.erase_person(&log, user, false)?;
        let said = json!({ "subject": user, "events": 0, "basis": "request" });
        let fact = Fact::new(catalogue::PRIVACY_ERASED, &erased).readable(said);
        Ok(Done::new((), vec![fact]))
    });
    let done = store.perform(team.actor(), origin(store), action).wait();
    let _ = done.expect("erased");
}

/// The erasure of one part of an event of the team's organization, unless it is erased.
pub fn erasure(
    team: Team,
    event: EventId,
    part: PartName,
) -> Script<impl Fn(&mut Tx<'_>) -> Result<Done<()>> + Send + 'static> {
    Script::new(&team, move |tx| {
        let log = tx.organization_log(team.organization)?;
        if tx.is_part_erased(log.id, event, part)? {
            return Ok(Done::new((), Vec::new()));
        }
        let erased = tx.erase_part(&log, event, part)?;
        let one = json!({ "event": event, "part": part.to_string() });
        let fact =
            Fact::new(catalogue::PRIVACY_ERASED, &erased).readable(json!({ "erased": [one] }));
        Ok(Done::new((), vec![fact]))
    })
}

/// Erases one part of an event, and tells whether it was not erased before.
pub fn erase_part(store: &Store, team: Team, event: EventId, part: PartName) -> bool {
    let action = erasure(team, event, part);
    let done = store.perform(team.actor(), origin(store), action).wait();
    !done.expect("erased").entries.is_empty()
}

/// A session that is not stored yet; it lasts for an hour.
pub fn session(tx: &Tx<'_>, id: SessionId, user: UserId) -> Session {
    Session {
        id,
        user,
        hash: <[u8; 32]>::try_from(format!("{id:0>32}").as_bytes()).expect("32 bytes"),
        created_at: tx.at,
        used_at: tx.at,
        expires_at: tx.at.plus(3600 * model::clock::Micros::SECOND),
    }
}

/// What it is to sign in: an account's own action, recorded in the logs of all its organizations.
pub fn sign_in(
    user: UserId,
    id: SessionId,
) -> Script<impl Fn(&mut Tx<'_>) -> Result<Done<()>> + Send + 'static> {
    Script::about(Scope::Account(user), user, move |tx| {
        let person = tx.user(user)?.ok_or(Error::NotFound("user"))?;
        let session = session(tx, id, user);
        let made = tx.insert_session(&session, &person, "password")?;
        Ok(Done::new(
            (),
            vec![Fact::new(catalogue::USER_SIGNED_IN, &made)],
        ))
    })
}
