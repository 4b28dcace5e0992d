//! Opening: created files, rejected files, and the error texts.

use std::{
    collections::BTreeMap,
    error::Error,
    hash::{DefaultHasher, Hash, Hasher},
    sync::Barrier,
    thread,
};

use super::*;

const ONE: &str = "CREATE TABLE one (n INTEGER) STRICT";
const TWO: &str = "ALTER TABLE one ADD COLUMN m INTEGER; INSERT INTO one VALUES (1, 2)";

fn open(path: &Path, migrations: &[&str]) -> Result<Connection, StoreError> {
    let path = absolute(path)?;
    make_folders(&path)?;
    writer(&path, migrations)
}

fn rows(db: &Connection) -> i64 {
    db.query_row("SELECT count(*) FROM one", [], |row| row.get(0)).unwrap()
}

fn chain(error: &StoreError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// Both `check` and `open` fail with an error that contains these words.
#[track_caller]
fn refused(path: &Path, migrations: &[&str], words: &[&str]) {
    let checked = absolute(path).and_then(|path| check(&path, migrations)).unwrap_err();
    let opened = open(path, migrations).unwrap_err();
    for text in [chain(&checked), chain(&opened)] {
        for word in words {
            assert!(text.contains(word), "{word:?} is not in {text:?}");
        }
    }
}

/// Every file in a folder with a digest of its content; shared memory files have none.
fn content(folder: &Path) -> BTreeMap<PathBuf, u64> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let digest = |path: &Path| {
        let mut hasher = DefaultHasher::new();
        if !path.to_string_lossy().ends_with("-shm") {
            fs::read(path).unwrap().hash(&mut hasher);
        }
        hasher.finish()
    };
    entries.map(|path| (path.clone(), digest(&path))).collect()
}

#[test]
fn a_check_changes_and_creates_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    drop(open(&path("older ?%.db"), &[ONE]).unwrap());
    let _running = open(&path("running.db"), &[ONE]).unwrap();
    fs::write(path("empty.db"), "").unwrap();
    let before = content(folder.path());
    for name in ["older ?%.db", "running.db", "empty.db", "a/b/missing.db"] {
        check(&path(name), &[ONE, TWO]).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    assert_eq!(content(folder.path()), before);
}

#[test]
fn a_read_only_connection_reads_the_log_and_creates_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let db = open(&path, &[ONE, TWO]).unwrap();
    db.execute_batch("INSERT INTO one VALUES (3, 4)").unwrap();
    let link = folder.path().join("link.db");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    for path in [&path, &link] {
        assert_eq!(rows(&read_only_connection(path).unwrap()), 2, "{path:?}");
    }
    drop(db);
    fs::remove_file(&link).unwrap();
    let before = content(folder.path());
    let read_only_connection = read_only_connection(&path).unwrap();
    assert_eq!((rows(&read_only_connection), before.len()), (2, 1));
    read_only_connection.execute("DELETE FROM one", []).unwrap_err();
    assert_eq!(content(folder.path()), before);
}

#[test]
fn a_read_only_connection_does_not_migrate() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    drop(open(&path, &[ONE]).unwrap());
    is_current(&path, &[ONE]).unwrap();
    let before = content(folder.path());
    let error = is_current(&path, &[ONE, TWO]).unwrap_err();
    assert!(matches!(error, StoreError::Older { found: 1, known: 2, .. }), "{error:?}");
    let error = is_current(&path, &[]).unwrap_err();
    assert!(matches!(error, StoreError::Newer { found: 1, known: 0, .. }), "{error:?}");
    assert_eq!(content(folder.path()), before);
}

#[test]
fn missing_folders_are_created() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a/b/c.db");
    open(&path, &[ONE]).unwrap();
    assert!(path.is_file());
}

#[test]
fn a_confirmed_write_is_synced() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder.path().join("a.db"), &[ONE]).unwrap();
    // pragma, expected
    let table = [
        ("journal_mode", "wal"),
        ("synchronous", "2"),
        ("foreign_keys", "1"),
        ("auto_vacuum", "2"),
        ("journal_size_limit", "16777216"),
        ("busy_timeout", "10000"),
    ];
    for (pragma, expected) in table {
        let query = format!("SELECT CAST({pragma} AS TEXT) FROM pragma_{pragma}");
        let query = query.replace("CAST(busy_timeout", "CAST(timeout");
        let value: String = db.query_row(&query, [], |row| row.get(0)).unwrap();
        assert_eq!(value, expected, "{pragma}");
    }
}

#[test]
fn an_error_names_the_file_that_cannot_be_opened() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("plain.txt"), "just text, and long enough to be read".repeat(30)).unwrap();
    fs::create_dir(path("folder.db")).unwrap();

    refused(Path::new(""), &[], &["cannot create the folder"]);
    refused(&path("plain.txt/a.db"), &[ONE], &["plain.txt/a.db", "cannot create the folder"]);
    refused(&path("folder.db"), &[ONE], &["folder.db is not a file"]);
    refused(Path::new("/dev/null"), &[ONE], &["/dev/null is not a file"]);
    std::os::unix::fs::symlink(path("loop.db"), path("loop.db")).unwrap();
    refused(&path("loop.db"), &[ONE], &["loop.db", "symbolic links"]);
    refused(&path("plain.txt"), &[ONE], &["plain.txt", "not a database"]);
}

#[test]
fn another_database_is_refused_and_stays_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    // content, schema version, error
    let table = [
        ("CREATE TABLE bookmarks (url TEXT)", 0, "another program's database"),
        ("CREATE TABLE bookmarks (url TEXT)", 1, "another database: it has no table one"),
        ("CREATE TABLE bookmarks (url TEXT)", 2, "another database: it has no table one"),
    ];
    for (tables, version, why) in table {
        let _ = fs::remove_file(&path);
        let db = Connection::open(&path).unwrap();
        db.execute_batch(&format!("{tables}; PRAGMA user_version = {version}")).unwrap();
        drop(db);
        let before = fs::read(&path).unwrap();
        refused(&path, &[ONE, TWO], &["a.db", why]);
        assert_eq!(fs::read(&path).unwrap(), before, "{tables}, schema {version}");
    }
}

#[test]
fn an_empty_file_is_treated_as_new() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    fs::write(&path, "").unwrap();
    assert_eq!(rows(&open(&path, &[ONE, TWO]).unwrap()), 1);
}

#[test]
fn each_migration_runs_once_per_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    drop(open(&path, &[ONE]).unwrap());
    for _ in 0..3 {
        let db = open(&path, &[ONE, TWO]).unwrap();
        assert_eq!((schema(&db).unwrap(), rows(&db)), (2, 1));
    }
}

#[test]
fn a_file_of_a_newer_version_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    drop(open(&path, &[ONE, TWO]).unwrap());
    refused(&path, &[ONE], &["a.db", "schema 2", "up to 1"]);
}

#[test]
fn a_failed_migration_leaves_the_file_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    drop(open(&path, &[ONE]).unwrap());
    let error = open(&path, &[ONE, TWO, "CREATE NONSENSE"]).unwrap_err();
    assert!(chain(&error).contains("syntax error"), "{error}");
    let db = open(&path, &[ONE]).unwrap();
    assert_eq!((schema(&db).unwrap(), rows(&db)), (1, 0));
}

#[test]
fn a_new_file_can_be_opened_concurrently() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..20 {
        let path = folder.path().join(format!("{round}.db"));
        let start = Barrier::new(8);
        thread::scope(|scope| {
            let opening = || {
                start.wait();
                rows(&open(&path, &[ONE, TWO]).unwrap())
            };
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(opening)).collect();
            for thread in threads {
                assert_eq!(thread.join().unwrap(), 1, "round {round}");
            }
        });
    }
}

#[test]
fn a_file_left_by_a_crash_can_be_opened() {
    let folder = tempfile::tempdir().unwrap();
    let (path, copy) = (folder.path().join("a.db"), folder.path().join("b.db"));
    let db = open(&path, &[ONE, TWO]).unwrap();
    db.execute_batch("BEGIN IMMEDIATE; INSERT INTO one VALUES (3, 4); COMMIT").unwrap();
    db.execute_batch("BEGIN IMMEDIATE; INSERT INTO one VALUES (5, 6)").unwrap();
    // A crash leaves the file and a log that was never merged into it.
    for suffix in ["", "-wal"] {
        let name = |path: &Path| format!("{}{suffix}", path.display());
        fs::copy(name(&path), name(&copy)).unwrap();
    }
    assert_eq!(rows(&open(&copy, &[ONE, TWO]).unwrap()), 2);
}
