//! The audit trail: who wanted what, and what came of it. Read from the program's log.

use ports::CancellationState;
use sandbox::netsuite::Standing;
use serde_json::{Value, json};
use tests::{A, ADMIN_TOKEN, ITEMS, Process, event, pair, run};
use tokio::{io::AsyncWriteExt, net::TcpStream};

use super::strict;
use crate::crash::PROGRAM;

/// The lines of the audit trail, with the fields that a test compares.
fn trail(log: &str) -> Vec<[String; 5]> {
    let lines = log.lines().filter_map(|it| serde_json::from_str::<Value>(it).ok());
    let audit = lines.filter(|it| it["target"] == "audit");
    let text = |it: &Value, key: &str| it[key].as_str().unwrap_or("").to_owned();
    audit
        .map(|it| ["level", "peer", "action", "subject", "outcome"].map(|key| text(&it, key)))
        .collect()
}

async fn call(process: &Process, http: &reqwest::Client, token: &str, path: &str, body: &Value) {
    let url = format!("http://{}{path}", process.address);
    let call = match body {
        Value::Null => http.get(url),
        body => http.post(url).body(body.to_string()),
    };
    call.bearer_auth(token).send().await.unwrap();
}

#[tokio::test]
async fn every_admin_call_writes_an_audit_line_without_secrets() {
    let world = strict().await;
    let process = world.spawn_saying(PROGRAM, "error").await;
    let sent = tests::post(&world.http, process.address, &event(&pair(), ITEMS, &[A])).await;
    let id = sent.unwrap().id.unwrap();
    let one = format!("/api/cancellations/{id}/retry");
    let table = [
        (ADMIN_TOKEN, "/api/cancellations?state=parked", Value::Null),
        ("a guess", "/api/cancellations?state=parked", Value::Null),
        (ADMIN_TOKEN, "/api/cancellations?name=Jane", Value::Null),
        (ADMIN_TOKEN, "/api/retry", json!({ "state": "parked", "dry_run": true })),
        (ADMIN_TOKEN, "/api/retry", json!({ "state": "posted" })),
        ("a guess", &one, json!({})),
        (ADMIN_TOKEN, &one, json!({})),
    ];
    for (token, path, body) in table {
        call(&process, &world.http, token, path, &body).await;
    }
    process.signal("TERM").await;
    let log = process.log_at_its_end().await;
    assert!(!log.contains("a guess") && !log.contains("Jane"), "{log}");
    let (list, all) = ("GET /api/cancellations", "POST /api/retry");
    let single = "POST /api/cancellations/{id}/retry";
    let expected = [
        ["INFO", "127.0.0.1", list, "/api/cancellations?state=parked", "200"],
        ["WARN", "127.0.0.1", list, "", "401"],
        ["WARN", "127.0.0.1", list, "", "400"],
        ["INFO", "127.0.0.1", all, "state=parked: 1 counted", "200"],
        ["WARN", "127.0.0.1", all, "state=posted: 0 requeued", "409"],
        ["WARN", "127.0.0.1", single, "", "401"],
        ["INFO", "127.0.0.1", single, &one, "200"],
    ];
    assert_eq!(trail(&log), expected.map(|line| line.map(str::to_owned)), "{log}");
    let fingerprints = log.matches(&app::inbound::keys::fingerprint(ADMIN_TOKEN)).count();
    assert!(fingerprints >= 5, "{log}");
}

#[tokio::test]
async fn a_call_whose_caller_disconnects_is_finished_and_audited() {
    let world = strict().await;
    let mut process = world.spawn(PROGRAM).await;
    let sent = tests::post(&world.http, process.address, &event(&pair(), ITEMS, &[A])).await;
    let id = sent.unwrap().id.unwrap();
    world.all_invoices(Standing::Valid);
    let queue = rusqlite::Connection::open(world.book().queue).unwrap();
    queue.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut caller = TcpStream::connect(process.address).await.unwrap();
    let request = format!(
        "POST /api/cancellations/{id}/retry HTTP/1.1\r\nHost: here\r\n\
         Authorization: Bearer {ADMIN_TOKEN}\r\n\r\n"
    );
    caller.write_all(request.as_bytes()).await.unwrap();
    world
        .book()
        .becomes(CancellationState::Deferred, "it is written down, and the queue cannot be")
        .await;
    drop(caller);
    queue.execute_batch("ROLLBACK").unwrap();
    world.book().becomes(CancellationState::Posted, "after the caller hung up").await;
    world.has_memos(&["20.00"], "after the caller hung up");
    let line = process.logged("POST /api/cancellations/{id}/retry").await;
    assert_eq!(trail(&line)[0][4], "200", "{line}");
    process.kill().await;
}

#[tokio::test]
async fn commands_write_an_audit_line_too() {
    let world = strict().await;
    let process = world.spawn(PROGRAM).await;
    let sent = tests::post(&world.http, process.address, &event(&pair(), ITEMS, &[A])).await;
    let id = sent.unwrap().id.unwrap();
    process.kill().await;
    let file = world.config().with_file_name("event.json");
    std::fs::write(&file, event(&pair(), ITEMS, &[A]).to_string()).unwrap();
    let config = world.config();
    let commands = [
        (vec!["submit", file.to_str().unwrap()], ["INFO", "", "submit", &id, "parked"]),
        (vec!["retry", &id], ["INFO", "", "retry", &id, "1 requeued"]),
        (
            vec!["retry", "--state", "deferred", "--tenant", "dodici"],
            ["INFO", "", "retry", "state=deferred tenant=dodici", "1 requeued"],
        ),
        (
            vec!["retry", "can-0123456789abcdef0123"],
            [
                "WARN",
                "",
                "retry",
                "can-0123456789abcdef0123",
                "0 requeued, then: no cancellation has the id can-0123456789abcdef0123",
            ],
        ),
    ];
    for (mut command, expected) in commands {
        command.extend(["--config", config.to_str().unwrap()]);
        let output = run(PROGRAM, &command).await;
        let log = String::from_utf8(output.stderr).unwrap();
        assert_eq!(trail(&log), [expected.map(str::to_owned)], "{command:?}: {log}");
    }
    let record = world.book().record(&id).await.unwrap();
    assert_eq!(record.state, CancellationState::Deferred);
    let shown = run(PROGRAM, &["show", &id, "--config", config.to_str().unwrap()]).await;
    let shown = String::from_utf8(shown.stdout).unwrap();
    for note in
        ["submitted by a person on the command line", "retried by a person on the command line"]
    {
        assert!(shown.contains(note), "{note} in {shown}");
    }
}
