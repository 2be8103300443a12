//! Every page and every form, by everyone who may try: what the table of roles gives, and nothing else. The routes come from
//! the table that the router is made from, so a new one is found here.

use axum::http::StatusCode;
use model::role::{OrganizationRole, Permission, Standing, WorkspaceRole};

use crate::site::{Answer, Site, Team};
use crate::walk::{Things, form, things};

/// What a page or form asks for.
#[derive(Clone, Copy, Debug)]
enum Asks {
    /// A permission in the workspace.
    Here(Permission),
    /// A permission in the organization.
    Organization(Permission),
    /// To be signed in, in a workspace.
    SignedIn,
    /// Nothing: it is for whoever comes, and what it opens has a secret of its own.
    Nothing,
}

use Asks::{Here, Nothing, Organization, SignedIn};

fn is_code(path: &str) -> bool {
    path.starts_with("/transformations") || path.starts_with("/libraries")
}

/// What each route asks for. One line a route; a route that is not here fails the test.
#[expect(
    clippy::match_same_arms,
    reason = "a table: one line for each kind of thing"
)]
fn asks(method: &str, path: &str) -> Option<Asks> {
    use Permission as P;
    Some(match (method, path) {
        (_, "/" | "/assets/{name}" | "/setup") => Nothing,
        (_, "/invitation" | "/forgot" | "/reset" | "/confirm-email") => Nothing,
        (_, path) if path.starts_with("/sign-in") => Nothing,
        ("GET", path) if path.ends_with("/live") => Here(P::ViewLiveEvents),
        (
            "GET",
            "/sources" | "/sources/{id}" | "/sources/{id}/access" | "/sources/{id}/settings",
        ) => Here(P::ViewWorkspace),
        ("GET", "/sources/{id}/audit-logs") => Here(P::ReadAuditLog),
        (_, "/sources/{id}/access") => Here(P::EditAccess),
        (_, path) if path.starts_with("/sources") => Here(P::EditSources),
        ("GET", "/destinations/{id}/audit-logs") => Here(P::ReadAuditLog),
        (
            "GET",
            "/destinations"
            | "/destinations/{id}"
            | "/destinations/{id}/access"
            | "/destinations/{id}/configuration"
            | "/destinations/{id}/connections"
            | "/destinations/{id}/transformation",
        ) => Here(P::ViewWorkspace),
        (_, "/destinations/{id}/access") => Here(P::EditAccess),
        (_, "/destinations/{id}/connections") => Here(P::EditConnections),
        ("GET", "/connections/{id}") => Here(P::ViewWorkspace),
        ("GET", "/connections/{id}/audit-logs") => Here(P::ReadAuditLog),
        (_, path) if path.starts_with("/connections") => Here(P::EditConnections),
        (_, path) if path.starts_with("/destinations/{id}/transformation") => {
            Here(P::EditTransformations)
        }
        (_, path) if path.starts_with("/destinations") => Here(P::EditDestinations),
        ("GET", "/transformations/{id}/audit-logs") => Here(P::ReadAuditLog),
        ("GET", path)
            if is_code(path)
                && !["/new", "/code", "/delete"]
                    .iter()
                    .any(|end| path.ends_with(end)) =>
        {
            Here(P::ViewWorkspace)
        }
        (_, path) if is_code(path) => Here(P::EditTransformations),
        ("GET", "/accounts" | "/accounts/{id}") => Here(P::ViewWorkspace),
        ("GET", "/accounts/{id}/audit-logs") => Here(P::ReadAuditLog),
        (_, path) if path.starts_with("/accounts") => Here(P::EditAccounts),
        ("GET", "/settings" | "/settings/workspace") => Here(P::ViewWorkspace),
        (_, "/settings/workspace" | "/settings/workspace/token") => Here(P::EditWorkspace),
        ("GET", "/settings/types") => Here(P::ViewWorkspace),
        (_, path) if path.starts_with("/settings/types") => Organization(P::EditDefinitions),
        ("GET", "/settings/team") => Here(P::ViewMembers),
        (_, "/settings/team/{id}/erase") => Organization(P::ErasePeople),
        (_, path) if path.starts_with("/settings/team") => Organization(P::EditMembers),
        (_, path) if path.starts_with("/settings/invitations") => Organization(P::EditMembers),
        (_, path) if path.starts_with("/settings/tokens") => Organization(P::EditTokens),
        (_, "/settings/organization") => Organization(P::EditOrganization),
        (_, path) if path.starts_with("/settings/audit-logs") => Here(P::ReadAuditLog),
        ("GET", "/workspaces") | (_, "/workspaces/{id}/open") => SignedIn,
        (_, path) if path.starts_with("/workspaces") => Organization(P::EditOrganization),
        // As the form does: whose token it is not, administers all of them.
        ("GET", "/profile/tokens/{id}/delete") => Organization(P::EditTokens),
        // The own account: `account` walks it; nobody else's can be named in any of these forms.
        (_, path) if path.starts_with("/profile") => SignedIn,
        (_, "/sign-out") => SignedIn,
        _ => return None,
    })
}

/// The columns of the matrix: e-mail and roles.
const PEOPLE: &[(&str, Option<WorkspaceRole>)] = &[
    ("admin@example.com", Some(WorkspaceRole::Admin)),
    ("editor@example.com", Some(WorkspaceRole::Editor)),
    ("viewer@example.com", Some(WorkspaceRole::Viewer)),
    ("auditor@example.com", Some(WorkspaceRole::Auditor)),
];

fn may(asks: Asks, role: WorkspaceRole) -> bool {
    let member = |workspace| Standing::Person {
        organization: OrganizationRole::Member,
        workspace,
    };
    match asks {
        Here(permission) => member(Some(role)).may(permission),
        Organization(permission) => member(None).may(permission),
        SignedIn | Nothing => true,
    }
}

async fn ready() -> (Site, Team, Things) {
    let (site, team) = Site::ready().await;
    for (email, role) in PEOPLE {
        site.member(team, email, *role).await;
    }
    let things = things(&site, team).await;
    site.sign().await;
    (site, team, things)
}

/// A path with the ids of things of its own kind.
fn filled(path: &str, things: &Things) -> String {
    let id = match path.split('/').nth(1) {
        Some("sources") => &things.source,
        Some("destinations") => &things.destination,
        Some("connections") => &things.retl_connection,
        Some("transformations") => &things.transformation,
        Some("libraries") => &things.library,
        Some("accounts") => &things.account,
        Some("workspaces") => &things.workspace,
        _ if path.contains("/tokens/") => &things.token,
        _ if path.starts_with("/settings/audit-logs") => &things.seen,
        _ => &things.person,
    };
    let version = if path.starts_with("/libraries") {
        &things.library_version
    } else {
        &things.version
    };
    path.replace("{id}", id).replace("{version}", version)
}

fn is_refused(answer: &Answer) -> bool {
    answer.status == StatusCode::FORBIDDEN && answer.body.contains("You may not do this")
}

#[test]
fn every_route_of_the_dashboard_says_what_it_asks_for() {
    for route in server::web::table() {
        assert!(
            asks(route.method.as_str(), route.path).is_some(),
            "{} {} is new: say here what it asks for",
            route.method,
            route.path
        );
    }
}

#[tokio::test]
async fn every_page_opens_for_the_roles_that_may_see_it_and_no_other() {
    let (site, _, things) = ready().await;
    for (email, role) in PEOPLE {
        let role = role.expect("a role");
        let mut browser = site.signed_in(email).await;
        for route in server::web::table() {
            let wanted = asks(route.method.as_str(), route.path).expect("known");
            if route.method != "GET" || matches!(wanted, Nothing) {
                continue;
            }
            let answer = browser.get(&filled(route.path, &things)).await;
            let what = format!("{} by {email}: {}", route.path, answer.status);
            assert_eq!(is_refused(&answer), !may(wanted, role), "{what}");
            // Who only looks would not have changed anything.
            assert!(!answer.body.contains("Nothing was changed"), "{what}");
            if may(wanted, role) {
                assert!(
                    answer.status.is_success() || answer.status == StatusCode::SEE_OTHER,
                    "{what}"
                );
            }
        }
    }
}

#[tokio::test]
async fn what_a_role_may_not_is_refused_and_recorded_and_changes_nothing() {
    let (site, team, things) = ready().await;
    let mut refused = 0;
    for (email, role) in PEOPLE {
        let role = role.expect("a role");
        let mut browser = site.signed_in(email).await;
        for route in server::web::table() {
            let wanted = asks(route.method.as_str(), route.path).expect("known");
            if route.method == "GET" || may(wanted, role) {
                continue;
            }
            let (address, fields) = form(route.path, &things)
                .unwrap_or_else(|| (filled(route.path, &things), Vec::new()));
            let fields: Vec<(&str, &str)> = fields
                .iter()
                .map(|(name, value)| (*name, value.as_str()))
                .collect();
            let before = site.log(team.organization).await.len();
            let answer = browser.post(&address, &fields).await;
            let what = format!(
                "{} by {email}: {} {}",
                route.path, answer.status, answer.body
            );
            assert!(is_refused(&answer), "{what}");
            assert!(answer.body.contains("Nothing was changed."), "{what}");
            let log = site.log(team.organization).await;
            assert!(
                log[before..]
                    .iter()
                    .all(|event| event.entry.outcome == model::entry::Outcome::Denied),
                "{what}"
            );
            refused += 1;
        }
    }
    assert!(refused >= 60, "{refused}");
}

#[tokio::test]
async fn what_a_role_may_is_done() {
    let mut done = 0;
    for route in server::web::table() {
        let wanted = asks(route.method.as_str(), route.path).expect("known");
        if route.method == "GET" || !matches!(wanted, Here(_)) {
            continue;
        }
        for (email, role) in PEOPLE {
            if !may(wanted, role.expect("a role")) {
                continue;
            }
            let (site, team, things) = ready().await;
            if route.path == "/destinations/{id}/transformation/delete" {
                let path = format!("/v2/destinations/{}/transformation", things.destination);
                let body = serde_json::json!({"transformationId": things.transformation});
                site.api("PUT", &path, Some(body)).await;
            }
            let (address, fields) = form(route.path, &things).expect("walked");
            let fields: Vec<(&str, &str)> = fields
                .iter()
                .map(|(name, value)| (*name, value.as_str()))
                .collect();
            let before = site.log(team.organization).await.len();
            let mut browser = site.signed_in(email).await;
            let answer = browser.post(&address, &fields).await;
            let what = format!("{} by {email}: {}", route.path, answer.status);
            let expected = match route.path {
                // The answer is the export itself, or shows once what is handed over.
                "/settings/audit-logs/export" | "/settings/workspace/token" => StatusCode::OK,
                _ => StatusCode::SEE_OTHER,
            };
            assert_eq!(answer.status, expected, "{what}");
            let log = site.log(team.organization).await;
            // The sign-in, and then what the form did.
            assert!(log.len() > before + 1, "{what}");
            done += 1;
        }
    }
    assert!(done >= 20, "{done}");
}

#[tokio::test]
async fn without_a_session_every_page_and_form_leads_to_the_sign_in() {
    let (site, team, things) = ready().await;
    let before = site.log(team.organization).await.len();
    for route in server::web::table() {
        let wanted = asks(route.method.as_str(), route.path).expect("known");
        if matches!(wanted, Nothing) {
            continue;
        }
        let mut nobody = site.browser();
        nobody.set_cookie("annals_session", "annals_ses_guessed");
        let address = filled(route.path, &things);
        let answer = if route.method == "GET" {
            nobody.get(&address).await
        } else {
            nobody.get("/sign-in").await;
            nobody.post(&address, &[]).await
        };
        // What a script asks for is answered to the script.
        if route.path.ends_with("/options") {
            assert!(!answer.status.is_success(), "{}", route.path);
            continue;
        }
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", route.path);
        let to = answer.header("location");
        assert!(to.starts_with("/sign-in"), "{}: {to}", route.path);
    }
    assert_eq!(site.log(team.organization).await.len(), before);
}
