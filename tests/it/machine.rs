//! What the machine may do to the program: a log that nobody reads, an output that is closed, a full
//! disk, an environment that is not UTF-8.

use std::{
    ffi::{OsStr, OsString},
    fs,
    net::{SocketAddr, TcpListener},
    os::unix::ffi::OsStrExt,
    process::{Command, Output, Stdio},
    time::Duration,
};

use tests::{A, B, ITEMS, Settings, TestWorld, event, pair};

use crate::{commands::command, crash::PROGRAM};

const TIMEOUT: Duration = Duration::from_secs(40);
/// More lines than a pipe has room for.
const CALLS: usize = 1500;

fn free_port() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

#[tokio::test]
async fn an_unread_log_does_not_block_the_service() {
    let address = free_port();
    let world =
        TestWorld::new(&Settings { listen: address.to_string(), ..Settings::default() }).await;
    let mut process = tokio::process::Command::new(PROGRAM)
        .args(["serve", "--config"])
        .arg(world.config())
        .env("RUST_LOG", "trace")
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let live = format!("http://{address}/health/live");
    let lives = async || world.http.get(&live).send().await.is_ok_and(|it| it.status() == 200);
    let up = tokio::time::timeout(TIMEOUT, async {
        while !lives().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    up.await.unwrap();
    let answered = tokio::time::timeout(2 * TIMEOUT, async {
        for _ in 0..CALLS {
            let call = world.http.post(format!("http://{address}/newstore/events")).body("{}");
            call.send().await.unwrap();
        }
        lives().await
    });
    assert!(answered.await.expect("every call is answered"));
    let id = process.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-s", "TERM", &id]).status().unwrap().success());
    let ended = tokio::time::timeout(TIMEOUT, process.wait()).await;
    assert!(ended.expect("it ends, though its last lines find no room").unwrap().success());
}

pub(crate) fn run_with(
    world: &TestWorld,
    arguments: &[&OsStr],
    variables: &[(&str, &[u8])],
) -> (i32, String) {
    let mut program = Command::new(PROGRAM);
    program.args(arguments).env("MEMOBRIDGE_CONFIG", world.config());
    for (name, value) in variables {
        program.env(name, OsStr::from_bytes(value));
    }
    let Output { status, stdout, stderr } = program.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&[stdout, stderr].concat()).into_owned();
    assert!(!said.contains("panicked"), "{arguments:?}: {said}");
    (status.code().unwrap(), said)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_environment_variable_that_is_not_utf8_is_ignored() {
    let world = TestWorld::with(&pair(), &Settings::default()).await;
    drop(world.serve().await);
    let junk: &[(&str, &[u8])] =
        &[("JUNK", b"\xff"), ("RUST_LOG", b"\xff"), ("LANG", b"\xff"), ("OTEL_X", b"\xff")];
    let bad = OsString::from(OsStr::from_bytes(b"\xff"));
    let words = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
    // arguments, exit code, words
    let table = [
        (words(&["check"]), 0, "is ok"),
        (words(&["list"]), 0, "no cancellations match"),
        (words(&["show", "can-0123456789abcdef0123"]), 1, "no cancellation has"),
        (words(&["retry", "can-0123456789abcdef0123"]), 1, "can-0123456789abcdef0123"),
        (words(&["submit", "nowhere.json"]), 1, "nowhere.json"),
        ([words(&["submit"]), vec![bad.clone()]].concat(), 1, "cannot read"),
        ([words(&["check", "--config"]), vec![bad.clone()]].concat(), 2, "cannot read"),
        ([words(&["list", "--tenant"]), vec![bad.clone()]].concat(), 2, "UTF-8"),
        ([words(&["show"]), vec![bad.clone()]].concat(), 2, "UTF-8"),
        (vec![bad], 2, "memobridge"),
    ];
    for (arguments, expected, word) in table {
        let arguments: Vec<&OsStr> = arguments.iter().map(OsString::as_os_str).collect();
        let (code, said) = run_with(&world, &arguments, junk);
        assert_eq!(code, expected, "{arguments:?}: {said}");
        assert!(said.contains(word), "{arguments:?}: {word} in {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_is_not_utf8_is_named_with_its_key() {
    let world = TestWorld::new(&Settings::default()).await;
    let text = fs::read_to_string(world.config()).unwrap();
    let folder = world.config().parent().unwrap().to_owned();
    fs::write(folder.join("junk"), b"\xff").unwrap();
    let table = [
        ("{ env = \"JUNK\" }", "needs the environment variable JUNK, which is not UTF-8"),
        ("{ file = \"junk\" }", "junk: it is not UTF-8"),
        ("{ file = \".\" }", "Is a directory"),
    ];
    for (value, problem) in table {
        let changed =
            text.replacen("client_id = \"memobridge\"", &format!("client_id = {value}"), 1);
        assert_ne!(changed, text);
        fs::write(world.config(), changed).unwrap();
        let (code, said) = run_with(&world, &[OsStr::new("check")], &[("JUNK", b"\xff")]);
        assert_eq!(code, 1, "{said}");
        assert!(
            said.contains("customer.newstore.client_id needs") && said.contains(problem),
            "{said}"
        );
    }
    fs::write(world.config(), b"# \xff").unwrap();
    let (code, said) = run_with(&world, &[OsStr::new("check")], &[]);
    assert_eq!((code, said.contains("it is not UTF-8")), (2, true), "{said}");
}

/// Runs a command whose output nobody reads any more.
fn run_unread(world: &TestWorld, arguments: &[&str]) -> (Option<i32>, String) {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut program = Command::new(PROGRAM);
    program.args(arguments).env("MEMOBRIDGE_CONFIG", world.config());
    let output = program.stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped());
    let Output { status, stderr, .. } = output.spawn().unwrap().wait_with_output().unwrap();
    (status.code(), String::from_utf8(stderr).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_output_ends_a_command_quietly() {
    let world = TestWorld::with(&pair(), &Settings::default()).await;
    let process = world.spawn(PROGRAM).await;
    let answer = tests::post(&world.http, process.address, &event(&pair(), ITEMS, &[A])).await;
    let id = answer.unwrap().id.unwrap();
    process.kill().await;
    let table: [&[&str]; 9] = [
        &["list"],
        &["list", "--json"],
        &["show", &id],
        &["check"],
        &["completions", "bash"],
        &["retry", "--state", "parked", "--dry-run"],
        &["doctor"],
        &["reconcile", "--since", "1h"],
        &["reconcile", "--since", "1h", "--json"],
    ];
    for arguments in table {
        let ended = run_unread(&world, arguments);
        assert_eq!(ended, (Some(141), String::new()), "{arguments:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_variable_of_the_runtime_is_read() {
    let world = TestWorld::new(&Settings::default()).await;
    for value in [&b"0"[..], b"\xff", b"many"] {
        let (code, said) =
            run_with(&world, &[OsStr::new("check")], &[("TOKIO_WORKER_THREADS", value)]);
        assert_eq!(code, 0, "{value:?}: {said}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_rust_log_is_logged() {
    let world = TestWorld::new(&Settings::default()).await;
    // RUST_LOG, what is said of it
    let table: [(&str, &[u8], &str); 3] = [
        ("bad", b"info,app=loud,=", "part 2: error parsing level filter"),
        ("not-utf8", b"info,\xff", "not UTF-8"),
        ("good", b"info", ""),
    ];
    for (name, value, problem) in table {
        let log = world.config().with_file_name(name);
        let mut process = serve_with_log(&world, fs::File::create(&log).unwrap(), value);
        let said = || fs::read_to_string(&log).unwrap();
        let up = tokio::time::timeout(TIMEOUT, async {
            while !said().contains("Listening on") {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        up.await.unwrap_or_else(|_| panic!("{}", said()));
        process.kill().await.unwrap();
        let complaint = said().lines().find(|line| line.contains("RUST_LOG")).map(str::to_owned);
        let complaint = complaint.unwrap_or_default();
        assert!(complaint.contains(problem), "{value:?}: {complaint:?}");
        assert_eq!(complaint.is_empty(), problem.is_empty(), "{complaint}");
    }
}

#[tokio::test]
async fn a_log_on_a_full_disk_stops_nothing() {
    let address = free_port();
    let world =
        TestWorld::new(&Settings { listen: address.to_string(), ..Settings::default() }).await;
    let full = || fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    for value in [&b"app=loud"[..], b"trace"] {
        let mut process = serve_with_log(&world, full(), value);
        let live = format!("http://{address}/health/live");
        let up = tokio::time::timeout(TIMEOUT, async {
            while world.http.get(&live).send().await.is_err() {
                assert_eq!(process.try_wait().unwrap(), None, "{value:?}");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        up.await.unwrap();
        process.kill().await.unwrap();

        let mut retry = Command::new(PROGRAM);
        retry.args(["retry", "can-0123456789abcdef0123"]).env("MEMOBRIDGE_CONFIG", world.config());
        let ended =
            retry.env("RUST_LOG", OsStr::from_bytes(value)).stderr(full()).output().unwrap();
        assert_eq!(ended.status.code(), Some(1), "{value:?}");
    }
}

/// The service with this log and `RUST_LOG`.
fn serve_with_log(world: &TestWorld, log: fs::File, level: &[u8]) -> tokio::process::Child {
    let mut program = tokio::process::Command::new(PROGRAM);
    program.args(["serve", "--config"]).arg(world.config());
    program.env("RUST_LOG", OsStr::from_bytes(level)).stdin(Stdio::null()).stderr(log);
    program.kill_on_drop(true).spawn().unwrap()
}

#[tokio::test]
async fn a_list_reports_how_many_it_does_not_show() {
    let world = TestWorld::with(&pair(), &Settings::default()).await;
    let service = world.serve().await;
    for unit in [A, B] {
        assert_eq!(service.post(&event(&pair(), ITEMS, &[unit])).await.status, 200);
    }
    drop(service);
    // arguments, lines, the last line
    let table: [(&[&str], usize, &str); 5] = [
        (&["list", "--limit", "1"], 3, "1 of 2 shown"),
        (&["list", "--limit", "2"], 3, "can-"),
        (&["list"], 3, "can-"),
        (&["list", "--json"], 2, "{"),
        (&["list", "--json", "--limit", "1"], 1, "{"),
    ];
    for (arguments, lines, last) in table {
        let (code, said) = command(&world, arguments).await;
        assert_eq!((code, said.lines().count()), (Some(0), lines), "{arguments:?}: {said}");
        assert!(said.lines().last().unwrap().starts_with(last), "{arguments:?}: {said}");
    }
}
