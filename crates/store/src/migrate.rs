//! The schema and its versions. The process that creates the schema also makes the key file.

use std::path::Path;

use model::clock::{Clock, Entropy};
use model::id::LogId;
use zeroize::Zeroizing;

use crate::db::{Conn, dialect, params};
use crate::env::Env;
use crate::error::{Error, Result};
use crate::keyring::{INDEX, INSTANCE, new_wrapped, unwrap};
use crate::keys::KeyFile;
use crate::store::Options;

const SQLITE: &[&str] = &[
    include_str!("../migrations/sqlite/0001_first_light.sql"),
    include_str!("../migrations/sqlite/0002_the_log_proves_itself.sql"),
    include_str!("../migrations/sqlite/0003_the_team.sql"),
    include_str!("../migrations/sqlite/0004_definitions.sql"),
    include_str!("../migrations/sqlite/0005_accounts_and_reverse_etl.sql"),
    include_str!("../migrations/sqlite/0006_the_data_plane.sql"),
    include_str!("../migrations/sqlite/0007_text_messages.sql"),
    include_str!("../migrations/sqlite/0008_rewriting_the_keys.sql"),
    include_str!("../migrations/sqlite/0009_tokens_that_have_ended.sql"),
    include_str!("../migrations/sqlite/0010_rewriting_the_entries.sql"),
    include_str!("../migrations/sqlite/0011_seeds_after_a_leak.sql"),
    include_str!("../migrations/sqlite/0012_hashes_in_public.sql"),
    include_str!("../migrations/sqlite/0013_live_events.sql"),
    include_str!("../migrations/sqlite/0014_told_in_the_log.sql"),
    include_str!("../migrations/sqlite/0015_letters_of_others.sql"),
    include_str!("../migrations/sqlite/0016_invited_by.sql"),
    include_str!("../migrations/sqlite/0017_keys_and_erasures.sql"),
    include_str!("../migrations/sqlite/0018_who_acts.sql"),
    include_str!("../migrations/sqlite/0019_accepted_by.sql"),
    include_str!("../migrations/sqlite/0020_what_only_goes_one_way.sql"),
    include_str!("../migrations/sqlite/0021_what_was_published.sql"),
    include_str!("../migrations/sqlite/0022_guards_of_every_entry.sql"),
    include_str!("../migrations/sqlite/0023_the_entry_before.sql"),
    include_str!("../migrations/sqlite/0024_what_undoes_the_transaction.sql"),
];
const POSTGRES: &[&str] = &[
    include_str!("../migrations/postgres/0001_first_light.sql"),
    include_str!("../migrations/postgres/0002_the_log_proves_itself.sql"),
    include_str!("../migrations/postgres/0003_the_team.sql"),
    include_str!("../migrations/postgres/0004_definitions.sql"),
    include_str!("../migrations/postgres/0005_accounts_and_reverse_etl.sql"),
    include_str!("../migrations/postgres/0006_the_data_plane.sql"),
    include_str!("../migrations/postgres/0007_text_messages.sql"),
    include_str!("../migrations/postgres/0008_rewriting_the_keys.sql"),
    include_str!("../migrations/postgres/0009_tokens_that_have_ended.sql"),
    include_str!("../migrations/postgres/0010_rewriting_the_entries.sql"),
    include_str!("../migrations/postgres/0011_seeds_after_a_leak.sql"),
    include_str!("../migrations/postgres/0012_hashes_in_public.sql"),
    include_str!("../migrations/postgres/0013_live_events.sql"),
    include_str!("../migrations/postgres/0014_told_in_the_log.sql"),
    include_str!("../migrations/postgres/0015_letters_of_others.sql"),
    include_str!("../migrations/postgres/0016_invited_by.sql"),
    include_str!("../migrations/postgres/0017_keys_and_erasures.sql"),
    include_str!("../migrations/postgres/0018_who_acts.sql"),
    include_str!("../migrations/postgres/0019_accepted_by.sql"),
    include_str!("../migrations/postgres/0020_what_only_goes_one_way.sql"),
    include_str!("../migrations/postgres/0021_what_was_published.sql"),
    include_str!("../migrations/postgres/0022_guards_of_every_entry.sql"),
    include_str!("../migrations/postgres/0023_the_entry_before.sql"),
    include_str!("../migrations/postgres/0024_what_undoes_the_transaction.sql"),
];

/// Brings the schema to this version, and gives the keys that fit it. With `migrate` off, a schema that is missing or old
/// is an error, as for a server that runs under a role that may not change tables; with `create` off, one that is missing.
pub(crate) fn open(conn: &mut Conn, options: &Options) -> Result<(KeyFile, Zeroizing<[u8; 32]>)> {
    let keys = &options.keys;
    let done = version(conn)?;
    if done < steps(conn).len() {
        if done == 0 && !options.create {
            return Err(Error::Instance(
                "this database holds no instance; `annals init` and `annals serve` make one"
                    .to_owned(),
            ));
        }
        if !options.migrate {
            return Err(Error::Instance(
                "the schema is missing or old; run `annals migrate` with its owner's URL"
                    .to_owned(),
            ));
        }
        conn.begin()?;
        match migrate(conn, keys, &*options.clock, &*options.entropy) {
            Ok(()) => conn.batch("COMMIT")?,
            Err(error) => {
                // The error that led here says more than one of the rollback would.
                let _ = conn.batch("ROLLBACK");
                return Err(error);
            }
        }
    }
    if version(conn)? > steps(conn).len() {
        return Err(Error::Instance(
            "this database was written by a newer Annals".to_owned(),
        ));
    }
    fitting_keys(conn, keys)
}

const fn steps(conn: &Conn) -> &'static [&'static str] {
    if conn.is_postgres() { POSTGRES } else { SQLITE }
}

fn version(conn: &mut Conn) -> Result<usize> {
    if conn
        .query_one(dialect::has_schema(conn.is_postgres()), &[])?
        .is_none()
    {
        return Ok(0);
    }
    let row = conn.query_one(
        "SELECT CAST(max(version) AS BIGINT) FROM schema_version",
        &[],
    )?;
    Ok(row
        .map(|row| row.opt_int(0))
        .transpose()?
        .flatten()
        .and_then(|one| usize::try_from(one).ok())
        .unwrap_or(0))
}

fn migrate(conn: &mut Conn, keys: &Path, clock: &dyn Clock, entropy: &dyn Entropy) -> Result<()> {
    if let Some(lock) = dialect::lock_schema(conn.is_postgres()) {
        conn.query(lock, &[])?;
    }
    // Another process may have been here while this one waited for the lock.
    let done = version(conn)?;
    if done == 0 {
        conn.batch(
            "CREATE TABLE schema_version (version BIGINT NOT NULL, at BIGINT NOT NULL);"
                .replace(
                    "BIGINT",
                    if conn.is_postgres() {
                        "BIGINT"
                    } else {
                        "INTEGER"
                    },
                )
                .as_str(),
        )?;
    }
    for (index, step) in steps(conn).iter().enumerate().skip(done) {
        conn.batch(step)?;
        let version = i64::try_from(index + 1).unwrap_or(i64::MAX);
        conn.execute(
            "INSERT INTO schema_version (version, at) VALUES ($1, $2)",
            params![version, clock.now()],
        )?;
    }
    if done == 0 {
        first_rows(conn, keys, clock, entropy)?;
    }
    Ok(())
}

/// The key file is synced before its check values commit: if the machine stops between the two, the next start finds a
/// file that it can use.
fn first_rows(
    conn: &mut Conn,
    keys: &Path,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
) -> Result<()> {
    let keys = match KeyFile::load(keys)? {
        Some(found) => found,
        None => KeyFile::create(keys, entropy)?,
    };
    let log = LogId::new(clock, entropy);
    conn.execute(
        "INSERT INTO logs (id, kind, first_place, size, frontier, kept_from, created_at) VALUES ($1, 'instance', 0, 0, $2, 0, $3)",
        params![&log, &[][..] as &[u8], clock.now()],
    )?;
    conn.execute(
        "INSERT INTO instance (one, log_id, master_id, master_check, seed_id, seed_check) VALUES (1, $1, $2, $3, $4, $5)",
        params![&log, &keys.master.id, &keys.master.check(), &keys.seed.id, &keys.seed.check()],
    )?;
    let wrapped = wrap_index(&keys, entropy);
    conn.execute(
        "INSERT INTO data_keys (organization, subject, generation, wrapped) VALUES ($1, $2, 1, $3)",
        params![INSTANCE, INDEX, &wrapped],
    )?;
    Ok(())
}

fn wrap_index(keys: &KeyFile, entropy: &dyn Entropy) -> Vec<u8> {
    new_wrapped(keys, entropy, INSTANCE, INDEX).1
}

fn fitting_keys(conn: &mut Conn, path: &Path) -> Result<(KeyFile, Zeroizing<[u8; 32]>)> {
    let row = conn
        .query_one(
            "SELECT master_id, master_check, seed_id, seed_check FROM instance WHERE one = 1",
            &[],
        )?
        .ok_or_else(|| Error::Instance("the database has a schema, but no instance".to_owned()))?;
    let wanted = row.text(0)?.to_owned();
    let Some(keys) = KeyFile::load(path)? else {
        return Err(Error::Instance(format!(
            "key file {} is missing: this database needs the one with master key {wanted}; name it with --keys",
            path.display()
        )));
    };
    let fits = keys.master.id == wanted
        && keys.master.check()[..] == *row.blob(1)?
        && keys.seed.id == row.text(2)?
        && keys.seed.check()[..] == *row.blob(3)?;
    if !fits {
        return Err(Error::Instance(format!(
            "key file {} does not fit: it has master key {}, and this database needs {wanted}; name the right file with --keys",
            path.display(),
            keys.master.id
        )));
    }
    for row in conn.query("SELECT id, seed_check FROM seeds ORDER BY number", &[])? {
        let id = row.text(0)?;
        let has = keys
            .seed(id)
            .is_some_and(|seed| seed.check()[..] == *row.blob(1).unwrap_or_default());
        if !has {
            return Err(Error::Instance(format!(
                "key file {} is older than this database: the seed {id}, which was added after a leak, is not in it; copy the newer file here",
                path.display()
            )));
        }
    }
    let row = conn
        .query_one(
            "SELECT wrapped FROM data_keys WHERE organization = $1 AND subject = $2 AND generation = 1",
            params![INSTANCE, INDEX],
        )?
        .ok_or_else(|| Error::Instance("the database has no index key".to_owned()))?;
    let index = unwrap(&keys.master.key, INSTANCE, INDEX, 1, row.blob(0)?)?;
    Ok((keys, index))
}

impl Env {
    /// What a process has at hand once its keys fit.
    pub(crate) fn new(
        clock: std::sync::Arc<dyn Clock>,
        entropy: std::sync::Arc<dyn Entropy>,
        (keys, index): (KeyFile, Zeroizing<[u8; 32]>),
    ) -> Self {
        Self {
            clock,
            entropy,
            keys,
            index,
            definitions: crate::tables::definitions::Remembered::default(),
            writing: std::sync::Mutex::default(),
            waiting: std::sync::Mutex::default(),
            unrecorded: std::sync::Mutex::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{POSTGRES, SQLITE};
    use crate::db::{Conn, Location, params};
    use crate::testing::{Postgres, temp_dir};

    #[test]
    fn roles_in_workspaces_survive_the_step_that_adds_the_auditor() {
        let folder = temp_dir();
        let file = folder.path().join("old.db");
        for location in [
            Location::Sqlite {
                file,
                max_pages: None,
            },
            Location::Postgres(Postgres::shared().fresh_database()),
        ] {
            let mut conn = Conn::open(&location).expect("a connection");
            let steps = if conn.is_postgres() { POSTGRES } else { SQLITE };
            for step in &steps[..2] {
                conn.batch(step).expect("an older schema");
            }
            let organization =
                "INSERT INTO organizations (id, name, created_at) VALUES ('o', 'Fernhill', 1)";
            assert_eq!(conn.execute(organization, &[]).expect("made"), 1);
            let bytes = &b"x"[..];
            for sql in [
                "INSERT INTO workspaces (id, organization_id, name, environment, region, allow_unknown_types, token, token_hash, created_at, updated_at) \
                 VALUES ('w', 'o', 'Production', 'PRODUCTION', 'US', 1, $1, $1, 1, 1)",
                "INSERT INTO users (id, identity, email_index, password, created_at) VALUES ('u', $1, $1, 'hash', 1)",
            ] {
                assert_eq!(conn.execute(sql, params![bytes]).expect(sql), 1);
            }
            let role = "INSERT INTO workspace_members (workspace_id, user_id, role, created_at) VALUES ('w', 'u', 'editor', 7)";
            assert_eq!(conn.execute(role, &[]).expect("a role"), 1);
            conn.batch(steps[2]).expect("the next step");
            let sql = "SELECT role, created_at FROM workspace_members WHERE user_id = 'u'";
            let row = conn
                .query_one(sql, &[])
                .expect("read")
                .expect("it is there");
            assert_eq!(
                (row.text(0).expect("text"), row.int(1).expect("int")),
                ("editor", 7)
            );
            let set = |role: &str| format!("UPDATE workspace_members SET role = '{role}'");
            assert_eq!(conn.execute(&set("auditor"), &[]).expect("an auditor"), 1);
            assert!(conn.execute(&set("king"), &[]).is_err());
        }
    }
}
