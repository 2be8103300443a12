//! What several pages share: people and machines, targets, tabs, fields, choices, the last change.

use super::when::When;

/// An event that a change left, as one says it after saving.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The label of the action: `Updated Name`.
    pub label: String,
    /// The number of the entry in the log.
    pub entry: u64,
    /// The id of the event, for the link; empty for a reader who may not see events.
    pub event_id: String,
}

/// The newest event of a thing.
#[derive(Clone, Debug)]
pub struct LastChange {
    /// What happened, by whom is beside it.
    pub event: Recorded,
    /// Who did it, by name.
    pub by: String,
    /// When.
    pub when: When,
}

/// What a list says around the rows of a page.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// The address of the list.
    pub path: String,
    /// The text that the names have in them; empty for all.
    pub named: String,
    /// How many there are on all pages.
    pub total: u64,
    /// The first page, unless it is this one.
    pub first_href: Option<String>,
    /// The next page.
    pub next_href: Option<String>,
}

impl Leaf {
    /// A list that is on one page.
    #[cfg(test)]
    pub(super) fn whole(path: &str, total: u64) -> Self {
        Self {
            path: path.to_owned(),
            named: String::new(),
            total,
            first_href: None,
            next_href: None,
        }
    }

    /// Whether there is nothing on any page, whatever is looked for.
    pub(super) const fn is_empty(&self) -> bool {
        self.total == 0 && self.named.is_empty()
    }

    /// Whether there are more than these.
    pub(super) const fn is_part(&self) -> bool {
        self.first_href.is_some() || self.next_href.is_some()
    }
}

/// One tab: a link.
#[derive(Clone, Debug)]
pub struct Tab {
    /// The word on it.
    pub label: String,
    /// Where it leads.
    pub href: String,
    /// How many are behind it, where that is known.
    pub count: Option<u64>,
    /// Whether it is the one shown.
    pub current: bool,
}

impl Tab {
    /// A tab without a count.
    pub fn new(label: impl Into<String>, href: impl Into<String>, current: bool) -> Self {
        Self {
            label: label.into(),
            href: href.into(),
            count: None,
            current,
        }
    }

    /// The same tab with a count.
    #[must_use]
    pub fn count(self, count: impl Into<Option<u64>>) -> Self {
        Self {
            count: count.into(),
            ..self
        }
    }
}

/// One option of a select.
#[derive(Clone, Debug)]
pub struct Choice {
    /// What is sent.
    pub value: String,
    /// What is read.
    pub label: String,
    /// Whether it is the chosen one.
    pub selected: bool,
}

impl Choice {
    /// An option that is chosen when `value` is the current one.
    pub fn new(value: impl Into<String>, label: impl Into<String>, current: &str) -> Self {
        let value = value.into();
        Self {
            selected: value == current,
            value,
            label: label.into(),
        }
    }
}

/// Options under one heading.
#[derive(Clone, Debug)]
pub struct ChoiceGroup {
    /// The heading.
    pub label: String,
    /// The options.
    pub choices: Vec<Choice>,
}

/// One field of a form that is made from a definition.
#[derive(Clone, Debug)]
pub struct Field {
    /// The name under which it is sent, unique on the page.
    pub name: String,
    /// What a person reads.
    pub label: String,
    /// A sentence under the field.
    pub hint: Option<String>,
    /// Whether it may not stay empty.
    pub required: bool,
    /// What is wrong with what was sent, and how to mend it.
    pub error: Option<String>,
    /// What kind of field, with its value.
    pub input: Input,
    /// What stands above it and those that follow, where it is not what stands above already.
    pub heading: Option<String>,
    /// Whether it is asked for, as the others stand.
    pub applies: bool,
    /// When it is, as JSON for the script: of each list of names and values one has to be so. Empty where it always is.
    pub when: String,
    /// The form that the text of one line must have.
    pub pattern: Option<String>,
    /// What is said where it does not.
    pub pattern_message: Option<String>,
}

impl Field {
    /// Whether who may only look is shown it: what is not asked for may still be set.
    pub fn is_shown(&self) -> bool {
        self.applies
            || match &self.input {
                Input::Text(text) | Input::Number(text) | Input::Lines(text) => !text.is_empty(),
                Input::Secret { set, .. } => *set,
                Input::Boolean(is_on) => *is_on,
                Input::Select(choices) => choices
                    .iter()
                    .any(|choice| choice.selected && !choice.value.is_empty()),
            }
    }
}

/// The kinds of fields, each with its value.
#[derive(Clone, Debug)]
pub enum Input {
    /// One line.
    Text(String),
    /// A number, as text.
    Number(String),
    /// Several lines.
    Lines(String),
    /// A secret: never shown, only whether it is set.
    Secret {
        /// Whether a value is stored.
        set: bool,
        /// Whether it may have several lines.
        lines: bool,
        /// Whether the box is ticked that says that it is to go; none where there is no box, as it is needed or not there.
        remove: Option<bool>,
    },
    /// On or off.
    Boolean(bool),
    /// One of several.
    Select(Vec<Choice>),
}

/// What is wrong with the fields of a form, by field.
#[derive(Clone, Debug, Default)]
pub struct Errors(Vec<(String, String)>);

impl Errors {
    /// Adds what is wrong with a field, and how to mend it: `Give it a name.`
    pub fn add(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.0.push((field.into(), message.into()));
    }

    /// The same, with what is wrong with one field said at another.
    #[must_use]
    pub fn moved(mut self, from: &str, to: &str) -> Self {
        for (field, _) in &mut self.0 {
            if field == from {
                to.clone_into(field);
            }
        }
        self
    }

    /// What is wrong with this field.
    pub fn of(&self, field: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(name, _)| name == field)
            .map(|(_, message)| message.as_str())
    }

    /// What is wrong with this field, or with something in it.
    pub fn in_or_under(&self, field: &str) -> Option<&str> {
        let is_it = |name: &str| is_under(name, field);
        let said = self.0.iter().find(|(name, _)| is_it(name));
        said.map(|(_, message)| message.as_str())
    }

    /// What is wrong with the JSON below these fields: with all of it, and with what in it has no field.
    pub fn of_json(&self, fields: &[Field]) -> Vec<String> {
        let has_field = |name: &str| fields.iter().any(|field| is_under(name, &field.name));
        let rest = self.0.iter().filter_map(|(name, message)| match &**name {
            "json" => Some(message.clone()),
            name if is_under(name, "config") && !has_field(name) => Some(about(name, message)),
            _ => None,
        });
        rest.collect()
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Whether the name of what is wrong is that of a field, or of something in it.
fn is_under(name: &str, field: &str) -> bool {
    name.strip_prefix(field)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// A message that says what it is about.
fn about(name: &str, message: &str) -> String {
    let mut chars = message.chars();
    let first = chars.next().into_iter().flat_map(char::to_lowercase);
    let message: String = first.chain(chars).collect();
    if message.starts_with(name) {
        message
    } else {
        format!("{name} {message}")
    }
}

impl<F: Into<String>, M: Into<String>> FromIterator<(F, M)> for Errors {
    fn from_iter<I: IntoIterator<Item = (F, M)>>(errors: I) -> Self {
        Self(
            errors
                .into_iter()
                .map(|(field, message)| (field.into(), message.into()))
                .collect(),
        )
    }
}

/// Who did something.
#[derive(Clone, Debug)]
pub struct Actor {
    /// A person or a machine.
    pub kind: ActorKind,
    /// The id; empty for the system.
    pub id: String,
    /// The name as it was then.
    pub name: String,
    /// The second line: the e-mail address as it was then, or what kind of machine.
    pub detail: String,
    /// The name of the token through which a person acted.
    pub via: Option<String>,
}

/// What kind of actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActorKind {
    /// A person.
    Person,
    /// A person whose name and address are erased, or not for the reader's role.
    Hidden,
    /// A service token or another program.
    Service,
    /// Annals itself.
    System,
}

impl Actor {
    /// A person, with name and e-mail as they were then.
    pub fn person(
        id: impl Into<String>,
        name: impl Into<String>,
        email: impl Into<String>,
    ) -> Self {
        Self {
            kind: ActorKind::Person,
            id: id.into(),
            name: name.into(),
            detail: email.into(),
            via: None,
        }
    }

    /// The same person, through a token of this name.
    #[must_use]
    pub fn via(self, token: impl Into<String>) -> Self {
        Self {
            via: Some(token.into()),
            ..self
        }
    }

    /// A person of whom only the id is left.
    pub fn erased(id: impl Into<String>) -> Self {
        let id = id.into();
        let tail: String = id
            .chars()
            .skip(id.chars().count().saturating_sub(6))
            .collect();
        let detail = format!("id …{tail}");
        Self {
            kind: ActorKind::Hidden,
            id,
            name: "Erased person".to_owned(),
            detail,
            via: None,
        }
    }

    /// A program, through a service token.
    pub fn service(id: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            kind: ActorKind::Service,
            id: id.into(),
            name: name.into(),
            detail: "Service token".to_owned(),
            via: None,
        }
    }

    /// Annals itself.
    pub fn system() -> Self {
        Self {
            kind: ActorKind::System,
            id: String::new(),
            name: "Annals".to_owned(),
            detail: "System".to_owned(),
            via: None,
        }
    }

    /// Two letters for the picture of a person.
    pub fn initials(&self) -> String {
        initials(&self.name)
    }

    /// The hue of the picture, 1 to 6.
    pub fn hue(&self) -> u32 {
        hue(&self.id)
    }

    /// The sign for a machine, or for a person without a name.
    pub fn sign(&self) -> Option<&'static str> {
        match self.kind {
            ActorKind::Person => None,
            ActorKind::Hidden => Some("user"),
            ActorKind::Service => Some("robot"),
            ActorKind::System => Some("mark"),
        }
    }

    /// Whether the picture is a square.
    pub fn is_machine(&self) -> bool {
        matches!(self.kind, ActorKind::Service | ActorKind::System)
    }
}

/// To what something was done.
#[derive(Clone, Debug)]
pub struct Target {
    /// The label of its type, as in the column Type: `Destination`.
    pub type_label: String,
    /// The id; empty where it has none.
    pub id: String,
    /// The name as it was then.
    pub name: String,
    /// Its page, if it still has one.
    pub href: Option<String>,
}

impl Target {
    /// The sign of its type.
    pub fn sign(&self) -> &'static str {
        sign(&self.type_label)
    }

    /// The class that gives the sign its colour.
    pub fn class(&self) -> &'static str {
        class(&self.type_label)
    }
}

/// The sign of a type, by its label.
pub fn sign(type_label: &str) -> &'static str {
    match type_label {
        "Source" => "source",
        "Destination" => "destination",
        "Transformation" => "transformation",
        "Library" => "library",
        "Team" => "team",
        "MFA" => "mfa",
        "Sign-in" => "user",
        "Token" => "access",
        "Account" => "key",
        "Audit log" => "audit",
        "Integrity" => "shield",
        "Tracking plan" => "compass",
        _ => "workspace",
    }
}

fn class(type_label: &str) -> &'static str {
    match type_label {
        "Source" => "t-source",
        "Destination" => "t-destination",
        "Transformation" => "t-transformation",
        "Library" => "t-library",
        "Team" => "t-team",
        "MFA" => "t-mfa",
        "Sign-in" | "Token" | "Account" | "Audit log" => "t-access",
        _ => "t-workspace",
    }
}

/// Two letters for a name: first and last word, or the first two letters of one word.
pub fn initials(name: &str) -> String {
    let mut words = name
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty());
    let first = words.next().unwrap_or("?");
    let letters: String = match words.next_back() {
        Some(last) => first.chars().take(1).chain(last.chars().take(1)).collect(),
        None => first.chars().take(2).collect(),
    };
    letters.to_uppercase()
}

/// One of six hues, always the same for one id.
pub fn hue(id: &str) -> u32 {
    id.bytes().fold(7_u32, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(u32::from(byte))
    }) % 6
        + 1
}

#[cfg(test)]
mod tests {
    use super::{Actor, Errors, hue, initials};

    #[test]
    fn initials_are_two_letters() {
        assert_eq!(initials("Ines Okafor-Lund"), "IL");
        assert_eq!(initials("Tomas"), "TO");
        assert_eq!(initials("Wen van der Halloran"), "WH");
        assert_eq!(initials(" – "), "?");
        assert_eq!(initials("øystein ås"), "ØÅ");
    }

    #[test]
    fn a_hue_is_one_of_six_and_stays() {
        for id in ["", "a", "2CHj1PJ6uNqtjkAtnTnPGkQ0Vx9"] {
            assert!((1..=6).contains(&hue(id)));
            assert_eq!(hue(id), hue(id));
        }
    }

    #[test]
    fn of_an_erased_person_the_end_of_the_id_is_left() {
        let actor = Actor::erased("2CHj1PJ6uNqtjkAtnTnPGkQ0Vx9");
        assert_eq!(
            (actor.name.as_str(), actor.detail.as_str()),
            ("Erased person", "id …kQ0Vx9")
        );
    }

    #[test]
    fn errors_are_found_by_field() {
        let errors: Errors = [("name", "Give it a name.")].into_iter().collect();
        assert_eq!(errors.of("name"), Some("Give it a name."));
        assert_eq!(errors.of("type"), None);
    }
}
