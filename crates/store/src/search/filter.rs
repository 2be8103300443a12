//! A query as a condition, in SQL for what is indexed and in memory for what is not yet.

use std::collections::HashSet;
use std::fmt::Write as _;

use model::catalogue;
use model::entry::Entry;
use model::id::{LogId, WorkspaceId};

use super::Query;
use crate::db::{Param, params};
use crate::error::Result;
use crate::tx::Rx;

/// What an event is found by: its target, what is related to it, and the token that it was done with.
pub(super) fn things(entry: &Entry) -> impl Iterator<Item = &str> {
    let related = entry.related.iter().filter_map(|one| one.id.as_deref());
    let one = entry.target.id.as_deref().into_iter();
    one.chain(entry.actor.token.as_deref()).chain(related)
}

/// What is about one of the things of a list, which comes after it.
const ABOUT: &str =
    " AND e.sequence IN (SELECT k.sequence FROM index_things k WHERE k.log_id = $1 AND k.thing IN";

pub(super) struct Filter {
    query: Query,
    /// The event types of the tab that is asked for.
    types: Option<Vec<(&'static str, &'static str)>>,
    /// The members of the workspace whose administrator asks.
    members: Option<HashSet<String>>,
}

impl Filter {
    pub(super) fn new(rx: &mut Rx<'_>, query: &Query) -> Result<Self> {
        let types = query.group.map(|group| {
            catalogue::ALL
                .iter()
                .filter(|one| one.group == group)
                .map(|one| (one.target.as_str(), one.action))
                .collect()
        });
        let members = match query.members_of {
            None => None,
            Some(workspace) => {
                let rows = rx.conn.query(
                    "SELECT user_id FROM workspace_members WHERE workspace_id = $1",
                    params![&workspace],
                )?;
                Some(
                    rows.iter()
                        .map(|row| row.text(0).map(str::to_owned))
                        .collect::<std::result::Result<_, _>>()?,
                )
            }
        };
        Ok(Self {
            query: query.clone(),
            types,
            members,
        })
    }

    pub(super) const fn workspace(&self) -> Option<WorkspaceId> {
        self.query.workspace
    }

    /// Whether nothing but a workspace is asked for, so that the running counts tell the total.
    pub(super) const fn is_plain(&self) -> bool {
        let query = &self.query;
        query.actors.is_none()
            && query.action.is_none()
            && query.targets.is_none()
            && query.tokens.is_none()
            && query.target_type.is_none()
            && query.outcome.is_none()
            && query.created_after.is_none()
            && query.created_before.is_none()
            && query.until.is_none()
            && query.group.is_none()
            && query.members_of.is_none()
    }

    pub(super) fn admits(&self, entry: &Entry) -> bool {
        let query = &self.query;
        let is = |wanted: &Option<String>, value: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted == value)
        };
        let concerns =
            |wanted: &Vec<String>| things(entry).any(|thing| wanted.iter().any(|one| one == thing));
        let is_by = |wanted: &Vec<String>| {
            let actor = entry.actor.id.as_ref();
            actor.is_some_and(|id| wanted.contains(id))
        };
        let with_one_of = |tokens: &Vec<String>| {
            let is_one = |id: &Option<String>| id.as_ref().is_some_and(|id| tokens.contains(id));
            is_one(&entry.actor.token) && !is_one(&entry.target.id)
        };
        let of_workspace = |workspace: WorkspaceId| {
            entry
                .workspace
                .as_deref()
                .is_none_or(|own| own == workspace.as_str())
        };
        let is_member = |members: &HashSet<String>| {
            entry.workspace.is_some()
                || entry
                    .actor
                    .id
                    .as_ref()
                    .is_some_and(|id| members.contains(id))
                || entry
                    .target
                    .id
                    .as_ref()
                    .is_some_and(|id| members.contains(id))
        };
        query.workspace.is_none_or(of_workspace)
            && self.members.as_ref().is_none_or(is_member)
            && query.actors.as_ref().is_none_or(is_by)
            && is(&query.action, &entry.action)
            && is(&query.target_type, &entry.target.r#type)
            && query.targets.as_ref().is_none_or(concerns)
            && query.tokens.as_ref().is_none_or(with_one_of)
            && query.outcome.is_none_or(|wanted| wanted == entry.outcome)
            && query.created_after.is_none_or(|moment| entry.at > moment.0)
            && query.until.is_none_or(|until| entry.sequence < until)
            && query
                .created_before
                .is_none_or(|moment| entry.at < moment.0)
            && self.types.as_ref().is_none_or(|types| {
                types.iter().any(|(target, action)| {
                    *target == entry.target.r#type && *action == entry.action
                })
            })
    }

    /// `FROM ... WHERE ...` over the index, with its parameters.
    pub(super) fn sql<'a>(&'a self, log: &'a LogId) -> (String, Vec<Param<'a>>) {
        let query = &self.query;
        let mut values = vec![Param::from(log)];
        // Of one thing an event stands once in the index, so that both can be read side by side.
        let thing = match query.targets.as_deref() {
            Some([one]) => Some(one),
            _ => None,
        };
        let mut sql = if thing.is_some() {
            String::from(
                "FROM index_things t JOIN index_events e ON e.log_id = t.log_id AND e.sequence = t.sequence WHERE t.log_id = $1",
            )
        } else {
            String::from("FROM index_events e WHERE e.log_id = $1")
        };
        let equal = [
            ("t.thing", thing),
            ("e.action", query.action.as_ref()),
            ("e.target_type", query.target_type.as_ref()),
        ];
        for (column, value) in equal {
            if let Some(value) = value {
                values.push(value.into());
                let _ = write!(sql, " AND {column} = ${}", values.len());
            }
        }
        // As a list in SQL; nothing is in a list of none.
        let mut list = |all: &'a [String]| {
            let first = values.len() + 1;
            values.extend(all.iter().map(Param::from));
            let all: Vec<String> = (first..=values.len()).map(|n| format!("${n}")).collect();
            if all.is_empty() {
                "NULL".to_owned()
            } else {
                all.join(", ")
            }
        };
        if let Some(actors) = &query.actors {
            let _ = write!(sql, " AND e.actor IN ({})", list(actors));
        }
        if let Some(things) = query.targets.as_deref().filter(|_| thing.is_none()) {
            let _ = write!(sql, "{ABOUT} ({}))", list(things));
        }
        if let Some(tokens) = &query.tokens {
            let all = list(tokens);
            let _ = write!(
                sql,
                "{ABOUT} ({all})) AND (e.target IS NULL OR e.target NOT IN ({all}))"
            );
        }
        if let Some(outcome) = query.outcome {
            values.push(outcome.as_str().into());
            let _ = write!(sql, " AND e.outcome = ${}", values.len());
        }
        if let Some(until) = query.until {
            values.push(Param::Int(until.cast_signed()));
            let _ = write!(sql, " AND e.sequence < ${}", values.len());
        }
        for (compare, moment) in [(">", query.created_after), ("<", query.created_before)] {
            if let Some(moment) = moment {
                values.push(moment.into());
                let _ = write!(sql, " AND e.at {compare} ${}", values.len());
            }
        }
        if let Some(workspace) = &query.workspace {
            values.push(workspace.into());
            let _ = write!(
                sql,
                " AND (e.workspace_id = ${} OR e.workspace_id IS NULL)",
                values.len()
            );
        }
        if let Some(workspace) = &query.members_of {
            values.push(workspace.into());
            let members = format!(
                "(SELECT user_id FROM workspace_members WHERE workspace_id = ${})",
                values.len()
            );
            let _ = write!(
                sql,
                " AND (e.workspace_id IS NOT NULL OR e.actor IN {members} OR e.target IN {members})"
            );
        }
        if let Some(types) = &self.types {
            // A tab that has no events yet finds none.
            sql.push_str(" AND (1 = 0");
            for (target, action) in types {
                values.push((*target).into());
                values.push((*action).into());
                let _ = write!(
                    sql,
                    " OR (e.target_type = ${} AND e.action = ${})",
                    values.len() - 1,
                    values.len()
                );
            }
            sql.push(')');
        }
        (sql, values)
    }
}
