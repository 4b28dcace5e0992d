//! Opens the file: creates folders, sets the SQLite modes and migrates the schema.

use std::{
    collections::BTreeSet,
    fmt::Write,
    fs,
    io::{self, ErrorKind},
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};
use rustix::fs::{Access, access};

use crate::StoreError;

/// How long one process waits for the transaction of another process.
const BUSY: Duration = Duration::from_secs(10);

/// The number of attempts to change the mode of a new file, and the pause between them: [`BUSY`]
/// in total.
const MODE_TRIES: (u32, Duration) = (1000, Duration::from_millis(10));

/// The write-ahead log is truncated to this many bytes after a burst of writes.
const LOG_KEPT: i64 = 16 * 1024 * 1024;

/// The log is moved into the file when it has this many pages. A page that changes with every event
/// is then moved once for many events.
const LOG_PAGES: i64 = LOG_KEPT / 4096;

/// The size of the cache of prepared statements; no adapter has more statements.
const STATEMENTS: usize = 64;

/// The absolute path; an error if it cannot be a file.
///
/// An absolute path makes `:memory:` and `file:` ordinary file names, and readers find the file
/// after the process changes its working directory.
pub(crate) fn absolute(path: &Path) -> Result<PathBuf, StoreError> {
    let failed = |source| StoreError::Folder { path: path.to_owned(), source };
    let path = std::path::absolute(path).map_err(failed)?;
    match fs::metadata(&path) {
        Ok(found) if !found.is_file() => Err(StoreError::NoFile { path }),
        // A loop of links, for example.
        Err(why) if !matches!(why.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Err(failed(why))
        }
        Ok(_) | Err(_) => Ok(path),
    }
}

/// Creates the parent folders of a file.
pub(crate) fn make_folders(path: &Path) -> Result<(), StoreError> {
    let folder = path.parent().unwrap_or(path);
    let made = fs::create_dir_all(folder);
    made.map_err(|source| StoreError::Folder { path: path.to_owned(), source })
}

/// Returns the error that [`make_folders`] or [`writer`] would return; changes and creates nothing.
pub(crate) fn check(path: &Path, migrations: &[&str]) -> Result<(), StoreError> {
    let failed = |source: io::Error| StoreError::Folder { path: path.to_owned(), source };
    let mut folders = path.ancestors().skip(1);
    let folder = folders.find(|folder| folder.symlink_metadata().is_ok()).unwrap_or(path);
    if !fs::metadata(folder).map_err(failed)?.is_dir() {
        return Err(failed(ErrorKind::NotADirectory.into()));
    }
    let is_made = path.parent() == Some(folder);
    let read_only = || StoreError::ReadOnly { path: path.to_owned() };
    // Needed for an existing file, too: its log is created in the same folder.
    access(folder, Access::WRITE_OK | Access::EXEC_OK)
        .map_err(|errno| if is_made { read_only() } else { failed(errno.into()) })?;
    if !path.exists() {
        return Ok(());
    }
    access(path, Access::READ_OK | Access::WRITE_OK).map_err(|_| read_only())?;
    let db = read_only_connection(path)
        .map_err(|source| StoreError::Open { path: path.to_owned(), source })?;
    check_owner(path, &db, migrations)?;
    Ok(())
}

/// The connection that writes; creates the file and migrates it.
pub(crate) fn writer(path: &Path, migrations: &[&str]) -> Result<Connection, StoreError> {
    let failed = |source| StoreError::Open { path: path.to_owned(), source };
    let mut db = connect(path, OpenFlags::SQLITE_OPEN_CREATE).map_err(failed)?;
    if db.is_readonly("main").map_err(failed)? {
        return Err(StoreError::ReadOnly { path: path.to_owned() });
    }
    // Checked before anything in the file is changed.
    check_owner(path, &db, migrations)?;
    // Allows `reclaim` to return free pages to the disk. It has an effect only before the first
    // page is written.
    db.pragma_update(None, "auto_vacuum", "INCREMENTAL").map_err(failed)?;
    let mode = write_ahead(&db).map_err(failed)?;
    if mode != "wal" {
        return Err(StoreError::NoWal { path: path.to_owned(), mode });
    }
    // A confirmed commit survives a power cut, not only a crash.
    db.pragma_update(None, "synchronous", "FULL").map_err(failed)?;
    db.pragma_update(None, "journal_size_limit", LOG_KEPT).map_err(failed)?;
    db.pragma_update(None, "wal_autocheckpoint", LOG_PAGES).map_err(failed)?;
    // Temporary data for a rollback need not survive the process.
    db.pragma_update(None, "temp_store", "MEMORY").map_err(failed)?;
    db.pragma_update(None, "foreign_keys", true).map_err(failed)?;
    let found = migrate(&mut db, migrations).map_err(failed)?;
    // A newer program may have migrated the file in the meantime.
    is_known(path, found, migrations)?;
    Ok(db)
}

/// A read-only connection in the process that writes.
pub(crate) fn reader(path: &Path) -> rusqlite::Result<Connection> {
    let db = connect(path, OpenFlags::empty())?;
    db.pragma_update(None, "query_only", true)?;
    Ok(db)
}

fn connect(path: &Path, more: OpenFlags) -> rusqlite::Result<Connection> {
    open_with(path, OpenFlags::SQLITE_OPEN_READ_WRITE | more)
}

/// A connection that cannot write; the file may be in a read-only folder.
///
/// While a process has the file open, a log exists next to it, and reading needs locks. Without a
/// log the file is complete and is opened as immutable; otherwise SQLite would create a log.
pub(crate) fn read_only_connection(path: &Path) -> rusqlite::Result<Connection> {
    // The log is next to the target of a symbolic link.
    let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    if Path::new(&log).exists() {
        return open_with(path, OpenFlags::SQLITE_OPEN_READ_ONLY);
    }
    let mut uri = "file:".to_owned();
    for byte in path.as_os_str().as_bytes() {
        write!(uri, "%{byte:02x}").expect("a string takes any text");
    }
    uri.push_str("?immutable=1");
    open_with(Path::new(&uri), OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI)
}

/// An error if a [`read_only_connection`] would misread the file.
pub(crate) fn is_current(path: &Path, migrations: &[&str]) -> Result<(), StoreError> {
    let db = read_only_connection(path)
        .map_err(|source| StoreError::Open { path: path.to_owned(), source })?;
    let (found, known) = (check_owner(path, &db, migrations)?, migrations.len());
    if found < known {
        return Err(StoreError::Older { path: path.to_owned(), found, known });
    }
    Ok(())
}

fn open_with(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let db = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    db.busy_timeout(BUSY)?;
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(db)
}

fn write_ahead(db: &Connection) -> rusqlite::Result<String> {
    let change = || db.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0));
    let (tries, pause) = MODE_TRIES;
    for _ in 1..tries {
        match change() {
            // Several processes may open a new file at the same time. SQLite does not wait for this
            // lock by itself, because two waiting processes could deadlock.
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
                thread::sleep(pause);
            }
            decided => return decided,
        }
    }
    change()
}

/// The schema version of a database. An error if it is newer than this program, or if a table of
/// that version is missing: the file then belongs to another program, or is for example the queue
/// where the journal is expected.
fn check_owner(path: &Path, db: &Connection, migrations: &[&str]) -> Result<usize, StoreError> {
    let failed = |source| StoreError::Open { path: path.to_owned(), source };
    let found = schema(db).map_err(failed)?;
    let tables = tables(db).map_err(failed)?;
    if found == 0 {
        // Another process may be creating the schema now: tables and version appear together.
        let is_new = tables.is_empty() || schema(db).map_err(failed)? != 0;
        return if is_new { Ok(0) } else { Err(StoreError::Occupied { path: path.to_owned() }) };
    }
    let known = || {
        let model = Connection::open_in_memory()?;
        for migration in migrations.iter().take(found) {
            model.execute_batch(migration)?;
        }
        self::tables(&model)
    };
    match known().map_err(failed)?.difference(&tables).next() {
        Some(missing) => {
            Err(StoreError::Foreign { path: path.to_owned(), missing: missing.clone() })
        }
        None => is_known(path, found, migrations),
    }
}

/// The schema version `found`; an error if this program does not know it.
fn is_known(path: &Path, found: usize, migrations: &[&str]) -> Result<usize, StoreError> {
    let known = migrations.len();
    if known < found {
        return Err(StoreError::Newer { path: path.to_owned(), found, known });
    }
    Ok(found)
}

fn tables(db: &Connection) -> rusqlite::Result<BTreeSet<String>> {
    let mut names = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")?;
    names.query_map([], |row| row.get(0))?.collect()
}

/// Runs the missing migrations and returns the schema version.
fn migrate(db: &mut Connection, migrations: &[&str]) -> rusqlite::Result<usize> {
    // Read without a lock first, so that `list` does not wait for a busy service.
    let found = schema(db)?;
    if migrations.len() <= found {
        return Ok(found);
    }
    let step = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have migrated while this one waited for the lock.
    let found = schema(&step)?;
    for migration in migrations.iter().skip(found) {
        step.execute_batch(migration)?;
    }
    let reached = found.max(migrations.len());
    step.pragma_update(None, "user_version", i64::try_from(reached).unwrap_or(i64::MAX))?;
    step.commit()?;
    Ok(reached)
}

fn schema(db: &Connection) -> rusqlite::Result<usize> {
    let version: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok(usize::try_from(version).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests;
