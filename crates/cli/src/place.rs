//! Where an instance is: its data, its keys, and what a person types about them.

pub(crate) mod guard;

use std::fmt::Write as _;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use model::actor::{Actor, Origin, System};
use model::id::{OrganizationId, RequestId};
use model::interface::Interface;
use model::things::User;
use server::actions::input::is_misleading;
use store::{Action, Location, Options, Store};
use zeroize::Zeroizing;

use crate::member::member;

/// Where an instance's data and keys are.
#[derive(Clone, Debug, Args)]
pub(crate) struct Place {
    /// Folder of the embedded database [default: annals in the user's data home]
    #[arg(long, env = "ANNALS_DATA", value_name = "DIR")]
    data: Option<PathBuf>,
    /// A PostgreSQL database, in place of the embedded one: postgres://user@host/name
    #[arg(
        long,
        env = "ANNALS_DATABASE",
        value_name = "URL",
        conflicts_with = "data",
        hide_env_values = true
    )]
    database: Option<String>,
    /// The key file; made with the database [default: annals/annals.keys in the user's config home]
    #[arg(long, env = "ANNALS_KEYS", value_name = "FILE")]
    keys: Option<PathBuf>,
}

/// What is done where there is no instance yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// It is made.
    Make,
    /// It is said: where a name was mistyped, nothing comes of it.
    Refuse,
}

/// A folder of the user's, by the XDG base directory specification.
pub(crate) fn home(variable: &str, below_home: &str) -> Result<PathBuf> {
    let folder = match std::env::var_os(variable).filter(|value| Path::new(value).is_absolute()) {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(
            std::env::var_os("HOME")
                .with_context(|| format!("neither {variable} nor HOME is set"))?,
        )
        .join(below_home),
    };
    Ok(folder.join("annals"))
}

impl Place {
    /// The folder of the embedded database, if that is used.
    pub(crate) fn folder(&self) -> Result<Option<PathBuf>> {
        match (&self.database, &self.data) {
            (Some(_), _) => Ok(None),
            (None, Some(folder)) => Ok(Some(folder.clone())),
            (None, None) => home("XDG_DATA_HOME", ".local/share").map(Some),
        }
    }

    /// Whether the data is in PostgreSQL.
    pub(crate) const fn is_postgres(&self) -> bool {
        self.database.is_some()
    }

    /// How the store is opened.
    pub(crate) fn options(&self, missing: Missing) -> Result<Options> {
        let keys = match &self.keys {
            Some(file) => std::path::absolute(file)?,
            None => home("XDG_CONFIG_HOME", ".config")?.join("annals.keys"),
        };
        let location = match (self.folder()?, &self.database) {
            (Some(folder), _) => {
                if keys.starts_with(&folder) {
                    bail!(
                        "the key file must not be in the data folder: whoever gets one must not get the other"
                    );
                }
                let file = folder.join("annals.db");
                match missing {
                    Missing::Make => {
                        std::fs::create_dir_all(&folder).with_context(|| {
                            format!("cannot make the data folder {}", folder.display())
                        })?;
                        restrict(&folder)?;
                    }
                    Missing::Refuse if !file.exists() => bail!(
                        "there is no database {}; `annals init` and `annals serve` make one",
                        file.display()
                    ),
                    Missing::Refuse => {}
                }
                Location::Sqlite {
                    file,
                    max_pages: None,
                }
            }
            (None, Some(url)) => Location::Postgres(url.clone()),
            (None, None) => bail!("no database is named"),
        };
        Ok(Options {
            create: missing == Missing::Make,
            ..Options::new(location, keys)
        })
    }

    /// Opens the store of an instance that there is.
    pub(crate) fn open(&self) -> Result<Store> {
        Self::store(self.options(Missing::Refuse)?)
    }

    /// Opens the store, and makes the instance where there is none.
    pub(crate) fn make(&self, migrate: bool) -> Result<Store> {
        let options = self.options(Missing::Make)?;
        Self::store(Options { migrate, ..options })
    }

    fn store(options: Options) -> Result<Store> {
        let place = match &options.location {
            Location::Sqlite { file, .. } => Some(file.display().to_string()),
            Location::Postgres(_) => None,
        };
        Store::open(options).map_err(|error| match place {
            Some(place) => anyhow::Error::new(error).context(format!("cannot use {place}")),
            None => error.into(),
        })
    }
}

/// An organization of an instance.
#[derive(Clone, Debug, Args)]
pub(crate) struct Home {
    #[command(flatten)]
    place: Place,
    /// The organization [default: the only one]
    #[arg(long, value_name = "ID")]
    organization: Option<OrganizationId>,
}

impl Home {
    /// Opens the store, and says which organization is meant.
    pub(crate) fn open(&self) -> Result<(Store, OrganizationId)> {
        let store = self.place.open()?;
        let organization = match self.named(&store)? {
            Some(named) => named,
            None => only_organization(&store)?,
        };
        Ok((store, organization))
    }

    /// The organization that was named, which must exist.
    fn named(&self, store: &Store) -> Result<Option<OrganizationId>> {
        if let Some(named) = self.organization
            && store.read(|rx| rx.organization(named))?.is_none()
        {
            bail!("there is no organization with the id {named}");
        }
        Ok(self.organization)
    }

    /// Opens the store, and finds the account with this e-mail: of a member, where an organization is named. An account may
    /// belong to none.
    pub(crate) fn account(&self, email: &str) -> Result<(Store, User)> {
        let store = self.place.open()?;
        let user = match self.named(&store)? {
            Some(organization) => member(&store, organization, email)?.user,
            None => account(&store, email)?,
        };
        Ok((store, user))
    }
}

/// The account with this e-mail.
pub(crate) fn account(store: &Store, email: &str) -> Result<User> {
    let found = store.read(|rx| rx.user_by_email(email))?;
    let (user, _) =
        found.with_context(|| format!("there is no account with the e-mail {email}"))?;
    Ok(user)
}

/// The organization that is meant, where there is only one.
pub(crate) fn only_organization(store: &Store) -> Result<OrganizationId> {
    let mut all = store.read(|rx| rx.organizations())?;
    match (all.pop(), all.is_empty()) {
        (Some(one), true) => Ok(one.id),
        (None, _) => bail!("there is no organization yet; run `annals init` first"),
        (Some(_), false) => bail!("there are several organizations; name one with --organization"),
    }
}

/// Does something as the command line; `failed` begins the sentence that says why not.
pub(crate) fn perform<A: Action>(
    store: &Store,
    action: A,
    failed: &'static str,
) -> Result<A::Output> {
    let actor = Actor::System(System::CommandLine);
    let done = store.perform(actor, origin(store), action).wait();
    Ok(done.context(failed)?.output)
}

/// Only the owner may look into a folder that holds an instance's data. A folder of somebody else's that is let to us, as a
/// volume of a container is, keeps its mode, unless everybody may look into it.
pub(crate) fn restrict(folder: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::Permissions::from_mode(0o700);
    let Err(error) = std::fs::set_permissions(folder, mode) else {
        return Ok(());
    };
    let path = folder.display();
    let others = std::fs::metadata(folder)
        .with_context(|| format!("cannot look at {path}"))?
        .permissions()
        .mode();
    if others & 0o007 != 0 {
        bail!(
            "everybody may look into {path}, and it is not ours to change that ({error}); take the rights of others away: chmod o-rwx {path}"
        );
    }
    Ok(())
}

/// The origin of what is done at the command line: it says which user of the operating system does it.
pub(crate) fn origin(store: &Store) -> Origin {
    let request = RequestId::new(store.clock(), store.entropy());
    let user = operating_system_user();
    let version = env!("CARGO_PKG_VERSION");
    Origin {
        user_agent: Some(Origin::cut(&format!("annals {version}, as {user}"))),
        ..Origin::local(request, Interface::CommandLine)
    }
}

/// The name of the user that this process runs as, or the number where it has no name. Not the environment's word for it.
fn operating_system_user() -> String {
    use std::os::unix::fs::MetadataExt;
    let Ok(own) = std::fs::metadata("/proc/self") else {
        return "unknown user".to_owned();
    };
    let uid = own.uid().to_string();
    let names = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = names.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == uid).then(|| name.to_owned())
    });
    name.unwrap_or_else(|| format!("user {uid}"))
}

/// Prints a line of a list. Whoever reads it may have seen enough and gone: that is an error that `main` takes for an end.
pub(crate) fn say(line: &str) -> Result<()> {
    use std::io::Write;
    // What is named in it is no line of its own.
    let line = shown(line).replace('\n', "\\n");
    writeln!(std::io::stdout(), "{line}").map_err(Into::into)
}

/// A text with what a terminal would obey, and what nobody would see in it, written out: a file or a server may have sent it. It is
/// written as JSON writes it, so that what is JSON stays the same.
pub(crate) fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for one in text.chars() {
        if is_misleading(one) || (one.is_control() && !matches!(one, '\n' | '\t')) {
            for unit in one.encode_utf16(&mut [0; 2]) {
                let _ = write!(shown, "\\u{unit:04x}");
            }
        } else {
            shown.push(one);
        }
    }
    shown
}

/// How many there are of something: `1 thing`, `2 things`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        count => format!("{count} {noun}s"),
    }
}

/// The first line of standard input.
pub(crate) fn password() -> Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::new());
    std::io::stdin()
        .lock()
        .take(4096)
        .read_to_string(&mut text)
        .context("cannot read the password from standard input")?;
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() {
        bail!("no password came on standard input");
    }
    Ok(Zeroizing::new(line.to_owned()))
}

/// A runtime for what is asynchronous.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start")
}
