//! What the two databases say differently. Everything else is one text.

/// Begins a transaction that will write. `SQLite` takes its one write lock at once; PostgreSQL takes the log's row next.
pub(crate) const fn begin(postgres: bool) -> &'static str {
    if postgres {
        "BEGIN ISOLATION LEVEL READ COMMITTED"
    } else {
        "BEGIN IMMEDIATE"
    }
}

/// Begins a transaction that sees one state of the data.
pub(crate) const fn begin_read(postgres: bool) -> &'static str {
    if postgres {
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
    } else {
        "BEGIN DEFERRED"
    }
}

/// Locks a log's row, so that what follows happens after everything that the log holds.
pub(crate) const fn lock_log(postgres: bool) -> &'static str {
    if postgres {
        "SELECT id, organization_id, size, frontier, first_place, config_changes FROM logs WHERE id = $1 FOR UPDATE"
    } else {
        "SELECT id, organization_id, size, frontier, first_place, config_changes FROM logs WHERE id = $1"
    }
}

/// Locks the row of an organization's log.
pub(crate) const fn lock_log_of(postgres: bool) -> &'static str {
    if postgres {
        "SELECT id, organization_id, size, frontier, first_place, config_changes FROM logs WHERE organization_id = $1 FOR UPDATE"
    } else {
        "SELECT id, organization_id, size, frontier, first_place, config_changes FROM logs WHERE organization_id = $1"
    }
}

/// What is refused undoes the transaction, as PostgreSQL does by itself: `SQLite` need not keep what the statement alone would be
/// undone by. Comes right after the verb.
pub(crate) const fn or_rollback(postgres: bool) -> &'static str {
    if postgres { "" } else { " OR ROLLBACK" }
}

/// Keeps two processes from creating the schema at once. On `SQLite` the write lock does.
pub(crate) const fn lock_schema(postgres: bool) -> Option<&'static str> {
    if postgres {
        Some("SELECT CAST(pg_advisory_xact_lock(4702111234474983745) AS TEXT)")
    } else {
        None
    }
}

/// Whether the schema's version table exists.
pub(crate) const fn has_schema(postgres: bool) -> &'static str {
    if postgres {
        "SELECT 1::BIGINT FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = 'schema_version'"
    } else {
        "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'schema_version'"
    }
}

/// `SQLite` reads `$n` as a name, numbered by its first appearance; `?n` is what `$n` means to PostgreSQL.
pub(crate) fn numbered(sql: &str) -> String {
    let mut numbered = sql.as_bytes().to_vec();
    for byte in &mut numbered {
        *byte = if *byte == b'$' { b'?' } else { *byte };
    }
    String::from_utf8(numbered).expect("an ASCII character for another leaves a text")
}
