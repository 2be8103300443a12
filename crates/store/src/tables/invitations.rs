//! Invitations. The link's secret is in the letter; only its hash is here. The e-mail address is sealed.

use std::collections::BTreeSet;

use model::catalogue::TargetType;
use model::id::{InvitationId, OrganizationId, UserId, WorkspaceId};
use model::role::WorkspaceRole;
use model::things::{Invitation, InvitationState};
use serde_json::{Map, Value, json};

use crate::action::Changed;
use crate::db::{Row, params};
use crate::error::{Error, Result};
use crate::keyring::INSTANCE;
use crate::tx::{Audited, Rx, Snapshot, Tx};

fn roles(workspaces: &[(WorkspaceId, WorkspaceRole)]) -> Map<String, Value> {
    workspaces
        .iter()
        .map(|(id, role)| (id.to_string(), json!(role.as_str())))
        .collect()
}

impl Audited for Invitation {
    fn snapshot(&self) -> Snapshot<'_> {
        let mut value = json!({
            "email": self.email,
            "role": self.role.as_str(),
            "state": self.state.as_str(),
            "expiresAt": self.expires_at.rfc3339_millis(),
            "link": self.hash.map(|byte| format!("{byte:02x}")).concat(),
        });
        if !self.workspaces.is_empty() {
            value["workspaces"] = roles(&self.workspaces).into();
        }
        Snapshot {
            person: Some(self.user),
            secret: &["link"],
            ..Snapshot::new(TargetType::UserInvitation, &self.id, &self.email, value)
        }
    }
}

const INVITATION: &str = "SELECT id, organization_id, user_id, email, role, workspaces, state, delivery, created_at, expires_at, ended_at, hash, invited_by FROM invitations";

impl Rx<'_> {
    /// An invitation as its row has it, with the roles in workspaces that have gone since; nothing for one of a person who was
    /// erased.
    fn open_invitation(&mut self, row: &Row) -> Result<Option<Invitation>> {
        let id: InvitationId = row.parse(0)?;
        let user: UserId = row.parse(2)?;
        let place = ("invitations", "email", id.as_str());
        let Some(email) = self.open_value((INSTANCE, user.as_str()), place, row.blob(3)?)? else {
            return Ok(None);
        };
        let broken = || Error::Internal("an invitation cannot be read".to_owned());
        let email = String::from_utf8(email.to_vec()).map_err(|_| broken())?;
        let roles: Map<String, Value> = serde_json::from_str(row.text(5)?).map_err(|_| broken())?;
        let mut workspaces = Vec::with_capacity(roles.len());
        for (workspace, role) in &roles {
            let role = role.as_str().ok_or_else(broken)?;
            let workspace = workspace.parse().map_err(|_| broken())?;
            workspaces.push((workspace, role.parse().map_err(|_| broken())?));
        }
        Ok(Some(Invitation {
            id,
            organization: row.parse(1)?,
            user,
            email,
            invited_by: row.opt_parse(12)?,
            role: row.parse(4)?,
            workspaces,
            hash: row.blob(11)?.try_into().map_err(|_| broken())?,
            state: row.parse(6)?,
            delivery: row.parse(7)?,
            created_at: row.moment(8)?,
            expires_at: row.moment(9)?,
            ended_at: row.opt_moment(10)?,
        }))
    }

    /// Invitations of one organization as their rows have them, but for workspaces that have gone since. Their keys are asked
    /// for together, and so are the workspaces.
    fn open_invitations(
        &mut self,
        organization: OrganizationId,
        rows: &[Row],
    ) -> Result<Vec<Invitation>> {
        let users: std::result::Result<Vec<&str>, _> = rows.iter().map(|row| row.text(2)).collect();
        let keys: Vec<_> = users?.into_iter().map(|user| (INSTANCE, user)).collect();
        self.keys.fetch(self.conn, self.env, &keys)?;
        let mut all = Vec::with_capacity(rows.len());
        for row in rows {
            all.extend(self.open_invitation(row)?);
        }
        let named = all.iter().flat_map(|one: &Invitation| &one.workspaces);
        let named: BTreeSet<WorkspaceId> = named.map(|(id, _)| *id).collect();
        let there = self.workspaces_called(organization, &Vec::from_iter(named))?;
        for one in &mut all {
            one.workspaces.retain(|(id, _)| there.contains_key(id));
        }
        Ok(all)
    }

    fn one_invitation(&mut self, row: Option<Row>) -> Result<Option<Invitation>> {
        let Some(row) = row else { return Ok(None) };
        Ok(self.open_invitations(row.parse(1)?, &[row])?.pop())
    }

    /// An invitation, by its id.
    pub fn invitation(&mut self, id: InvitationId) -> Result<Option<Invitation>> {
        let sql = format!("{INVITATION} WHERE id = $1");
        let row = self.conn.query_one(&sql, params![&id])?;
        self.one_invitation(row)
    }

    /// The invitation with this hash of its link's secret, open or not.
    pub fn invitation_by_hash(&mut self, hash: &[u8; 32]) -> Result<Option<Invitation>> {
        let sql = format!("{INVITATION} WHERE hash = $1");
        let row = self.conn.query_one(&sql, params![hash])?;
        self.one_invitation(row)
    }

    /// The open invitation of an organization to this e-mail address.
    pub fn open_invitation_to(
        &mut self,
        organization: OrganizationId,
        email: &str,
    ) -> Result<Option<Invitation>> {
        let index = self.email_index(email);
        let sql = format!(
            "{INVITATION} WHERE email_index = $1 AND organization_id = $2 AND state = 'open'"
        );
        let row = self.conn.query_one(&sql, params![&index, &organization])?;
        self.one_invitation(row)
    }

    /// The id that an account with this e-mail address will have, where someone has been invited by it. One who has an
    /// account with another address meanwhile is somebody else.
    pub fn invited_user(&mut self, email: &str) -> Result<Option<UserId>> {
        let index = self.email_index(email);
        let rows = self.conn.query(
            "SELECT user_id FROM invitations WHERE email_index = $1 ORDER BY created_at, id",
            params![&index],
        )?;
        for row in &rows {
            let user = row.parse(0)?;
            if !self.is_erased(None, user)? && self.user(user)?.is_none() {
                return Ok(Some(user));
            }
        }
        Ok(None)
    }

    /// Whom the invitations were made for that an account accepted in place of them: it is the same person.
    pub fn invited_as(&mut self, user: UserId) -> Result<Vec<UserId>> {
        let rows = self.conn.query(
            "SELECT DISTINCT user_id FROM invitations WHERE accepted_by = $1 ORDER BY user_id",
            params![&user],
        )?;
        Ok(rows
            .iter()
            .map(|row| row.parse(0))
            .collect::<std::result::Result<_, _>>()?)
    }

    /// The invitations of an organization, newest first.
    pub fn invitations(&mut self, organization: OrganizationId) -> Result<Vec<Invitation>> {
        let sql =
            format!("{INVITATION} WHERE organization_id = $1 ORDER BY created_at DESC, id DESC");
        let rows = self.conn.query(&sql, params![&organization])?;
        self.open_invitations(organization, &rows)
    }

    /// Open invitations that nobody has accepted in time, at most so many.
    pub fn expired_invitations(
        &mut self,
        limit: i64,
    ) -> Result<Vec<(InvitationId, OrganizationId)>> {
        let now = self.now();
        let rows = self.conn.query(
            "SELECT id, organization_id FROM invitations WHERE state = 'open' AND expires_at <= $1 ORDER BY expires_at, id LIMIT $2",
            params![now, limit],
        )?;
        rows.iter()
            .map(|row| Ok((row.parse(0)?, row.parse(1)?)))
            .collect()
    }
}

impl Tx<'_> {
    /// Someone is invited.
    pub fn insert_invitation(&mut self, new: &Invitation) -> Result<Changed> {
        self.begin_writing()?;
        let id = new.id.to_string();
        let sealed = self.seal_value(
            (INSTANCE, new.user.as_str()),
            ("invitations", "email", &id),
            new.email.as_bytes(),
        )?;
        let index = self.email_index(&new.email);
        let workspaces = Value::from(roles(&new.workspaces)).to_string();
        self.write(
            "INSERT INTO invitations (id, organization_id, user_id, email, email_index, role, workspaces, hash, state, delivery, created_at, expires_at, invited_by) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
            params![
                &new.id,
                &new.organization,
                &new.user,
                &sealed,
                &index,
                new.role.as_str(),
                &workspaces,
                &new.hash,
                new.state.as_str(),
                new.delivery.as_str(),
                new.created_at,
                new.expires_at,
                new.invited_by.as_ref(),
            ],
            None,
            Some(new),
        )
    }

    /// An invitation is sent again, with another link and another end.
    pub fn renew_invitation(&mut self, before: &Invitation, after: &Invitation) -> Result<Changed> {
        self.write(
            "UPDATE invitations SET hash = $2, expires_at = $3, delivery = $4 WHERE id = $1 AND state = 'open'",
            params![&after.id, &after.hash, after.expires_at, after.delivery.as_str()],
            Some(before),
            Some(after),
        )
    }

    /// An invitation ends: accepted, withdrawn or too old. A letter that has not left does not leave.
    pub fn end_invitation(
        &mut self,
        before: &Invitation,
        state: InvitationState,
    ) -> Result<Changed> {
        let after = Invitation {
            state,
            ended_at: Some(self.at),
            ..before.clone()
        };
        let changed = self.write(
            "UPDATE invitations SET state = $2, ended_at = $3 WHERE id = $1 AND state = 'open'",
            params![&after.id, state.as_str(), after.ended_at],
            Some(before),
            Some(&after),
        )?;
        self.write_parts(
            "DELETE FROM outbox WHERE invitation_id = $1",
            params![&after.id],
            &changed,
        )?;
        Ok(changed)
    }

    /// An open invitation is accepted, by whom it was made for or by an account that has its address since.
    pub fn accept_invitation(&mut self, before: &Invitation, by: UserId) -> Result<Changed> {
        let changed = self.end_invitation(before, InvitationState::Accepted)?;
        if by != before.user {
            self.write_parts(
                "UPDATE invitations SET accepted_by = $2 WHERE id = $1",
                params![&before.id, &by],
                &changed,
            )?;
        }
        Ok(changed)
    }
}
