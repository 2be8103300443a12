//! A log as an outsider reads it: its bytes, checked with nothing of the store.

use model::entry::Entry;
use model::id::OrganizationId;
use sha2::{Digest, Sha256};
use tlog::frontier::Frontier;

use store::testing::Raw;

/// A log, with the bytes of its entries and of their sealed parts.
pub struct Log {
    pub id: String,
    pub organization: Option<String>,
    pub size: u64,
    pub frontier: Vec<u8>,
    pub entries: Vec<Vec<u8>>,
    pub parts: Vec<Vec<u8>>,
}

fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// The root of a tree, word for word as RFC 6962, section 2.1, defines it.
fn root(entries: &[Vec<u8>]) -> [u8; 32] {
    match entries {
        [] => sha256(&[]),
        [one] => sha256(&[&[0], one]),
        _ => {
            let k = entries.len().next_power_of_two() / 2;
            sha256(&[&[1], &root(&entries[..k]), &root(&entries[k..])])
        }
    }
}

/// All logs of a database, each checked: no gap, every entry in canonical form and at its place, the stored frontier
/// that of the entries.
pub fn logs(raw: &mut Raw) -> Vec<Log> {
    let rows = raw.rows("SELECT id, organization_id, size, frontier FROM logs ORDER BY id");
    let mut logs: Vec<Log> = rows
        .into_iter()
        .map(|row| Log {
            id: row[0].text().to_owned(),
            organization: match &row[1] {
                super::Cell::Null => None,
                cell => Some(cell.text().to_owned()),
            },
            size: u64::try_from(row[2].int()).expect("a size"),
            frontier: row[3].blob().to_vec(),
            entries: Vec::new(),
            parts: Vec::new(),
        })
        .collect();
    let rows =
        raw.rows("SELECT l.id, e.place - l.first_place, e.entry, e.parts FROM entries e LEFT JOIN logs l ON l.first_place = (e.place >> 40) << 40 ORDER BY e.place");
    for row in rows {
        let log = logs
            .iter_mut()
            .find(|log| log.id == row[0].text())
            .expect("an entry belongs to a log");
        assert_eq!(
            usize::try_from(row[1].int()).expect("a sequence"),
            log.entries.len(),
            "a gap in log {}",
            log.id
        );
        log.entries.push(row[2].blob().to_vec());
        log.parts.push(row[3].blob().to_vec());
    }
    for log in &logs {
        assert_eq!(log.size, log.entries.len() as u64, "the size of a log");
        let frontier = Frontier::from_bytes(log.size, &log.frontier).expect("a frontier");
        assert_eq!(*frontier.root().as_bytes(), root(&log.entries), "the root");
        for (index, entry) in log.parsed().iter().enumerate() {
            assert_eq!(entry.sequence, index as u64, "an entry says where it is");
            assert_eq!(entry.organization, log.organization);
        }
    }
    logs
}

impl Log {
    /// The log of an organization, out of all.
    pub fn of(raw: &mut Raw, organization: OrganizationId) -> Self {
        let organization = organization.to_string();
        logs(raw)
            .into_iter()
            .find(|log| log.organization.as_ref() == Some(&organization))
            .expect("an organization has a log")
    }

    /// The log of the instance.
    pub fn of_instance(raw: &mut Raw) -> Self {
        logs(raw)
            .into_iter()
            .find(|log| log.organization.is_none())
            .expect("an instance has a log")
    }

    /// The entries, strictly parsed.
    pub fn parsed(&self) -> Vec<Entry> {
        self.entries
            .iter()
            .map(|bytes| {
                let entry = Entry::parse(bytes).expect("an entry of version 1");
                assert_eq!(
                    entry.to_bytes().as_ref(),
                    Ok(bytes),
                    "the one form that it has"
                );
                entry
            })
            .collect()
    }

    /// What happened, as `type.action outcome`, from an index on.
    pub fn told_from(&self, first: usize) -> Vec<String> {
        self.parsed()[first..]
            .iter()
            .map(|entry| {
                format!(
                    "{}.{} {}",
                    entry.target.r#type,
                    entry.action,
                    entry.outcome.as_str()
                )
            })
            .collect()
    }
}
