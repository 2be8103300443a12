//! Who belongs to an organization, and what they are in its workspaces.

use std::collections::HashMap;

use model::catalogue::TargetType;
use model::id::{OrganizationId, UserId, WorkspaceId};
use model::role::{OrganizationRole, WorkspaceRole};
use model::things::{Member, MemberSeen, User};
use serde_json::{Map, json};

use super::identity::Identity;
use crate::action::Changed;
use crate::db::params;
use crate::error::Result;
use crate::tx::{Audited, Rx, Snapshot, Tx};

impl Audited for Member {
    fn snapshot(&self) -> Snapshot<'_> {
        let workspaces: Map<_, _> = self
            .workspaces
            .iter()
            .map(|(id, role)| (id.to_string(), json!(role.as_str())))
            .collect();
        let mut value =
            json!({ "name": self.user.name, "email": self.user.email, "role": self.role.as_str() });
        if !workspaces.is_empty() {
            value["workspaces"] = workspaces.into();
        }
        Snapshot {
            person: Some(self.user.id),
            ..Snapshot::new(TargetType::User, &self.user.id, &self.user.name, value)
        }
    }
}

impl Rx<'_> {
    /// The members of an organization, by name.
    pub fn members(&mut self, organization: OrganizationId) -> Result<Vec<Member>> {
        let rows = self.conn.query(
            "SELECT m.user_id, m.role, u.identity, u.created_at FROM members m JOIN users u ON u.id = m.user_id WHERE m.organization_id = $1 ORDER BY m.user_id",
            params![&organization],
        )?;
        let mut members = Vec::with_capacity(rows.len());
        for row in &rows {
            let id: UserId = row.parse(0)?;
            let identity = self.open_identity(id, row.blob(2)?)?;
            let user = User {
                id,
                name: identity.name,
                email: identity.email,
                created_at: row.moment(3)?,
            };
            members.push(Member {
                user,
                organization,
                role: row.parse(1)?,
                workspaces: Vec::new(),
            });
        }
        let roles = self.conn.query(
            "SELECT r.user_id, r.workspace_id, r.role FROM workspace_members r JOIN workspaces w ON w.id = r.workspace_id WHERE w.organization_id = $1 ORDER BY w.created_at, w.id",
            params![&organization],
        )?;
        for row in &roles {
            let id: UserId = row.parse(0)?;
            if let Some(member) = members.iter_mut().find(|member| member.user.id == id) {
                member.workspaces.push((row.parse(1)?, row.parse(2)?));
            }
        }
        members.sort_by(|a, b| {
            a.user
                .name
                .to_lowercase()
                .cmp(&b.user.name.to_lowercase())
                .then(a.user.id.cmp(&b.user.id))
        });
        Ok(members)
    }

    /// What a list of the members of an organization says beside what they are.
    pub fn members_seen(
        &mut self,
        organization: OrganizationId,
    ) -> Result<HashMap<UserId, MemberSeen>> {
        let rows = self.conn.query(
            "SELECT m.user_id, m.created_at, \
                 (SELECT CAST(count(*) AS BIGINT) FROM factors f WHERE f.user_id = m.user_id), \
                 (SELECT CAST(max(s.used_at) AS BIGINT) FROM sessions s WHERE s.user_id = m.user_id), t.used_at \
             FROM members m LEFT JOIN (SELECT user_id, CAST(max(used_at) AS BIGINT) AS used_at FROM tokens \
                 WHERE organization_id = $1 GROUP BY user_id) t ON t.user_id = m.user_id \
             WHERE m.organization_id = $1",
            params![&organization],
        )?;
        let seen = rows.iter().map(|row| {
            let seen = MemberSeen {
                since: row.moment(1)?,
                has_factor: row.flag(2)?,
                last: row.opt_moment(3)?.max(row.opt_moment(4)?),
            };
            Ok((row.parse(0)?, seen))
        });
        seen.collect()
    }

    /// A member of an organization.
    pub fn member(&mut self, organization: OrganizationId, user: UserId) -> Result<Option<Member>> {
        let row = self.conn.query_one(
            "SELECT role FROM members WHERE organization_id = $1 AND user_id = $2",
            params![&organization, &user],
        )?;
        let (Some(row), Some(known)) = (row, self.user(user)?) else {
            return Ok(None);
        };
        let roles = self.conn.query(
            "SELECT r.workspace_id, r.role FROM workspace_members r JOIN workspaces w ON w.id = r.workspace_id \
             WHERE w.organization_id = $1 AND r.user_id = $2 ORDER BY w.created_at, w.id",
            params![&organization, &user],
        )?;
        let mut workspaces = Vec::with_capacity(roles.len());
        for role in &roles {
            workspaces.push((role.parse(0)?, role.parse(1)?));
        }
        Ok(Some(Member {
            user: known,
            organization,
            role: row.parse(0)?,
            workspaces,
        }))
    }

    /// What a person is in an organization and in one of its workspaces; nothing for who is no member.
    pub fn roles_of(
        &mut self,
        user: UserId,
        organization: OrganizationId,
        workspace: WorkspaceId,
    ) -> Result<Option<(OrganizationRole, Option<WorkspaceRole>)>> {
        let row = self.conn.query_one(
            "SELECT m.role, w.role FROM members m LEFT JOIN workspace_members w ON w.user_id = m.user_id AND w.workspace_id = $3 \
             WHERE m.organization_id = $1 AND m.user_id = $2",
            params![&organization, &user, &workspace],
        )?;
        row.map(|row| Ok((row.parse(0)?, row.opt_parse(1)?)))
            .transpose()
    }

    /// The organizations that a person belongs to, oldest membership first.
    pub fn organizations_of(&mut self, user: UserId) -> Result<Vec<OrganizationId>> {
        let rows = self.conn.query(
            "SELECT organization_id FROM members WHERE user_id = $1 ORDER BY created_at, organization_id",
            params![&user],
        )?;
        Ok(rows
            .iter()
            .map(|row| row.parse(0))
            .collect::<std::result::Result<_, _>>()?)
    }
}

impl Tx<'_> {
    /// A person becomes a member. Without an account yet, `password` is the hash that the new account gets.
    pub fn insert_member(&mut self, member: &Member, password: Option<&str>) -> Result<Changed> {
        let changed = self.note(None, Some(member))?;
        if let Some(password) = password {
            self.begin_writing()?;
            let identity = Identity {
                name: member.user.name.clone(),
                email: member.user.email.clone(),
            };
            let sealed = self.seal_identity(member.user.id, &identity)?;
            let index = self.email_index(&member.user.email);
            self.write_part(
                "INSERT INTO users (id, identity, email_index, password, created_at) VALUES ($1, $2, $3, $4, $5)",
                params![&member.user.id, &sealed, &index, password, member.user.created_at],
                &changed,
            )?;
        }
        let at = self.at;
        self.write_part(
            "INSERT INTO members (organization_id, user_id, role, created_at) VALUES ($1, $2, $3, $4)",
            params![&member.organization, &member.user.id, member.role.as_str(), at],
            &changed,
        )?;
        for (workspace, role) in &member.workspaces {
            self.write_part(
                "INSERT INTO workspace_members (workspace_id, user_id, role, created_at) VALUES ($1, $2, $3, $4)",
                params![workspace, &member.user.id, role.as_str(), at],
                &changed,
            )?;
        }
        Ok(changed)
    }

    /// What a member is changes.
    pub fn update_member(&mut self, before: &Member, after: &Member) -> Result<Changed> {
        let (organization, user) = (after.organization, after.user.id);
        let changed = self.write(
            "UPDATE members SET role = $3 WHERE organization_id = $1 AND user_id = $2",
            params![&organization, &user, after.role.as_str()],
            Some(before),
            Some(after),
        )?;
        let at = self.at;
        for (workspace, role) in &before.workspaces {
            if !after.workspaces.contains(&(*workspace, *role)) {
                self.write_part(
                    "DELETE FROM workspace_members WHERE workspace_id = $1 AND user_id = $2",
                    params![workspace, &user],
                    &changed,
                )?;
            }
        }
        for (workspace, role) in &after.workspaces {
            if !before.workspaces.contains(&(*workspace, *role)) {
                self.write_part(
                    "INSERT INTO workspace_members (workspace_id, user_id, role, created_at) VALUES ($1, $2, $3, $4)",
                    params![workspace, &user, role.as_str(), at],
                    &changed,
                )?;
            }
        }
        Ok(changed)
    }

    /// A member goes, with the roles in workspaces and what single things may be changed. The tokens and sessions have gone
    /// before, each as an event of its own; sessions that have gone unused for too long go here.
    pub fn delete_member(&mut self, member: &Member) -> Result<Changed> {
        let (organization, user) = (member.organization, member.user.id);
        let changed = self.write(
            "DELETE FROM members WHERE organization_id = $1 AND user_id = $2",
            params![&organization, &user],
            Some(member),
            None,
        )?;
        for sql in [
            "DELETE FROM workspace_members WHERE user_id = $2 AND workspace_id IN (SELECT id FROM workspaces WHERE organization_id = $1)",
            "DELETE FROM lock_members WHERE user_id = $2 AND resource_id IN \
             (SELECT l.resource_id FROM locks l JOIN workspaces w ON w.id = l.workspace_id WHERE w.organization_id = $1)",
        ] {
            self.write_parts(sql, params![&organization, &user], &changed)?;
        }
        self.write_parts(
            "DELETE FROM sessions WHERE user_id = $1",
            params![&user],
            &changed,
        )?;
        Ok(changed)
    }
}
