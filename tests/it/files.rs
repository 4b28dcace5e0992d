//! The files of queue and journal: `check` names those that `serve` refuses, and reading commands
//! change nothing in them.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fs,
    os::unix::{
        fs::{MetadataExt, PermissionsExt, symlink},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use rusqlite::Connection;
use tests::{A, ITEMS, Settings, TestWorld, event, pair};

use crate::{crash::PROGRAM, machine::run_with};

/// Somebody who owns no file.
const NOBODY: u32 = 65534;

/// Settings with this file as the journal or as the queue.
fn with(key: &str, path: &str) -> Settings {
    match key {
        "journal.path" => Settings { journal: path.to_owned(), ..Settings::default() },
        _ => Settings { queue: format!("path = {path:?}"), ..Settings::default() },
    }
}

/// Every path below a folder.
fn paths(folder: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(paths(&path));
        }
        found.insert(path);
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_not_ours_are_named_with_their_key() {
    let world = TestWorld::new(&Settings::default()).await;
    let folder = world.config().parent().unwrap().to_owned();
    let path = |name: &str| folder.join(name).display().to_string();
    fs::create_dir(path("folder")).unwrap();
    fs::write(path("text"), "neither a database nor short ".repeat(50)).unwrap();
    symlink(path("loop"), path("loop")).unwrap();
    let other = Connection::open(path("bookmarks")).unwrap();
    other.execute_batch("CREATE TABLE bookmarks (url TEXT)").unwrap();
    let newer = Connection::open(path("newer")).unwrap();
    newer.execute_batch("CREATE TABLE job (id TEXT); PRAGMA user_version = 99").unwrap();
    drop((other, newer));
    // file, error text
    let table = [
        ("folder", "is not a file"),
        ("loop", "symbolic links"),
        ("text", "not a database"),
        ("text/below.db", "cannot create the folder"),
        ("bookmarks", "another program's database"),
        ("newer", "no table"),
    ];
    let before = paths(&folder);
    for (name, problem) in table {
        for key in ["journal.path", "queue.path"] {
            world.configure(&with(key, &path(name)));
            for (command, expected) in [("check", "1 fault in"), ("serve", "memobridge: ")] {
                let (code, said) = run_with(&world, &[OsStr::new(command)], &[]);
                assert_eq!(code, 1, "{command} with {key} = {name}: {said}");
                for word in [key, name, problem, expected] {
                    assert!(said.contains(word), "{command} with {name}: {word} in {said}");
                }
                if command == "check" {
                    assert!(paths(&folder).is_subset(&before), "{command} made a file");
                }
            }
            fs::remove_dir_all(path("data")).ok();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_where_the_queue_should_be_is_named_by_check() {
    let world = TestWorld::new(&Settings::default()).await;
    drop(world.serve().await);
    let data = world.config().with_file_name("data");
    world.configure(&with("queue.path", data.join("journal.db").to_str().unwrap()));
    let text = fs::read_to_string(world.config()).unwrap();
    fs::write(world.config(), text.replace("\"data/journal.db\"", "\"data/other.db\"")).unwrap();
    let (code, said) = run_with(&world, &[OsStr::new("check")], &[]);
    assert_eq!((code, said.contains("it has no table job")), (1, true), "{said}");
    assert!(!data.join("other.db").exists());
}

/// A world with a journal that holds one cancellation, and the cancellation's id.
async fn with_a_journal() -> (TestWorld, PathBuf, String) {
    let world = TestWorld::with(&pair(), &Settings::default()).await;
    let service = world.serve().await;
    let answer = service.post(&event(&pair(), ITEMS, &[A])).await;
    drop(service);
    let journal = world.config().with_file_name("data").join("journal.db");
    (world, journal, answer.id.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_journal_is_not_migrated_by_who_reads_it() {
    let (world, journal, id) = with_a_journal().await;
    let db = Connection::open(&journal).unwrap();
    db.pragma_update(None, "user_version", 4).unwrap();
    drop(db);
    let before = fs::read(&journal).unwrap();
    let commands: [&[&str]; 4] =
        [&["list"], &["show", &id], &["retry", &id], &["retry", "--state", "parked", "--dry-run"]];
    for arguments in commands {
        let words: Vec<_> = arguments.iter().map(OsStr::new).collect();
        let (code, said) = run_with(&world, &words, &[]);
        assert_eq!(code, 2, "{arguments:?}: {said}");
        for words in ["schema 4", "fix: start the service of this version once"] {
            assert!(said.contains(words), "{arguments:?}: {words} in {said}");
        }
        assert!(before == fs::read(&journal).unwrap(), "{arguments:?} changed the journal");
    }
    let (code, said) = run_with(&world, &[OsStr::new("check")], &[]);
    assert_eq!(code, 0, "the service migrates it: {said}");
    assert!(before == fs::read(&journal).unwrap(), "check changed the journal");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_copy_of_a_journal_can_be_read() {
    let (world, journal, id) = with_a_journal().await;
    let folder = world.config().parent().unwrap().to_owned();
    let copy = folder.join("copy");
    fs::create_dir(&copy).unwrap();
    fs::copy(&journal, copy.join("journal.db")).unwrap();
    world.configure(&with("journal.path", copy.join("journal.db").to_str().unwrap()));
    let permit = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode));
    permit(&folder, 0o755).unwrap();
    permit(&copy.join("journal.db"), 0o444).unwrap();
    permit(&copy, 0o555).unwrap();
    for arguments in [&["list"][..], &["show", &id]] {
        let mut program = Command::new(PROGRAM);
        program.args(arguments).env("MEMOBRIDGE_CONFIG", world.config()).stdin(Stdio::null());
        // Permissions do not bind root.
        if fs::metadata(&folder).unwrap().uid() == 0 {
            program.uid(NOBODY).gid(NOBODY);
        }
        let output = program.output().unwrap();
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert_eq!((output.status.code(), said.contains(&id)), (Some(0), true), "{said}");
    }
    assert_eq!(paths(&copy).len(), 1, "nothing is made beside it");
    permit(&copy, 0o755).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_service_is_read_beside_its_log() {
    let world = TestWorld::with(&pair(), &Settings::default()).await;
    let service = world.serve().await;
    let answer = service.post(&event(&pair(), ITEMS, &[A])).await;
    let (code, said) = run_with(&world, &[OsStr::new("list")], &[]);
    assert_eq!((code, said.contains(&answer.id.unwrap())), (0, true), "{said}");
}
