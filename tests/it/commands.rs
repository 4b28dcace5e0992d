//! The operator commands through the program: find a parked cancellation, see the cause, correct
//! it, retry.

use ports::CancellationState;
use sandbox::sale::{Payment, Sale, Unit};
use serde_json::Value;
use tests::{A, B, ITEMS, ORDER, Settings, TestWorld, event, run};

use crate::crash::PROGRAM;

/// What a command says, and how it ends.
pub(crate) async fn command(world: &TestWorld, arguments: &[&str]) -> (Option<i32>, String) {
    let config = world.config();
    let config = ["--config", config.to_str().unwrap()];
    let output = run(PROGRAM, &[arguments, &config].concat()).await;
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

fn with_items(items: &str) -> Settings {
    Settings {
        policy: "settlement = \"payment-items\"\ntax = \"item\"".to_owned(),
        payment_items: items.to_owned(),
        worker: "first_delay = \"100ms\"\nmax_delay = \"500ms\"".to_owned(),
        ..Settings::default()
    }
}

#[tokio::test]
async fn an_operator_finds_and_corrects_a_parked_cancellation() {
    let sale = Sale::new(ORDER, "TEST-1821")
        .unit(Unit::new(A, "10000", "20.00"))
        .unit(Unit::new(B, "10001", "30.00"))
        .paid(Payment::captured("sezzle", "sezzle", "50.00"))
        .cancelled(&[A])
        .refunded("sezzle", "20.00");
    let world = TestWorld::with(&sale, &with_items("cash = \"91235\"")).await;
    let process = world.spawn(PROGRAM).await;
    let answer = tests::post(&world.http, process.address, &event(&sale, ITEMS, &[A])).await;
    answer.unwrap().is(200, "parked").because("unmapped");

    let (code, said) = command(&world, &["list", "--state", "parked", "--json"]).await;
    assert_eq!(code, Some(0), "{said}");
    let found: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        (found["order"].as_str(), found["reason"].as_str()),
        (Some(ORDER), Some("unmapped"))
    );
    let id = found["id"].as_str().unwrap().to_owned();
    let (code, said) = command(&world, &["show", &id]).await;
    assert_eq!(code, Some(0), "{said}");
    for words in ["payment_items has no entry for sezzle.sezzle.usd", "fix: add", A] {
        assert!(said.contains(words), "{words} in {said}");
    }
    let counted = "would be retried; no memo is in progress; 1 unit has no memo yet";
    let parked: &[&str] = &["retry", "--dry-run", "--state", "parked"];
    let since = "2026-01-01T00:00:00Z";
    let table: [(&[&str], String); 7] = [
        (&["--reason", "unmapped", "--order", ORDER], format!("1 {counted}")),
        (&["--tenant", "dodici", "--since", since], format!("1 {counted}")),
        (&["--reason", "closed-period"], "0 would be retried".to_owned()),
        (&["--tenant", "seconda"], "0 would be retried".to_owned()),
        (&["--since", "2099-01-01T00:00:00Z"], "0 would be retried".to_owned()),
        (&["--since", "2099-01-01"], "0 would be retried".to_owned()),
        (&["--since", "48h"], format!("1 {counted}")),
    ];
    for (filter, expected) in table {
        let (code, said) = command(&world, &[parked, filter].concat()).await;
        assert_eq!((code, said.contains(&expected)), (Some(0), true), "{filter:?}: {said}");
    }

    for (since, expected) in [("48h", &*id), ("2099-01-01", "no cancellations match")] {
        let (code, said) = command(&world, &["list", "--since", since]).await;
        assert_eq!((code, said.contains(expected)), (Some(0), true), "{since}: {said}");
    }

    process.signal("TERM").await;
    process.ended().await;
    world.configure(&with_items("sezzle = { usd = \"91291\" }"));
    let process = world.spawn(PROGRAM).await;
    let (code, said) = command(&world, &["retry", &id]).await;
    assert_eq!(code, Some(0), "{said}");
    world.book().becomes(CancellationState::Posted, "after the retry").await;
    world.has_memos(&["0.00"], "after the retry");
    let (_, said) = command(&world, &["show", &id]).await;
    for words in ["parked: unmapped", "the deadline restarts", "nst-cm-"] {
        assert!(said.contains(words), "{words} in {said}");
    }
    let (code, said) = command(&world, &["retry", &id]).await;
    assert_eq!(code, Some(1), "{said}");
    process.kill().await;
}

#[tokio::test]
async fn commands_report_missing_records() {
    let world = TestWorld::new(&Settings::default()).await;
    let table: [(&[&str], i32, &str); 8] = [
        (&["list"], 1, "there is no journal"),
        (&["show", "can-0123456789abcdef0123"], 1, "there is no journal"),
        (&["retry"], 2, "required"),
        (&["retry", "--order", ORDER], 2, "--state"),
        (&["retry", "--state", "parked", "--reason", "umapped"], 2, "must be one of"),
        (&["retry", "--state", "parked", "--since", "yesterday"], 2, "must be a time"),
        (&["list", "--state", "gone"], 2, "must be one of"),
        (&["submit", "nowhere.json"], 1, "cannot read nowhere.json"),
    ];
    for (arguments, expected, words) in table {
        let (code, said) = command(&world, arguments).await;
        assert_eq!(code, Some(expected), "{arguments:?}: {said}");
        assert!(said.contains(words), "{words} in {said}");
    }
    let (code, said) = command(&world, &["check"]).await;
    assert_eq!(
        (code, said.contains("is ok: customers dodici, seconda")),
        (Some(0), true),
        "{said}"
    );
}

#[tokio::test]
async fn shell_completion_knows_every_command() {
    for shell in ["bash", "zsh", "fish"] {
        let output = run(PROGRAM, &["completions", shell]).await;
        assert_eq!(output.status.code(), Some(0), "{shell}: {output:?}");
        let script = String::from_utf8(output.stdout).unwrap();
        for word in ["memobridge", "sandbox", "retry", "dry-run"] {
            assert!(script.contains(word), "{word} for {shell}");
        }
    }
}
