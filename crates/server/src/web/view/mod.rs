//! What the dashboard shows, as plain data.
//!
//! Nothing here reads the store or decides anything: a handler fills a view, the view draws itself (each is an
//! [`askama::Template`]). So every page can be drawn in a test with invented data, and is.
//!
//! One file is one page. What pages share is in [`frame`] (everything around a page), [`parts`] (people, targets, fields,
//! choices), [`event`] (a row of the log and its details) and [`when`] (times).
//!
//! # Forms
//!
//! Every form that changes something is a POST with the hidden field `csrf`. Where one address takes several forms, the
//! hidden field `form` says which was sent; an absent checkbox then means "off". Fields, by address:
//!
//! | address | fields |
//! | --- | --- |
//! | `/sources` | `type`, `other_type`, `name`, `enabled`, `reason` |
//! | `/sources/{id}` | `form=settings`: `seen`, `name`, `enabled`, `geo_enrichment`, `transient`, `reason`, or of reverse ETL `seen`, `name`, `enabled`, `accountId`, `config`, `reason`; `form=enabled`: `enabled=true` or `false` |
//! | `/destinations` | `type`, `name`, `enabled`, the names of the fields, `json`, `reason` |
//! | `/destinations/{id}` | `form=settings`: `revision`, `name`, `enabled`, the names of the fields, `json`, `reason`; `form=enabled` as above |
//! | `/destinations/{id}/connections` | `source_id`, `reason` |
//! | `/connections/{id}` | `form=settings` of reverse ETL: `seen`, `enabled`, `schedule.type`, `schedule.everyMinutes`, `schedule.cronExpression`, `settings`, `reason`; else `enabled=true` or `false` |
//! | `/destinations/{id}/transformation` | `transformation_id`, `reason` |
//! | `/accounts` | `accountDefinitionName`, `name`, `options`, `secret`, `reason` |
//! | `/accounts/{id}` | `name`, `options`, `secret`, `reason` |
//! | `/transformations`, `/libraries`, `.../code` | `do=save`, `publish` or `run`; `name`, `description`, `language`, `code`, `events`, `reason` |
//! | `.../publish` | `version` |
//! | `.../delete` | `confirm` (the name, where the page asks for it), `reason` |
//! | `/sources/{id}/access`, `/destinations/{id}/access` | `who=anyone` or `selected`, `people` as often as there are some |
//! | `/workspaces` | `name`, `environment` |
//! | `/settings/workspace` | `name`, `environment`, `allow_unknown_types`, `refuse_invalid_config`, `reason` |
//! | `/settings/workspace/token` | `password` |
//! | `/setup` | `organization`, `workspace`, `name`, `email`, `password` |
//! | `/sign-in` | `email`, `password`, `next` |
//! | `/sign-out` | nothing else |
//! | `/sign-in/step` | `code`, `next` |
//! | `/invitation` | `name`, `password`, where a new account is made |
//! | `/forgot` | `email` |
//! | `/reset` | `password` |
//! | `/confirm-email` | nothing else |
//! | `/settings/team/{id}` | `role`, `workspace_role` (in the workspace shown), `workspace.<id>` (in another one) |
//! | `/settings/team/{id}/remove`, `/profile/leave` | `confirm` |
//! | `/settings/team/{id}/erase` | `basis`, `confirm` |
//! | `/settings/invitations` | `emails`, `role`, `workspace_role`, `workspace.<id>` |
//! | `/settings/types` | `kind`, `name`, `display_name`, `secret_keys`, `all_secret`, `schema` |
//! | `/settings/types/delete` | `kind`, `name` |
//! | `/settings/tokens`, `/profile/tokens` | `name`, `access`, `days`; for a service `role` |
//! | `/settings/organization` | `requires_mfa`; with `rule=hashes`, `public_hashes` |
//! | `/profile/name`, `/profile/email`, `/profile/password` | `name`; `email`, `password`; `password`, `new_password` |
//! | `/profile/app` | `code`, `password` |
//! | `/profile/passkeys/{id}/rename` | `name` |
//! | `/profile/factors/{id}/remove`, `/profile/recovery-codes` | `proof` |

pub mod access;
pub mod asset;
pub mod audit_logs;
pub mod code;
pub mod connection;
pub mod delete;
pub mod destination;
pub mod destination_new;
pub mod destinations;
pub mod error;
pub mod event;
pub mod event_page;
pub mod filter;
pub mod frame;
pub mod libraries;
pub mod library;
pub mod links;
pub mod live;
pub mod outside_account;
pub mod parts;
pub mod profile;
pub mod setup;
pub mod sign_in;
pub mod source;
pub mod source_new;
pub mod sources;
pub mod team;
pub mod tokens;
pub mod transformation;
pub mod transformations;
pub mod types;
pub mod when;
pub mod workspace_settings;
pub mod workspaces;

mod filters;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
