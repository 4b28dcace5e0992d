//! Opening the file: folders, modes, and the schema brought up to date.

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

/// How long one process waits for another one's transaction.
const BUSY: Duration = Duration::from_secs(10);

/// How often, and with what pause, a new file is asked to change its mode: as
/// long as [`BUSY`] in all.
const MODE_TRIES: (u32, Duration) = (1000, Duration::from_millis(10));

/// The size to which a log is cut that a burst made grow, in bytes.
const LOG_KEPT: i64 = 16 * 1024 * 1024;

/// Pages in the log before they are moved into the file: as many as are kept, so that
/// a page that changes with every event is moved once for many of them.
const LOG_PAGES: i64 = LOG_KEPT / 4096;

/// Statements that fit the cache together; no adapter has more.
const STATEMENTS: usize = 64;

/// The absolute path; refuses what cannot be a file.
///
/// Absolute, so that a later `:memory:` or `file:` is a file name like any
/// other, and readers find the file wherever the process goes.
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

/// Makes the folders on the way to a file.
pub(crate) fn make_folders(path: &Path) -> Result<(), StoreError> {
    let folder = path.parent().unwrap_or(path);
    let made = fs::create_dir_all(folder);
    made.map_err(|source| StoreError::Folder { path: path.to_owned(), source })
}

/// Says what [`make_folders`] and [`writer`] would refuse; changes and makes nothing.
pub(crate) fn check(path: &Path, migrations: &[&str]) -> Result<(), StoreError> {
    let failed = |source: io::Error| StoreError::Folder { path: path.to_owned(), source };
    let mut folders = path.ancestors().skip(1);
    let folder = folders.find(|folder| folder.symlink_metadata().is_ok()).unwrap_or(path);
    if !fs::metadata(folder).map_err(failed)?.is_dir() {
        return Err(failed(ErrorKind::NotADirectory.into()));
    }
    let is_made = path.parent() == Some(folder);
    let read_only = || StoreError::ReadOnly { path: path.to_owned() };
    // Also for a file that is there: its log is beside it.
    access(folder, Access::WRITE_OK | Access::EXEC_OK)
        .map_err(|errno| if is_made { read_only() } else { failed(errno.into()) })?;
    if !path.exists() {
        return Ok(());
    }
    access(path, Access::READ_OK | Access::WRITE_OK).map_err(|_| read_only())?;
    let db = onlooker(path).map_err(|source| StoreError::Open { path: path.to_owned(), source })?;
    is_ours(path, &db, migrations)?;
    Ok(())
}

/// The connection that writes; makes the file and migrates it.
pub(crate) fn writer(path: &Path, migrations: &[&str]) -> Result<Connection, StoreError> {
    let failed = |source| StoreError::Open { path: path.to_owned(), source };
    let mut db = connect(path, OpenFlags::SQLITE_OPEN_CREATE).map_err(failed)?;
    if db.is_readonly("main").map_err(failed)? {
        return Err(StoreError::ReadOnly { path: path.to_owned() });
    }
    // Before anything is changed in it.
    is_ours(path, &db, migrations)?;
    // Before the first page is written, or it has no effect: what is deleted can
    // be given back to the disk, a little at a time.
    db.pragma_update(None, "auto_vacuum", "INCREMENTAL").map_err(failed)?;
    let mode = write_ahead(&db).map_err(failed)?;
    if mode != "wal" {
        return Err(StoreError::NoWal { path: path.to_owned(), mode });
    }
    // A commit that was answered survives a power cut, not only a crash.
    db.pragma_update(None, "synchronous", "FULL").map_err(failed)?;
    db.pragma_update(None, "journal_size_limit", LOG_KEPT).map_err(failed)?;
    db.pragma_update(None, "wal_autocheckpoint", LOG_PAGES).map_err(failed)?;
    // What a piece of work would need to be undone is lost with the process anyway.
    db.pragma_update(None, "temp_store", "MEMORY").map_err(failed)?;
    db.pragma_update(None, "foreign_keys", true).map_err(failed)?;
    let found = migrate(&mut db, migrations).map_err(failed)?;
    // A newer program may have migrated it further meanwhile.
    is_known(path, found, migrations)?;
    Ok(db)
}

/// A connection that only looks, beside the writer.
pub(crate) fn reader(path: &Path) -> rusqlite::Result<Connection> {
    let db = connect(path, OpenFlags::empty())?;
    db.pragma_update(None, "query_only", true)?;
    Ok(db)
}

fn connect(path: &Path, more: OpenFlags) -> rusqlite::Result<Connection> {
    open_with(path, OpenFlags::SQLITE_OPEN_READ_WRITE | more)
}

/// A connection that cannot write, to a file that may be in a folder where nothing can be made.
///
/// While a process has the file open, there is a log beside it, and reading takes locks. Without a
/// log the file is whole and read as it is, because SQLite would make a log first.
pub(crate) fn onlooker(path: &Path) -> rusqlite::Result<Connection> {
    // The log is beside the file that a link leads to.
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

/// Refuses a file that an [`onlooker`] would misread.
pub(crate) fn is_current(path: &Path, migrations: &[&str]) -> Result<(), StoreError> {
    let db = onlooker(path).map_err(|source| StoreError::Open { path: path.to_owned(), source })?;
    let (found, known) = (is_ours(path, &db, migrations)?, migrations.len());
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
            // Processes that start on a new file at the same time: SQLite does
            // not wait for this lock by itself, as two that wait could be stuck.
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
                thread::sleep(pause);
            }
            decided => return decided,
        }
    }
    change()
}

/// The schema of a database. Refuses one that is newer than this program, and one that has other
/// tables than its schema says: another program's, or the queue's where the journal should be.
fn is_ours(path: &Path, db: &Connection, migrations: &[&str]) -> Result<usize, StoreError> {
    let failed = |source| StoreError::Open { path: path.to_owned(), source };
    let found = schema(db).map_err(failed)?;
    let tables = tables(db).map_err(failed)?;
    if found == 0 {
        // Another process may be making it right now: it has either both or nothing.
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

/// The schema `found`, where this program knows it.
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

/// Runs the migrations that the file has not seen and returns its schema.
fn migrate(db: &mut Connection, migrations: &[&str]) -> rusqlite::Result<usize> {
    // Looked at without a lock first: `list` beside a busy service must not wait for it.
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
