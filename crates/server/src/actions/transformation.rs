//! Transformations, and the libraries that they import: code in versions.

pub mod create;
pub mod delete;
pub mod publish;
pub mod set_external_id;
pub mod update;
pub mod verdict;

use model::catalogue::{self, EventType, TargetType};
use model::code;
use model::id::{TransformationId, VersionId};
use model::role::Permission;
use model::things::{CodeKind, Transformation};
use store::{Error, Need, Result, Rx, Target};

use self::verdict::LIBRARY_NOT_HERE;
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

/// The permission to publish a version of this that has this name. What data planes make of the events of the destinations behind
/// it may be another thing then, so those of them that are locked are asked about as well.
pub(crate) fn need_to_publish(
    rx: &mut Rx<'_>,
    place: Place,
    one: &Transformation,
    name: &str,
) -> Result<Need> {
    let mut need = need_to_edit(place, one);
    let locked = rx.locked_in(place.workspace)?;
    if locked.is_empty() {
        return Ok(need);
    }
    let run = match one.kind {
        CodeKind::Transformation => vec![one.clone()],
        CodeKind::Library => {
            let mut names = import_names(rx, one)?;
            names.push(code::import_name(name));
            run_with(rx, place, &names)?
        }
    };
    for one in run {
        for link in rx.links_of(one.id)? {
            if locked.contains(link.destination.as_str())
                && let Some(destination) = rx.destination(place.workspace, link.destination)?
            {
                let (kind, id) = (TargetType::Destination, destination.id);
                need.related
                    .push(Target::new(kind, id, destination.name.clone()));
            }
        }
    }
    Ok(need)
}

/// The transformations that data planes run with the library that is imported by one of these names.
fn run_with(rx: &mut Rx<'_>, place: Place, names: &[String]) -> Result<Vec<Transformation>> {
    let mut run = Vec::new();
    for one in all(rx, place, CodeKind::Transformation)? {
        if published_imports(rx, &one)?
            .iter()
            .any(|name| names.contains(name))
        {
            run.push(one);
        }
    }
    Ok(run)
}

/// The language and the code of the published version of a transformation, where it has one.
fn published_code(rx: &mut Rx<'_>, one: &Transformation) -> Result<Option<(String, String)>> {
    let Some(published) = one.published else {
        return Ok(None);
    };
    if published == one.version {
        return Ok(Some((one.language.clone(), one.code.clone())));
    }
    let version = rx.version(one.workspace, one.kind, published)?;
    Ok(version.map(|version| (version.language, version.code)))
}

/// What the published version of a transformation imports.
fn published_imports(rx: &mut Rx<'_>, one: &Transformation) -> Result<Vec<String>> {
    let published = published_code(rx, one)?;
    Ok(published.map_or_else(Vec::new, |(language, text)| code::imports(&language, &text)))
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

/// The name that the published version of a library is imported by.
pub(crate) fn published_import_name(
    rx: &mut Rx<'_>,
    one: &Transformation,
) -> Result<Option<String>> {
    let Some(published) = one.published else {
        return Ok(None);
    };
    if published == one.version {
        return Ok(Some(code::import_name(&one.name)));
    }
    let version = rx.version(one.workspace, one.kind, published)?;
    Ok(version.map(|version| code::import_name(&version.name)))
}

/// The names that a library is imported by: that of its newest version, and that of the published one, where it is another.
pub(crate) fn import_names(rx: &mut Rx<'_>, one: &Transformation) -> Result<Vec<String>> {
    let mut names = vec![code::import_name(&one.name)];
    if let Some(name) = published_import_name(rx, one)?
        && !names.contains(&name)
    {
        names.push(name);
    }
    Ok(names)
}

/// The libraries that data planes run, but for these: the name that each is imported by, and the version.
pub(crate) fn published_libraries(
    rx: &mut Rx<'_>,
    place: Place,
    but: &[TransformationId],
) -> Result<Vec<(String, VersionId)>> {
    let mut found = Vec::new();
    let mut libraries = all(rx, place, CodeKind::Library)?;
    libraries.retain(|one| !but.contains(&one.id));
    for one in libraries {
        if let Some(name) = published_import_name(rx, &one)?
            && let Some(version) = one.published
        {
            found.push((name, version));
        }
    }
    Ok(found)
}

/// What is wrong with code of a transformation that imports what no transformer can get from here, where these libraries are
/// there. It asks Annals for a library that RudderStack hosts before it runs anything, knows no other modules for JavaScript
/// than libraries, and takes either for the loss of each event that the code was to change. Of Python it is not known which
/// modules there are.
pub(crate) fn not_here(
    language: &str,
    text: &str,
    libraries: &[(String, VersionId)],
) -> Option<String> {
    if language != "javascript" {
        return None;
    }
    let imports = code::imports(language, text);
    let is_there = |name: &&String| libraries.iter().any(|(there, _)| there == *name);
    let missing = imports.into_iter().filter(|name| !is_there(&name));
    let (hosted, others): (Vec<_>, Vec<_>) = missing.partition(|name| code::is_hosted(name));
    let (names, why) = if hosted.is_empty() {
        (
            others,
            "which no published library of the workspace is imported as: each event would be lost; publish the library first, or together with it",
        )
    } else {
        (
            hosted,
            "which RudderStack's own service hosts and this server does not have: each event would be lost; import a library of the workspace in its place",
        )
    };
    (!names.is_empty()).then(|| format!("it imports {}, {why}", names.join(", ")))
}

/// Refuses to put a transformation before a destination whose published version imports what is not here.
pub(crate) fn check_runs(rx: &mut Rx<'_>, place: Place, one: &Transformation) -> Result<()> {
    let Some((language, text)) = published_code(rx, one)? else {
        return Ok(());
    };
    match not_here(&language, &text, &published_libraries(rx, place, &[])?) {
        Some(why) => {
            let name = &one.name;
            let message =
                format!("transformation \u{201c}{name}\u{201d} as it is published: {why}");
            Err(Error::failed(LIBRARY_NOT_HERE, message))
        }
        None => Ok(()),
    }
}

/// Refuses a library whose import name another library of the workspace has in its newest version.
pub(crate) fn check_import_name(rx: &mut Rx<'_>, place: Place, one: &Transformation) -> Result<()> {
    if one.kind == CodeKind::Transformation {
        return Ok(());
    }
    let wanted = code::import_name(&one.name);
    let other = all(rx, place, CodeKind::Library)?
        .into_iter()
        .find(|other| other.id != one.id && code::import_name(&other.name) == wanted);
    other.map_or(Ok(()), |other| Err(name_taken(&wanted, &other)))
}

fn name_taken(import: &str, by: &Transformation) -> Error {
    let name = &by.name;
    let message = format!("library \u{201c}{name}\u{201d} is imported as {import} already");
    Error::failed("import_name_taken", message)
}

/// Refuses to publish a version with this name of a library, which is imported so far as `so_far` says: where another published
/// library is imported by the new name, and where data planes run code that imports it by the old one. What is published together
/// with it is published already.
pub(crate) fn check_published_name(
    rx: &mut Rx<'_>,
    place: Place,
    (one, so_far): (TransformationId, Option<&str>),
    name: &str,
) -> Result<()> {
    let wanted = code::import_name(name);
    if so_far == Some(&wanted) {
        return Ok(());
    }
    for other in all(rx, place, CodeKind::Library)? {
        if other.id != one && published_import_name(rx, &other)?.as_ref() == Some(&wanted) {
            return Err(name_taken(&wanted, &other));
        }
    }
    let Some(so_far) = so_far else { return Ok(()) };
    let mut users = Vec::new();
    for user in run_with(rx, place, &[so_far.to_owned()])? {
        if !rx.links_of(user.id)?.is_empty() {
            users.push(User::importing(user, Way::Published).in_words());
        }
    }
    if users.is_empty() {
        return Ok(());
    }
    let message = format!(
        "its import name cannot change while it is imported by {}, or together with it",
        users.join(", ")
    );
    Err(Error::failed("library_in_use", message))
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

/// How a transformation uses what is imported by one of these names, if it does. A published version that no destination has
/// behind it is run by no data plane, so what it alone imports may go: a client that takes an import away together with its
/// library stores the new version, deletes the library, and only then publishes.
fn way_of_use(rx: &mut Rx<'_>, one: &Transformation, names: &[String]) -> Result<Option<Way>> {
    let imported = |imports: &[String]| imports.iter().any(|one| names.contains(one));
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

impl User {
    /// A transformation that imports a library.
    fn importing(one: Transformation, way: Way) -> Self {
        Self {
            noun: "transformation",
            name: one.name,
            id: one.id.to_string(),
            way,
        }
    }

    /// Which it is, and how it uses it.
    pub(crate) fn in_words(&self) -> String {
        let Self {
            noun,
            name,
            id,
            way,
        } = self;
        let how = match way {
            Way::Now => "",
            Way::Published => " as it is published: publish its newest version first",
        };
        format!("{noun} \u{201c}{name}\u{201d} ({id}){how}")
    }
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
                        name: destination.name.clone(),
                        id: destination.id.to_string(),
                        way: Way::Now,
                    });
                }
            }
            Ok(users)
        }
        CodeKind::Library => {
            let mut names = import_names(rx, one)?;
            // Who imports a name that another published library has is served by that one.
            for (name, _) in published_libraries(rx, place, &[one.id])? {
                names.retain(|own| *own != name);
            }
            let mut users = Vec::new();
            for user in all(rx, place, CodeKind::Transformation)? {
                if let Some(way) = way_of_use(rx, &user, &names)? {
                    users.push(User::importing(user, way));
                }
            }
            Ok(users)
        }
    }
}
