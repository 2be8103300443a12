//! Which door a request came through, and how its user agent reads on a page.

use serde::{Deserialize, Serialize};

/// The longest short form of a user agent, in characters.
const LONGEST: usize = 60;

/// Programs that name themselves first, and what a person calls them.
const PROGRAMS: &[(&str, &str)] = &[
    ("terraform-provider-rudderstack", "Terraform provider"),
    ("Terraform", "Terraform"),
    ("rudder-cli", "rudder-cli"),
    ("rudder-api-go", "rudder-api-go"),
    ("annals", "annals"),
    ("curl", "curl"),
    ("Wget", "Wget"),
    ("python-requests", "python-requests"),
];

/// Browsers by a word of their user agent. The order matters: Edge says that it is Chrome, and both say Safari.
const BROWSERS: &[(&str, &str)] = &[
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
];

/// Systems likewise: iOS says that it is like Mac OS X, and Android that it is Linux.
const SYSTEMS: &[(&str, &str)] = &[
    ("iPhone", "iOS"),
    ("iPad", "iOS"),
    ("iPod", "iOS"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
];

/// The door that a request came through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Interface {
    /// A page, by a signed-in person.
    Dashboard,
    /// The API, by any program but those below.
    Api,
    /// The API, by Terraform.
    Terraform,
    /// The API, by one of the command lines.
    CommandLine,
    /// No request: the instance itself.
    System,
}

impl Interface {
    /// Every interface, in the order in which a page offers them.
    pub const ALL: [Self; 5] = [
        Self::Dashboard,
        Self::Api,
        Self::Terraform,
        Self::CommandLine,
        Self::System,
    ];

    /// The word in records and queries.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Dashboard => "dashboard",
            Self::Api => "api",
            Self::Terraform => "terraform",
            Self::CommandLine => "command_line",
            Self::System => "system",
        }
    }

    /// The interface of a word, exactly as [`Self::word`] writes it.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.word() == word)
    }

    /// What a person reads.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Dashboard => "Dashboard",
            Self::Api => "API",
            Self::Terraform => "Terraform",
            Self::CommandLine => "Command line",
            Self::System => "System",
        }
    }

    /// The interface of a request that carries a bearer token. The client says what it is; nobody checks it.
    pub fn of_user_agent(user_agent: &str) -> Self {
        match user_agent.split_once('/').map(|(program, _)| program) {
            Some("terraform-provider-rudderstack" | "Terraform") => Self::Terraform,
            Some("rudder-cli" | "annals") => Self::CommandLine,
            _ => Self::Api,
        }
    }
}

/// A user agent in a few words: `Firefox on macOS`, `Terraform provider 4.8.0`. What is not known is given as it is,
/// without control characters and cut at 60 characters.
pub fn short_user_agent(user_agent: &str) -> String {
    program(user_agent)
        .or_else(|| browser(user_agent))
        .unwrap_or_else(|| cut(user_agent))
}

fn program(user_agent: &str) -> Option<String> {
    let (name, version) = user_agent.split_whitespace().next()?.split_once('/')?;
    let (_, label) = PROGRAMS.iter().find(|(known, _)| *known == name)?;
    let readable = |byte: u8| byte.is_ascii_alphanumeric() || b".-+_".contains(&byte);
    let is_version =
        !version.is_empty() && version.len() <= LONGEST / 2 && version.bytes().all(readable);
    is_version.then(|| format!("{label} {version}"))
}

fn browser(user_agent: &str) -> Option<String> {
    if !user_agent.starts_with("Mozilla/") {
        return None;
    }
    let find = |table: &[(&str, &'static str)]| {
        let known = table.iter().find(|(word, _)| user_agent.contains(word))?;
        Some(known.1)
    };
    let browser = find(BROWSERS)?;
    Some(match find(SYSTEMS) {
        Some(system) => format!("{browser} on {system}"),
        None => browser.to_owned(),
    })
}

fn cut(user_agent: &str) -> String {
    // Marks that turn the direction of text around would let a client rewrite the line that it stands in.
    let unreadable = |it: char| {
        it.is_control()
            || matches!(it, '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let mut characters = user_agent.trim().chars().filter(|it| !unreadable(*it));
    let mut short: String = characters.by_ref().take(LONGEST).collect();
    if characters.next().is_some() {
        short.pop();
        short.push('…');
    }
    short
}
