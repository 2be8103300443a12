//! The tree of a log: its entries, its tiles of hashes, and the proofs that they give.
//!
//! Tiles are kept as they fill, by [`keep_tiles`]; what is not kept yet is made from the entries, so that every tile and
//! every proof is there as soon as its entries are.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use model::clock::Micros;
use model::id::{EventId, LogId, OrganizationId};
use tlog::tile::{FULL, Kind, hashes, perfect_root, put_entry};
use tlog::tree::{Node, SourceError};
use tlog::{Frontier, Hash, KeyName, Tile, leaf_hash, node_hash, proof};

use crate::append::PLACES;
use crate::db::{Conn, Row, params};
use crate::error::{Error, Result};
use crate::publish::{signed_by, signer};
use crate::tx::Rx;

/// How many tiles are kept in one transaction: a slice of some milliseconds, so that no change waits long.
const SLICE: i64 = 4;
const WIDTH: i64 = FULL as i64;
/// How many bytes a bundle usually has room enough in.
const TYPICAL_BUNDLE: usize = 160 << 10;

/// A log, as far as it concerns proofs.
#[derive(Clone, Debug)]
pub struct Log {
    /// Its id.
    pub id: LogId,
    /// Whose it is; none of the instance's.
    pub organization: Option<OrganizationId>,
    /// The first line of its checkpoints, and the name of its key.
    pub origin: KeyName,
    /// The verifier key of the key that signs now.
    pub vkey: String,
    /// Which of its keys signs: 1, 2, ...
    pub generation: u32,
    /// How many entries it has.
    pub size: u64,
    /// The newest checkpoint that was signed.
    pub checkpoint: Option<Published>,
    /// Since when it is signed with each of its keys but the first.
    pub(crate) rotations: Vec<(u32, Micros)>,
    /// From which generation on its keys are made from which later seed, in order.
    pub(crate) seeds: Vec<(u32, String)>,
    pub(crate) frontier: Frontier,
    first_place: i64,
}

/// A checkpoint that was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// How many entries it covers.
    pub size: u64,
    /// Their root.
    pub root: Hash,
    /// The signed note.
    pub note: String,
}

const LOG: &str = "SELECT l.id, l.organization_id, l.origin, l.vkey, l.generation, l.rotations, l.size, l.frontier, l.first_place, \
    c.size, c.root, c.note, l.seeds FROM logs l LEFT JOIN checkpoints c ON c.log_id = l.id";

impl Log {
    /// The log as its newest checkpoint has it: what is not signed yet is not there.
    #[must_use]
    pub fn as_published(mut self) -> Self {
        self.size = self.checkpoint.as_ref().map_or(0, |one| one.size);
        self
    }

    /// Where an entry is among all entries.
    pub(crate) fn place(&self, index: u64) -> i64 {
        self.first_place + index.cast_signed()
    }

    fn from_row(row: &Row) -> Result<Self> {
        let internal = |what: &str| Error::Internal(format!("a log's {what} cannot be read"));
        let size = row.size(6)?;
        let checkpoint = match row.opt_int(9)? {
            None => None,
            Some(_) => Some(Published {
                size: row.size(9)?,
                root: Hash::from_bytes(row.blob(10)?.try_into().map_err(|_| internal("root"))?),
                note: row.text(11)?.to_owned(),
            }),
        };
        Ok(Self {
            id: row.parse(0)?,
            organization: row.opt_parse(1)?,
            origin: KeyName::parse(row.text(2)?).map_err(|_| internal("origin"))?,
            vkey: row.text(3)?.to_owned(),
            generation: u32::try_from(row.int(4)?).map_err(|_| internal("generation"))?,
            rotations: rotations_from(row.text(5)?).ok_or_else(|| internal("rotations"))?,
            size,
            frontier: Frontier::from_bytes(size, row.blob(7)?).map_err(|_| internal("frontier"))?,
            first_place: row.int(8)?,
            checkpoint,
            seeds: by_generation(row.text(12)?).ok_or_else(|| internal("seeds"))?,
        })
    }

    /// The id of the later seed that a key of this log is made from; none for the first seed.
    pub(crate) fn seed_of(&self, generation: u32) -> Option<&str> {
        let so_far = |one: &&(u32, String)| one.0 <= generation;
        let last = self.seeds.iter().rfind(so_far);
        last.map(|(_, seed)| seed.as_str())
    }

    /// When a key of this log was replaced by the next; none for the newest.
    pub(crate) fn replaced_at(&self, generation: u32) -> Option<Micros> {
        let mut all = self.rotations.iter();
        let next = all.find(|(next, _)| *next == generation + 1);
        next.map(|(_, at)| *at)
    }
}

/// `<generation>:<value>`, separated by spaces.
fn by_generation(text: &str) -> Option<Vec<(u32, String)>> {
    let one = |one: &str| {
        let (generation, value) = one.split_once(':')?;
        Some((generation.parse().ok()?, value.to_owned()))
    };
    text.split_ascii_whitespace().map(one).collect()
}

fn rotations_from(text: &str) -> Option<Vec<(u32, Micros)>> {
    let all = by_generation(text)?.into_iter();
    all.map(|(generation, at)| Some((generation, Micros(at.parse().ok()?))))
        .collect()
}

impl Rx<'_> {
    /// A log by its id; none before the instance has a name.
    pub fn log(&mut self, id: LogId) -> Result<Option<Log>> {
        let sql = format!("{LOG} WHERE l.id = $1 AND l.origin IS NOT NULL");
        let row = self.conn.query_one(&sql, params![&id])?;
        row.as_ref().map(Log::from_row).transpose()
    }

    /// A log, if its organization lets anyone read its checkpoint and hashes.
    pub fn public_log(&mut self, id: LogId) -> Result<Option<Log>> {
        let sql = format!(
            "{LOG} JOIN organizations o ON o.id = l.organization_id WHERE l.id = $1 AND o.public_hashes = 1"
        );
        let row = self.conn.query_one(&sql, params![&id])?;
        row.as_ref().map(Log::from_row).transpose()
    }

    /// The log of an organization.
    pub fn organization_log(&mut self, organization: OrganizationId) -> Result<Log> {
        let sql = format!("{LOG} WHERE l.organization_id = $1");
        let row = self.conn.query_one(&sql, params![&organization])?;
        let row = row.ok_or(Error::NotFound("organization"))?;
        Log::from_row(&row)
    }

    /// The log of an organization as it was at an older checkpoint: none unless that was signed by one of its keys and holds
    /// still.
    pub fn organization_log_at(
        &mut self,
        organization: OrganizationId,
        note: &str,
    ) -> Result<Option<Log>> {
        let mut log = self.organization_log(organization)?;
        let Some(signed) = signed_by(note, &log, self.env)? else {
            return Ok(None);
        };
        if signed.size > log.size || self.frontier_at(&log, signed.size)?.root() != signed.root {
            return Ok(None);
        }
        log.vkey = signer(note, &log, self.env)?.unwrap_or(log.vkey);
        log.size = signed.size;
        log.checkpoint = Some(Published {
            size: signed.size,
            root: signed.root,
            note: note.to_owned(),
        });
        Ok(Some(log))
    }

    /// The log of the instance; none before the instance has a name.
    pub fn instance_log(&mut self) -> Result<Log> {
        let id = self.instance()?.log;
        self.log(id)?.ok_or(Error::NotFound("log of the instance"))
    }

    /// The log as its newest checkpoint has it, which may be older than the key that signs now: with the newest of the keys
    /// that have signed that checkpoint.
    pub fn published(&mut self, log: Log) -> Result<Log> {
        let mut log = log.as_published();
        if let Some(checkpoint) = &log.checkpoint {
            log.vkey = signer(&checkpoint.note, &log, self.env)?.unwrap_or(log.vkey);
        }
        Ok(log)
    }

    /// All logs, by their ids.
    pub(crate) fn logs(&mut self) -> Result<Vec<Log>> {
        let sql = format!("{LOG} WHERE l.origin IS NOT NULL ORDER BY l.id");
        let rows = self.conn.query(&sql, &[])?;
        rows.iter().map(Log::from_row).collect()
    }

    /// All logs, by their ids: how large each is, and how large its newest checkpoint.
    pub(crate) fn sizes(&mut self) -> Result<Vec<(LogId, u64, u64)>> {
        let rows = self.conn.query(
            "SELECT l.id, l.size, COALESCE(c.size, 0) FROM logs l LEFT JOIN checkpoints c ON c.log_id = l.id \
             WHERE l.origin IS NOT NULL AND l.size > 0 ORDER BY l.id",
            &[],
        )?;
        let size = |row: &Row| Ok((row.parse(0)?, row.size(1)?, row.size(2)?));
        rows.iter().map(size).collect()
    }

    /// The bytes of the entries from `first` on, in order, at most `most`; fewer only where the log ends.
    ///
    /// # Errors
    /// [`Error::Internal`] when one is missing.
    pub fn entries(&mut self, log: &Log, first: u64, most: u64) -> Result<Vec<Vec<u8>>> {
        let end = first.saturating_add(most).min(log.size);
        entries(self.conn, log.first_place, first..end)
    }

    /// The hashes of a tile of this log; none where it has no such tile.
    pub fn tile_hashes(&mut self, log: &Log, tile: Tile) -> Result<Option<Vec<Hash>>> {
        let Kind::Hashes(level) = tile.kind else {
            return Ok(None);
        };
        let there = log.size.checked_shr(8 * u32::from(level)).unwrap_or(0);
        let end = tile.first().checked_add(u64::from(tile.width));
        if end.is_none_or(|end| end > there) {
            return Ok(None);
        }
        self.hashes_of(log, level, tile.index, u64::from(tile.width))
            .map(Some)
    }

    fn hashes_of(&mut self, log: &Log, level: u8, number: u64, width: u64) -> Result<Vec<Hash>> {
        let first = number * u64::from(FULL);
        let kept = self.conn.query_one(
            "SELECT hashes FROM tiles WHERE log_id = $1 AND level = $2 AND number = $3",
            params![&log.id, i64::from(level), number.cast_signed()],
        )?;
        let mut found = match &kept {
            Some(row) => whole(row.blob(0)?)?,
            None => Vec::new(),
        };
        found.truncate(usize::try_from(width).unwrap_or(usize::MAX));
        if level == 0 && found.is_empty() {
            let entries = entries(self.conn, log.first_place, first..first + width)?;
            return Ok(entries.iter().map(|entry| leaf_hash(entry)).collect());
        }
        while (found.len() as u64) < width {
            let below = first + found.len() as u64;
            let below = self.hashes_of(log, level - 1, below, u64::from(FULL))?;
            found.push(perfect_root(&below));
        }
        Ok(found)
    }

    /// A full tile of leaves as the database keeps it, and its hash in the tile above; none where it is not kept yet. Nothing is
    /// hashed: whether the one is the root of the other is for the caller to see.
    pub fn kept_leaves(&mut self, log: &Log, index: u64) -> Result<Option<(Vec<Hash>, Hash)>> {
        let (above, at) = (index / u64::from(FULL), index % u64::from(FULL));
        let mut kept = None;
        self.conn.each(
            "SELECT t.hashes, a.hashes FROM tiles t JOIN tiles a ON a.log_id = t.log_id AND a.level = 1 AND a.number = $3 \
             WHERE t.log_id = $1 AND t.level = 0 AND t.number = $2",
            params![&log.id, index.cast_signed(), above.cast_signed()],
            &mut |row| {
                if let [leaves, above] = row {
                    let root = hashes(above).and_then(|mut all| all.nth(usize::try_from(at).ok()?));
                    kept = hashes(leaves).map(Iterator::collect).zip(root);
                }
            },
        )?;
        Ok(kept)
    }

    /// Whether the hashes that the database keeps of full tiles of leaves are those that lead to `root`, the leaves themselves
    /// aside: one hash for 256 entries. If so, a tile of leaves that leads to its hash there is what was signed. Where one is not
    /// kept yet, or cannot be read, they do not.
    pub fn keeps_tiles_to(&mut self, log: &Log, root: Hash) -> Result<bool> {
        let width = u64::from(FULL);
        let (full, rest) = (log.size / width, log.size % width);
        let broken = |error| Error::Internal(format!("the tree: {error}"));
        let (mut above, mut right) = (Frontier::new(), Frontier::new());
        for number in 0..full.div_ceil(width) {
            let row = self.conn.query_one(
                "SELECT hashes FROM tiles WHERE log_id = $1 AND level = 1 AND number = $2",
                params![&log.id, number.cast_signed()],
            )?;
            let Some(row) = row else { return Ok(false) };
            let kept = hashes(row.blob(0)?).into_iter().flatten();
            let here = usize::try_from((full - number * width).min(width)).unwrap_or(usize::MAX);
            let kept: Vec<Hash> = kept.take(here).collect();
            if kept.len() < here {
                return Ok(false);
            }
            for hash in kept {
                above.push(hash).map_err(broken)?;
            }
        }
        for entry in entries(self.conn, log.first_place, log.size - rest..log.size)? {
            right.append(&entry).map_err(broken)?;
        }
        let edge = [above.to_bytes(), right.to_bytes()].concat();
        let whole = Frontier::from_bytes(log.size, &edge).map_err(broken)?;
        Ok(whole.root() == root)
    }

    /// An entry bundle of this log; none where it has no such bundle.
    pub fn bundle(&mut self, log: &Log, tile: Tile) -> Result<Option<Vec<u8>>> {
        let end = tile.first().checked_add(u64::from(tile.width));
        if tile.kind != Kind::Entries || end.is_none_or(|end| end > log.size) {
            return Ok(None);
        }
        let range = tile.first()..tile.first() + u64::from(tile.width);
        let (mut bundle, mut put) = (Vec::with_capacity(TYPICAL_BUNDLE), Ok(()));
        each_entry(self.conn, log.first_place, range, |entry| {
            put = std::mem::replace(&mut put, Ok(())).and(put_entry(&mut bundle, entry));
        })?;
        put.map_err(|error| Error::Internal(format!("a bundle: {error}")))?;
        Ok(Some(bundle))
    }

    /// The hashes of perfect subtrees of a log, for roots and proofs of up to `size` entries. A tile that several need is read, and
    /// what is within it hashed, once.
    fn with_hashes<T>(
        &mut self,
        log: &Log,
        what: impl FnOnce(
            &mut dyn FnMut(Node) -> Result<Hash>,
        ) -> std::result::Result<T, SourceError<Error>>,
    ) -> Result<T> {
        let mut read: HashMap<Tile, Vec<Hash>> = HashMap::new();
        let mut made: HashMap<(Tile, usize, usize), Hash> = HashMap::new();
        let mut hash_at = |node: Node| {
            let (tile, first, count) = Tile::of_node(node, log.size)
                .ok_or_else(|| Error::Internal("a node outside of its log".to_owned()))?;
            let hashes = match read.entry(tile) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => {
                    let hashes = self.tile_hashes(log, tile)?;
                    let missing = || Error::Internal("a tile is missing".to_owned());
                    new.insert(hashes.ok_or_else(missing)?)
                }
            };
            Ok(subtree(&mut made, tile, hashes, first, count))
        };
        what(&mut hash_at).map_err(|error| match error {
            SourceError::Source(error) => error,
            other => Error::Internal(format!("a proof: {other}")),
        })
    }

    /// The right edge of the first `size` entries.
    pub(crate) fn frontier_at(&mut self, log: &Log, size: u64) -> Result<Frontier> {
        let bytes = self.with_hashes(log, |hash_at| {
            let mut bytes = Vec::new();
            let mut first = 0;
            for level in (0_u8..64).rev().filter(|level| size >> level & 1 == 1) {
                let index = first >> level;
                let hash = hash_at(Node { level, index }).map_err(SourceError::Source)?;
                bytes.extend_from_slice(hash.as_bytes());
                first += 1 << level;
            }
            Ok(bytes)
        })?;
        Frontier::from_bytes(size, &bytes)
            .map_err(|error| Error::Internal(format!("the tree: {error}")))
    }

    /// The inclusion path of an entry in the first `size` entries.
    pub fn inclusion(&mut self, log: &Log, index: u64, size: u64) -> Result<Vec<Hash>> {
        self.with_hashes(log, |hash_at| proof::inclusion(index, size, hash_at))
    }

    /// The inclusion paths of these entries in the first `size` entries; a tile that several need is read once.
    pub fn inclusions(&mut self, log: &Log, places: &[u64], size: u64) -> Result<Vec<Vec<Hash>>> {
        self.with_hashes(log, |hash_at| {
            let paths = places.iter();
            paths
                .map(|index| proof::inclusion(*index, size, &mut *hash_at))
                .collect()
        })
    }

    /// The consistency proof between the first `old` and the first `new` entries.
    pub fn consistency(&mut self, log: &Log, old: u64, new: u64) -> Result<Vec<Hash>> {
        self.with_hashes(log, |hash_at| proof::consistency(old, new, hash_at))
    }

    /// The place of an event in its organization's log.
    pub fn place_of(
        &mut self,
        organization: OrganizationId,
        event: EventId,
    ) -> Result<Option<u64>> {
        let extent = self.extent(organization)?;
        let found = self.sequence_of(&extent, event)?;
        Ok(found.and_then(|sequence| u64::try_from(sequence).ok()))
    }
}

/// The root of `count` neighbouring hashes of a tile, and of all that is below it, each made once.
fn subtree(
    made: &mut HashMap<(Tile, usize, usize), Hash>,
    tile: Tile,
    hashes: &[Hash],
    first: usize,
    count: usize,
) -> Hash {
    if count < 2 {
        return perfect_root(&hashes[first..first + count]);
    }
    if let Some(hash) = made.get(&(tile, first, count)) {
        return *hash;
    }
    let half = count / 2;
    let left = subtree(made, tile, hashes, first, half);
    let right = subtree(made, tile, hashes, first + half, half);
    let hash = node_hash(&left, &right);
    made.insert((tile, first, count), hash);
    hash
}

/// Entries of a log, all of a range.
pub(crate) fn entries(
    conn: &mut Conn,
    first_place: i64,
    range: std::ops::Range<u64>,
) -> Result<Vec<Vec<u8>>> {
    let mut all = Vec::new();
    each_entry(conn, first_place, range, |entry| all.push(entry.to_vec()))?;
    Ok(all)
}

/// Shows the entries of a range, one after another.
///
/// # Errors
/// [`Error::Internal`] when one is missing; what was shown until then counts for nothing.
fn each_entry(
    conn: &mut Conn,
    first_place: i64,
    range: std::ops::Range<u64>,
    mut each: impl FnMut(&[u8]),
) -> Result<()> {
    let wanted = range.end.saturating_sub(range.start);
    if range.end > PLACES.cast_unsigned() {
        return Err(Error::Internal("entries beyond a log's end".to_owned()));
    }
    let mut found = 0;
    conn.each(
        "SELECT entry FROM entries WHERE place >= $1 AND place < $2 ORDER BY place",
        params![
            first_place + range.start.cast_signed(),
            first_place + range.end.cast_signed()
        ],
        &mut |row| {
            found += 1;
            for entry in row {
                each(entry);
            }
        },
    )?;
    if found == wanted {
        Ok(())
    } else {
        Err(Error::Internal(format!(
            "of the entries {} to {} only {found} are there",
            range.start, range.end
        )))
    }
}

fn whole(bytes: &[u8]) -> Result<Vec<Hash>> {
    let hashes = hashes(bytes).ok_or_else(|| Error::Internal("a broken tile".to_owned()))?;
    Ok(hashes.collect())
}

/// Keeps the next tiles that are full, of one log, and gives how many; nothing where none is left after those that are passed
/// over. Two processes that do it at once wait for each other at the row of `tiles_reached`.
pub(crate) fn keep_tiles(conn: &mut Conn, passed: i64) -> Result<Option<u64>> {
    let behind = conn.query_one(
        "SELECT l.id, l.first_place FROM logs l LEFT JOIN tiles_reached t ON t.log_id = l.id \
         WHERE l.size / 256 > COALESCE(t.tiles, 0) ORDER BY l.id LIMIT 1 OFFSET $1",
        params![passed],
    )?;
    let Some(row) = behind else { return Ok(None) };
    let log: LogId = row.parse(0)?;
    let first_place = row.int(1)?;
    conn.execute(
        "INSERT INTO tiles_reached (log_id, tiles) VALUES ($1, 0) ON CONFLICT (log_id) DO NOTHING",
        params![&log],
    )?;
    conn.execute(
        "UPDATE tiles_reached SET tiles = tiles WHERE log_id = $1",
        params![&log],
    )?;
    let row = conn.query_one(
        "SELECT t.tiles, l.size FROM tiles_reached t JOIN logs l ON l.id = t.log_id WHERE t.log_id = $1",
        params![&log],
    )?;
    let row = row.ok_or_else(|| Error::Internal("a log's tiles are lost".to_owned()))?;
    let (reached, size) = (row.int(0)?, row.int(1)?);
    let end = (size / WIDTH).min(reached + SLICE);
    for number in reached..end {
        let first = (number * WIDTH).cast_unsigned();
        let entries = entries(conn, first_place, first..first + u64::from(FULL))?;
        let leaves: Vec<Hash> = entries.iter().map(|entry| leaf_hash(entry)).collect();
        put(conn, log, 0, number, &leaves)?;
        // A full tile is one hash of the level above.
        let (mut level, mut number, mut root) = (1, number, perfect_root(&leaves));
        loop {
            let row = conn.query_one(
                "SELECT hashes FROM tiles WHERE log_id = $1 AND level = $2 AND number = $3",
                params![&log, level, number / WIDTH],
            )?;
            let mut above = row.map_or_else(|| Ok(Vec::new()), |row| whole(row.blob(0)?))?;
            above.push(root);
            put(conn, log, level, number / WIDTH, &above)?;
            if above.len() < usize::from(FULL) {
                break;
            }
            (level, number, root) = (level + 1, number / WIDTH, perfect_root(&above));
        }
    }
    conn.execute(
        "UPDATE tiles_reached SET tiles = $2 WHERE log_id = $1",
        params![&log, end],
    )?;
    Ok(Some((end - reached).unsigned_abs()))
}

fn put(conn: &mut Conn, log: LogId, level: i64, number: i64, hashes: &[Hash]) -> Result<()> {
    let bytes: Vec<u8> = hashes.iter().flat_map(Hash::as_bytes).copied().collect();
    conn.execute(
        "INSERT INTO tiles (log_id, level, number, hashes) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (log_id, level, number) DO UPDATE SET hashes = $4",
        params![&log, level, number, &bytes],
    )?;
    Ok(())
}
