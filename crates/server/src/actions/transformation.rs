//! Transformations, and the libraries that they import: code in versions.

pub mod create;
pub mod delete;
pub mod publish;
pub mod set_external_id;
pub mod update;
pub mod verdict;

use model::catalogue::{self, EventType, TargetType};
use model::code;
use model::id::TransformationId;
use model::role::Permission;
use model::things::{CodeKind, Transformation};
use store::{Error, Need, Result, Rx, Target};

use super::input;
use crate::request::Place;

/// The longest code, in bytes.
pub const CODE_LIMIT: usize = 1024 * 1024;
/// The longest description, in bytes.
pub const DESCRIPTION_LIMIT: usize = 10_000;
/// What is said of code that was published although nothing could run it.
pub const NOT_TESTED: &str = "not tested: no transformer is configured";
/// What is said of a library that a transformer does not look at.
pub const NOT_CHECKED: &str = "not checked: a transformer checks the syntax of JavaScript alone";

/// The events of a kind of code: created, updated, published, deleted.
pub(crate) const fn events(kind: CodeKind) -> [EventType; 4] {
    match kind {
        CodeKind::Transformation => [
            catalogue::TRANSFORMATION_CREATED,
            catalogue::TRANSFORMATION_UPDATED,
            catalogue::TRANSFORMATION_PUBLISHED,
            catalogue::TRANSFORMATION_DELETED,
        ],
        CodeKind::Library => [
            catalogue::LIBRARY_CREATED,
            catalogue::LIBRARY_UPDATED,
            catalogue::LIBRARY_PUBLISHED,
            catalogue::LIBRARY_DELETED,
        ],
    }
}

pub(crate) fn found(
    rx: &mut Rx<'_>,
    place: Place,
    kind: CodeKind,
    id: TransformationId,
) -> Result<Transformation> {
    rx.transformation(place.workspace, kind, id)?
        .ok_or(Error::NotFound(kind.as_str()))
}

pub(crate) fn target(one: &Transformation) -> Target {
    Target::new(one.kind.target(), one.id, one.name.clone())
}

/// The permission to edit this transformation or library, which must exist.
pub(crate) fn needs_edit(
    rx: &mut Rx<'_>,
    place: Place,
    kind: CodeKind,
    id: TransformationId,
) -> Result<Vec<Need>> {
    let one = found(rx, place, kind, id)?;
    Ok(vec![need_to_edit(place, &one)])
}

fn need_to_edit(place: Place, one: &Transformation) -> Need {
    Need::in_workspace(
        Permission::EditTransformations,
        place.workspace,
        target(one),
    )
}

/// The permission to publish a version of this. What data planes make of the events of the destinations behind it may be another
/// thing then, so those of them that are locked are asked about as well.
pub(crate) fn need_to_publish(rx: &mut Rx<'_>, place: Place, one: &Transformation) -> Result<Need> {
    let mut need = need_to_edit(place, one);
    let locked = rx.locked_in(place.workspace)?;
    if locked.is_empty() {
        return Ok(need);
    }
    let run = match one.kind {
        CodeKind::Transformation => vec![one.clone()],
        CodeKind::Library => run_with(rx, place, &code::import_name(&one.name))?,
    };
    for one in run {
        for link in rx.links_of(one.id)? {
            if locked.contains(link.destination.as_str())
                && let Some(destination) = rx.destination(place.workspace, link.destination)?
            {
                let (kind, id) = (TargetType::Destination, destination.id);
                need.related.push(Target::new(kind, id, destination.name));
            }
        }
    }
    Ok(need)
}

/// The transformations that data planes run with the library that is imported so.
fn run_with(rx: &mut Rx<'_>, place: Place, import: &str) -> Result<Vec<Transformation>> {
    let mut run = Vec::new();
    for one in all(rx, place, CodeKind::Transformation)? {
        let names = if one.published == Some(one.version) {
            code::imports(&one.language, &one.code)
        } else {
            published_imports(rx, &one)?
        };
        if names.iter().any(|name| name == import) {
            run.push(one);
        }
    }
    Ok(run)
}

/// The most places of use that an event names.
const NAMED_USERS: usize = 20;

/// The same for what is refused as long as it is used: the refusal concerns the places of use as well.
pub(crate) fn needs_unused(
    rx: &mut Rx<'_>,
    place: Place,
    kind: CodeKind,
    id: TransformationId,
) -> Result<Vec<Need>> {
    let one = found(rx, place, kind, id)?;
    let by = match kind {
        CodeKind::Transformation => TargetType::Destination,
        CodeKind::Library => TargetType::Transformation,
    };
    let mut need = need_to_edit(place, &one);
    let users = users(rx, place, &one)?.into_iter().take(NAMED_USERS);
    need.related.extend(users.map(|user| Target {
        kind: by,
        id: Some(user.id),
        name: Some(user.name),
    }));
    Ok(vec![need])
}

/// Refuses what cannot be the name, description or code of a transformation or library.
pub(crate) fn check(one: &Transformation) -> Result<()> {
    check_code(
        one.kind,
        &one.name,
        &one.description,
        &one.language,
        &one.code,
    )
}

/// The same of what is none yet.
pub(crate) fn check_code(
    kind: CodeKind,
    name: &str,
    description: &str,
    language: &str,
    text: &str,
) -> Result<()> {
    input::name(name)?;
    input::text("description", description, DESCRIPTION_LIMIT)?;
    input::text("code", text, CODE_LIMIT)?;
    if !code::languages(kind).contains(&language) {
        let message = format!(
            "language must be one of {}",
            code::languages(kind).join(", ")
        );
        return Err(Error::field("unknown_language", "language", message));
    }
    if kind == CodeKind::Library && code::import_name(name).is_empty() {
        return Err(Error::field(
            "no_import_name",
            "name",
            "the name of a library needs a letter: it is imported by it",
        ));
    }
    Ok(())
}

/// Every transformation or library of the workspace. There are few: they are written by people.
pub(crate) fn all(rx: &mut Rx<'_>, place: Place, kind: CodeKind) -> Result<Vec<Transformation>> {
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let page = rx.transformations(place.workspace, kind, after.as_ref(), 500, None)?;
        found.extend(page.items);
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(found),
        }
    }
}

/// Refuses a library whose import name another library of the workspace has.
pub(crate) fn check_import_name(rx: &mut Rx<'_>, place: Place, one: &Transformation) -> Result<()> {
    if one.kind == CodeKind::Transformation {
        return Ok(());
    }
    let wanted = code::import_name(&one.name);
    let other = all(rx, place, CodeKind::Library)?
        .into_iter()
        .find(|other| other.id != one.id && code::import_name(&other.name) == wanted);
    match other {
        Some(other) => Err(Error::failed(
            "import_name_taken",
            format!(
                "library \u{201c}{}\u{201d} is imported as {wanted} already",
                other.name
            ),
        )),
        None => Ok(()),
    }
}

/// What a transformation imports, as it is now or as it is published.
pub(crate) fn imports(rx: &mut Rx<'_>, one: &Transformation) -> Result<Vec<String>> {
    let mut found = code::imports(&one.language, &one.code);
    for name in published_imports(rx, one)? {
        if !found.contains(&name) {
            found.push(name);
        }
    }
    Ok(found)
}

/// What the published version of a transformation imports, where it is not the newest.
fn published_imports(rx: &mut Rx<'_>, one: &Transformation) -> Result<Vec<String>> {
    let Some(published) = one.published.filter(|published| *published != one.version) else {
        return Ok(Vec::new());
    };
    let version = rx.version(one.workspace, one.kind, published)?;
    Ok(version.map_or_else(Vec::new, |version| {
        code::imports(&version.language, &version.code)
    }))
}

/// How a transformation uses what is imported so, if it does. A published version that no destination has behind it is run
/// by no data plane, so what it alone imports may go: a client that takes an import away together with its library stores
/// the new version, deletes the library, and only then publishes.
fn way_of_use(rx: &mut Rx<'_>, one: &Transformation, name: &str) -> Result<Option<Way>> {
    let imported = |names: &[String]| names.iter().any(|other| other == name);
    if imported(&code::imports(&one.language, &one.code)) {
        return Ok(Some(Way::Now));
    }
    let is_run = imported(&published_imports(rx, one)?) && !rx.links_of(one.id)?.is_empty();
    Ok(is_run.then_some(Way::Published))
}

/// How something is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// By what uses it as it is now.
    Now,
    /// By the version that data planes run, and not by the newest.
    Published,
}

/// Something that uses a transformation or library.
#[derive(Clone, Debug)]
pub(crate) struct User {
    /// `destination` or `transformation`.
    pub(crate) noun: &'static str,
    /// Its name.
    pub(crate) name: String,
    /// Its id.
    pub(crate) id: String,
    /// How it uses it.
    pub(crate) way: Way,
}

/// Where a transformation or library is used, in words; nothing where it is not.
pub(crate) fn used_by(rx: &mut Rx<'_>, place: Place, one: &Transformation) -> Result<Vec<String>> {
    let words = |one: User| {
        let how = match one.way {
            Way::Now => "",
            Way::Published => " as it is published: publish its newest version first",
        };
        format!(
            "{} \u{201c}{}\u{201d} ({}){how}",
            one.noun, one.name, one.id
        )
    };
    Ok(users(rx, place, one)?.into_iter().map(words).collect())
}

/// What uses a transformation or library.
pub(crate) fn users(rx: &mut Rx<'_>, place: Place, one: &Transformation) -> Result<Vec<User>> {
    match one.kind {
        CodeKind::Transformation => {
            let mut users = Vec::new();
            for link in rx.links_of(one.id)? {
                if let Some(destination) = rx.destination(place.workspace, link.destination)? {
                    users.push(User {
                        noun: "destination",
                        name: destination.name,
                        id: destination.id.to_string(),
                        way: Way::Now,
                    });
                }
            }
            Ok(users)
        }
        CodeKind::Library => {
            let name = code::import_name(&one.name);
            let mut users = Vec::new();
            for user in all(rx, place, CodeKind::Transformation)? {
                if let Some(way) = way_of_use(rx, &user, &name)? {
                    users.push(User {
                        noun: "transformation",
                        name: user.name,
                        id: user.id.to_string(),
                        way,
                    });
                }
            }
            Ok(users)
        }
    }
}
