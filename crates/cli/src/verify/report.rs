//! What a verification found: one verdict, and a plain sentence for each finding.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use model::part::PartName;
use serde_json::{Value, json};

/// What is to be said of a log, from good to bad; the number is the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Verdict {
    /// Everything that was checked is as it should be.
    Verified = 0,
    /// The check could not run.
    Unable = 1,
    /// Not signed by whom it should be.
    NotAuthentic = 2,
    /// Not what was signed.
    Tampered = 3,
    /// Something that was disclosed is not what was recorded.
    Mismatch = 4,
    /// Not all of it is there, or it is too old.
    Incomplete = 5,
}

impl Verdict {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Unable => "unable",
            Self::NotAuthentic => "not_authentic",
            Self::Tampered => "tampered",
            Self::Mismatch => "mismatch",
            Self::Incomplete => "incomplete",
        }
    }
}

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) verdict: Verdict,
    /// Where: an entry, a tile, a line.
    pub(crate) place: String,
    /// What, where, and what it means, in one sentence.
    pub(crate) message: String,
}

impl Finding {
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a place is given as it is at hand, by value or by reference"
    )]
    pub(crate) fn new(verdict: Verdict, place: impl ToString, message: impl Into<String>) -> Self {
        Self {
            verdict,
            place: place.to_string(),
            message: message.into(),
        }
    }
}

/// Why a check stops: something was found, or it cannot go on.
#[derive(Debug)]
pub(crate) enum Stop {
    Found(Finding),
    Unable(anyhow::Error),
}

impl From<anyhow::Error> for Stop {
    fn from(error: anyhow::Error) -> Self {
        Self::Unable(error)
    }
}

pub(crate) type Checked<T> = Result<T, Stop>;

/// Stops with a finding.
pub(crate) fn found<T>(
    verdict: Verdict,
    place: impl ToString,
    message: impl Into<String>,
) -> Checked<T> {
    Err(Stop::Found(Finding::new(verdict, place, message)))
}

/// How many there are of something, and the first `N` of them.
#[derive(Debug)]
pub(crate) struct Few<T, const N: usize> {
    pub(crate) count: u64,
    pub(crate) first: Vec<T>,
}

impl<T, const N: usize> Default for Few<T, N> {
    fn default() -> Self {
        Self {
            count: 0,
            first: Vec::new(),
        }
    }
}

impl<T: Ord, const N: usize> Few<T, N> {
    /// Takes one that comes after all before.
    pub(crate) fn push(&mut self, one: T) {
        self.count += 1;
        if self.first.len() < N {
            self.first.push(one);
        }
    }

    /// Takes in what was found elsewhere, before or after.
    fn take_in(&mut self, other: Self) {
        self.count += other.count;
        if self.first.len() == N && self.first.last() <= other.first.first() {
            return;
        }
        self.first.extend(other.first);
        self.first.sort();
        self.first.truncate(N);
    }

    /// How many there are besides the first `listed`.
    fn besides(&self, listed: usize) -> Option<u64> {
        let more = self.count.saturating_sub(listed as u64);
        (more > 0).then_some(more)
    }
}

/// A part that an entry of the log says was erased.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Erased {
    pub(crate) entry: u64,
    pub(crate) part: PartName,
    /// The entry that erased it.
    pub(crate) by: u64,
}

/// How many notes of a kind are listed.
const NOTED: usize = 8;
/// How many parts that were erased are kept by name, so that no log takes more memory than another.
const ERASED: usize = 1000;

/// What was checked and what was found.
#[derive(Default)]
pub(crate) struct Report {
    pub(crate) origin: Option<String>,
    pub(crate) size: Option<u64>,
    pub(crate) root: Option<String>,
    /// The first entry that is known not to be the one that was signed at its place.
    pub(crate) misplaced: Option<u64>,
    /// The times of the cosignatures, in seconds since 1970.
    pub(crate) times: Vec<u64>,
    pub(crate) entries: u64,
    pub(crate) tiles: u64,
    pub(crate) disclosed: u64,
    pub(crate) erased: Few<Erased, ERASED>,
    pub(crate) withheld: u64,
    pub(crate) mismatches: u64,
    /// The entries that are no events of Annals, so that nothing is known of what they should say, and why they are none.
    pub(crate) no_events: Few<(u64, String), NOTED>,
    /// The entries before which the clock went back.
    pub(crate) clocks: Few<u64, NOTED>,
    pub(crate) checked: Vec<String>,
    pub(crate) not_checked: Vec<String>,
    pub(crate) notes: Vec<String>,
    pub(crate) findings: Vec<Finding>,
}

impl Report {
    /// How many findings of disclosures are listed; they are all counted.
    pub(crate) const LISTED: usize = 20;

    /// Whether it only counts.
    pub(crate) fn says_nothing(&self) -> bool {
        self.notes.is_empty() && self.findings.is_empty()
    }

    /// Says of how many of the entries that were looked into the form was checked.
    pub(crate) fn looked_inside(&mut self) {
        let what = match self.no_events.count {
            0 => {
                let what = "what entries say is in the one form that it has, each at its place";
                return self.checked.push(what.to_owned());
            }
            some => format!(
                "what entries say where they are not events of Annals in the one form of those: {some} of {}",
                self.entries
            ),
        };
        self.not_checked.push(what);
    }

    /// All notes, those of a kind together.
    fn all_notes(&self) -> Vec<String> {
        let mut all = self.notes.clone();
        let lists = [
            (
                self.no_events.besides(NOTED),
                "entries that are no events of Annals",
            ),
            (self.clocks.besides(NOTED), "times that the clock went back"),
        ];
        for (index, why) in &self.no_events.first {
            all.push(format!("entry {index} is no event of Annals: {why}"));
        }
        for index in &self.clocks.first {
            all.push(format!("the clock went back before entry {index}"));
        }
        for (more, what) in lists {
            all.extend(more.map(|more| format!("and {more} more {what}")));
        }
        all
    }

    /// A disclosure that is not what was recorded; the check goes on.
    pub(crate) fn mismatch(&mut self, place: impl ToString, message: impl Into<String>) {
        self.mismatches += 1;
        if self.findings.len() < Self::LISTED {
            self.findings
                .push(Finding::new(Verdict::Mismatch, place, message));
        }
    }

    /// Takes in what was found beside.
    pub(crate) fn take_in(&mut self, other: Self) {
        self.disclosed += other.disclosed;
        self.erased.take_in(other.erased);
        self.withheld += other.withheld;
        self.mismatches += other.mismatches;
        let misplaced = [self.misplaced, other.misplaced];
        self.misplaced = misplaced.into_iter().flatten().min();
        self.no_events.take_in(other.no_events);
        self.clocks.take_in(other.clocks);
        self.notes.extend(other.notes);
        let room = Self::LISTED.saturating_sub(self.findings.len());
        self.findings.extend(other.findings.into_iter().take(room));
    }

    /// The worst of what was found: what is not signed or not what was signed counts before what is not there.
    pub(crate) fn verdict(&self) -> Verdict {
        let order = [
            Verdict::Unable,
            Verdict::NotAuthentic,
            Verdict::Tampered,
            Verdict::Mismatch,
            Verdict::Incomplete,
        ];
        let has = |verdict: &Verdict| self.findings.iter().any(|one| one.verdict == *verdict);
        order.into_iter().find(has).unwrap_or(Verdict::Verified)
    }

    pub(crate) fn to_json(&self) -> Value {
        let findings: Vec<Value> = self
            .findings
            .iter()
            .map(|one| json!({ "verdict": one.verdict.word(), "where": one.place, "message": one.message }))
            .collect();
        let erased: Vec<Value> = self
            .erased
            .first
            .iter()
            .map(|one| json!({ "entry": one.entry, "part": one.part.to_string(), "erasedBy": one.by }))
            .collect();
        json!({
            "verdict": self.verdict().word(),
            "exitCode": self.verdict() as u8,
            "origin": self.origin,
            "size": self.size,
            "root": self.root,
            "cosignedAt": self.times,
            "counts": {
                "entries": self.entries, "tiles": self.tiles, "disclosed": self.disclosed,
                "erased": self.erased.count, "withheld": self.withheld, "mismatch": self.mismatches,
                "noEvents": self.no_events.count,
            },
            "erased": erased,
            "checked": self.checked,
            "notChecked": self.not_checked,
            "notes": self.all_notes(),
            "findings": findings,
        })
    }

    pub(crate) fn print(&self, out: &mut impl Write) -> std::io::Result<()> {
        if let (Some(origin), Some(size)) = (&self.origin, self.size) {
            writeln!(out, "log {origin}, {size} entries")?;
        }
        for one in &self.checked {
            writeln!(out, "  checked      {one}")?;
        }
        let (disclosed, erased, withheld) = (self.disclosed, self.erased.count, self.withheld);
        if disclosed + erased + withheld > 0 {
            writeln!(
                out,
                "  sealed parts {disclosed} disclosed and as recorded, {erased} erased, {withheld} withheld"
            )?;
        }
        for one in self.erased.first.iter().take(NOTED) {
            let Erased { entry, part, by } = one;
            writeln!(
                out,
                "  erased       part {part} of entry {entry}, by entry {by}"
            )?;
        }
        if let Some(more) = self.erased.besides(NOTED) {
            writeln!(out, "  and {more} more that were erased (--json)")?;
        }
        for one in &self.not_checked {
            writeln!(out, "  not checked  {one}")?;
        }
        for one in self.all_notes() {
            writeln!(out, "  note         {one}")?;
        }
        for one in &self.findings {
            writeln!(
                out,
                "  {:<12} {}",
                one.verdict.word().to_uppercase(),
                one.message
            )?;
        }
        let more = self.mismatches.saturating_sub(Self::LISTED as u64);
        if more > 0 {
            writeln!(out, "  and {more} more that do not match")?;
        }
        writeln!(out, "{}", self.verdict().word())
    }
}

/// Progress of long work, on a terminal only.
pub(crate) struct Progress {
    what: &'static str,
    total: u64,
    next: Option<Instant>,
    shown: bool,
}

impl Progress {
    pub(crate) fn new(what: &'static str, total: u64, quiet: bool) -> Self {
        let next = (!quiet && std::io::stderr().is_terminal())
            .then(|| Instant::now() + Duration::from_millis(500));
        Self {
            what,
            total,
            next,
            shown: false,
        }
    }

    pub(crate) fn at(&mut self, done: u64) {
        let Some(next) = self.next else { return };
        let now = Instant::now();
        if now < next {
            return;
        }
        self.next = Some(now + Duration::from_millis(200));
        self.shown = true;
        let percent = (u128::from(done) * 100)
            .checked_div(u128::from(self.total))
            .unwrap_or(100);
        let filled = usize::try_from(percent / 4).unwrap_or(25);
        eprint!(
            "\r{} [{:<25}] {percent:>3} %",
            self.what,
            "=".repeat(filled)
        );
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown {
            eprint!("\r{:60}\r", "");
        }
    }
}
