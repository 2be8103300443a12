//! Which logs are known, and which witnesses must have cosigned: C2SP `tlog-policy`.

use std::collections::HashMap;

use crate::note::{KeyKind, Note, NoteError, VerifierKey, VerifierKeyError};

/// How many lines of a kind are read; the standard wants at least 32.
const MOST: usize = 1024;

/// A policy: keys of logs and witnesses, and the quorum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The keys: those of the logs first, then those of the witnesses.
    keys: Vec<VerifierKey>,
    logs: usize,
    quorum: Rule,
}

/// What has to be fulfilled; a group stands in it with its members.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Rule {
    /// `none`: nothing.
    Nothing,
    /// This witness has cosigned.
    Witness(usize),
    /// So many of these are fulfilled.
    Group(usize, Vec<Rule>),
}

/// Why a file is not a policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the policy: {reason}")]
pub struct PolicyError {
    /// The line, from 1; one after the last where something is missing.
    pub line: usize,
    /// What is wrong with it.
    pub reason: PolicyReason,
}

/// What is wrong with a line of a policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyReason {
    /// A control character other than tab and newline.
    #[error("it has a control character")]
    Character,
    /// Not one of the four kinds of lines, or not with that many items.
    #[error(
        "it is none of `log <vkey>`, `witness <name> <vkey>`, `group <name> <k> <name>...`, `quorum <name>`"
    )]
    Form,
    /// A key that cannot be read.
    #[error(transparent)]
    Key(#[from] VerifierKeyError),
    /// A witness's key for notes, or a log's for cosignatures.
    #[error("a log needs a key of signature type 0x01, a witness one of 0x04")]
    Kind,
    /// The same public key twice.
    #[error("this public key stands in an earlier line")]
    Duplicate,
    /// A name that is taken, or `none`.
    #[error("this name is taken")]
    Taken,
    /// A name that no line before defines.
    #[error("it names what no line before defines")]
    Unknown,
    /// A name that is already a member of a group.
    #[error("it names what is in a group already")]
    Member,
    /// A threshold that the members cannot meet, or 0.
    #[error("the threshold must be `any`, `all`, or a number from 1 to the number of members")]
    Threshold,
    /// More than one quorum, or none.
    #[error("there must be exactly one quorum")]
    Quorum,
    /// More lines than are read.
    #[error("there are too many logs, witnesses or groups")]
    TooMany,
}

impl Policy {
    /// A policy that knows one log and asks for no witness.
    pub fn of_log(key: VerifierKey) -> Self {
        Self {
            keys: vec![key],
            logs: 1,
            quorum: Rule::Nothing,
        }
    }

    /// Reads a policy (`tlog-policy`, "Policy file syntax and structure").
    pub fn parse(file: &[u8]) -> Result<Self, PolicyError> {
        let mut reader = Reader::default();
        let mut count = 0;
        for (line, at) in file.split(|byte| *byte == b'\n').zip(1..) {
            count = at;
            reader
                .line(line)
                .map_err(|reason| PolicyError { line: at, reason })?;
        }
        let missing = PolicyError {
            line: count + 1,
            reason: PolicyReason::Quorum,
        };
        let logs = reader.logs.len();
        let keys = [reader.logs, reader.witnesses].concat();
        let quorum = reader.quorum.ok_or(missing)?;
        Ok(Self { keys, logs, quorum })
    }

    /// The keys of the logs.
    pub fn logs(&self) -> &[VerifierKey] {
        &self.keys[..self.logs]
    }

    /// Verifies that one of the logs has signed the note and the quorum has cosigned it, and gives
    /// that log's key with the times of the cosignatures, in seconds since 1970.
    ///
    /// A policy without logs takes no note.
    pub fn verify(&self, note: &Note<'_>) -> Result<(&VerifierKey, Vec<u64>), PolicyNoteError> {
        let verified = note.verify(&self.keys)?;
        let signed = verified.iter().find(|one| one.key < self.logs);
        let log = signed.ok_or(PolicyNoteError::Note(NoteError::Unsigned))?;
        let cosigned = |witness| verified.iter().any(|one| one.key == self.logs + witness);
        if !self.quorum.fulfilled(&cosigned) {
            return Err(PolicyNoteError::Quorum);
        }
        let times = verified.iter().filter_map(|one| one.time).collect();
        Ok((&self.keys[log.key], times))
    }
}

/// Why a policy does not take a note.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyNoteError {
    /// A signature is bad, or no known log has signed.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The log has signed, but too few witnesses have.
    #[error("too few of the witnesses that the policy asks for have cosigned")]
    Quorum,
}

impl Rule {
    fn fulfilled(&self, cosigned: &impl Fn(usize) -> bool) -> bool {
        match self {
            Self::Nothing => true,
            Self::Witness(witness) => cosigned(*witness),
            Self::Group(threshold, members) => {
                members
                    .iter()
                    .filter(|member| member.fulfilled(cosigned))
                    .count()
                    >= *threshold
            }
        }
    }
}

/// What the lines before have defined. Names are bytes: no encoding is looked at.
#[derive(Default)]
struct Reader<'a> {
    logs: Vec<VerifierKey>,
    witnesses: Vec<VerifierKey>,
    /// Each name's rule, and whether it is in a group: a member counts in one way only.
    names: HashMap<&'a [u8], (Rule, bool)>,
    quorum: Option<Rule>,
}

impl<'a> Reader<'a> {
    fn line(&mut self, line: &'a [u8]) -> Result<(), PolicyReason> {
        if line
            .iter()
            .any(|byte| (*byte < b' ' && *byte != b'\t') || *byte == 0x7f)
        {
            return Err(PolicyReason::Character);
        }
        let items = line.split(|byte| matches!(byte, b' ' | b'\t'));
        let items: Vec<_> = items.filter(|item| !item.is_empty()).collect();
        match items.as_slice() {
            [] => Ok(()),
            [first, ..] if first.starts_with(b"#") => Ok(()),
            [b"log", key] | [b"log", key, _] => {
                let key = self.key(key, KeyKind::Note)?;
                self.logs.push(key);
                Ok(())
            }
            [b"witness", name, key] | [b"witness", name, key, _] => {
                let key = self.key(key, KeyKind::Cosignature)?;
                self.define(name, Rule::Witness(self.witnesses.len()))?;
                self.witnesses.push(key);
                Ok(())
            }
            [b"group", name, threshold, members @ ..] => {
                let threshold = match *threshold {
                    b"any" => Some(1),
                    b"all" => Some(members.len()),
                    number => str::from_utf8(number)
                        .ok()
                        .and_then(crate::checkpoint::decimal)
                        .and_then(|number| usize::try_from(number).ok()),
                };
                let fits = threshold.filter(|k| (1..=members.len()).contains(k));
                let threshold = fits.ok_or(PolicyReason::Threshold)?;
                let members: Result<Vec<_>, _> =
                    members.iter().map(|member| self.take(member)).collect();
                self.define(name, Rule::Group(threshold, members?))
            }
            [b"quorum", _] if self.quorum.is_some() => Err(PolicyReason::Quorum),
            [b"quorum", b"none"] => {
                self.quorum = Some(Rule::Nothing);
                Ok(())
            }
            [b"quorum", name] => {
                let (rule, _) = self.names.get(name).ok_or(PolicyReason::Unknown)?;
                self.quorum = Some(rule.clone());
                Ok(())
            }
            _ => Err(PolicyReason::Form),
        }
    }

    fn key(&self, text: &[u8], kind: KeyKind) -> Result<VerifierKey, PolicyReason> {
        let text = str::from_utf8(text).map_err(|_| VerifierKeyError::Form)?;
        let key = VerifierKey::parse(text)?;
        let mut same = match kind {
            KeyKind::Note => self.logs.iter(),
            KeyKind::Cosignature => self.witnesses.iter(),
        };
        if key.kind() != kind {
            return Err(PolicyReason::Kind);
        }
        if same.len() >= MOST {
            return Err(PolicyReason::TooMany);
        }
        if same.any(|other| other.public_key() == key.public_key()) {
            return Err(PolicyReason::Duplicate);
        }
        Ok(key)
    }

    /// A name's rule, for a group.
    fn take(&mut self, name: &[u8]) -> Result<Rule, PolicyReason> {
        let (rule, taken) = self.names.get_mut(name).ok_or(PolicyReason::Unknown)?;
        if std::mem::replace(taken, true) {
            return Err(PolicyReason::Member);
        }
        Ok(rule.clone())
    }

    fn define(&mut self, name: &'a [u8], rule: Rule) -> Result<(), PolicyReason> {
        if name == b"none" || self.names.contains_key(name) {
            return Err(PolicyReason::Taken);
        }
        if self.names.len() >= 2 * MOST {
            return Err(PolicyReason::TooMany);
        }
        self.names.insert(name, (rule, false));
        Ok(())
    }
}
