//! The commands for people, through the program: find what is parked, see why, mend it, retry.

use ports::State;
use sandbox::sale::{Payment, Sale, Unit};
use serde_json::Value;
use tests::{A, B, ITEMS, ORDER, Settings, World, event, run};

use crate::crash::PROGRAM;

/// What a command says, and how it ends.
pub(crate) async fn command(world: &World, arguments: &[&str]) -> (Option<i32>, String) {
    let config = world.config();
    let mut all = vec![arguments[0], "--config", config.to_str().unwrap()];
    all.extend(&arguments[1..]);
    let output = run(PROGRAM, &all).await;
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
async fn a_parked_cancellation_is_found_understood_mended_and_posted() {
    let sale = Sale::new(ORDER, "TEST-1821")
        .unit(Unit::new(A, "10000", "20.00"))
        .unit(Unit::new(B, "10001", "30.00"))
        .paid(Payment::captured("sezzle", "sezzle", "50.00"))
        .cancelled(&[A])
        .refunded("sezzle", "20.00");
    let world = World::with(&sale, &with_items("cash = \"91235\"")).await;
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
    for words in ["payment_items has no entry for sezzle.sezzle.usd", "what to do: add", A] {
        assert!(said.contains(words), "{words} in {said}");
    }
    let (_, said) =
        command(&world, &["retry", "--state", "parked", "--reason", "unmapped", "--dry-run"]).await;
    assert!(said.contains("1 would be tried again"), "{said}");

    process.signal("TERM").await;
    process.ended().await;
    world.configure(&with_items("sezzle = { usd = \"91291\" }"));
    let process = world.spawn(PROGRAM).await;
    let (code, said) = command(&world, &["retry", &id]).await;
    assert_eq!(code, Some(0), "{said}");
    world.book().becomes(State::Posted, "after the retry").await;
    world.has_memos(&["0.00"], "after the retry");
    let (_, said) = command(&world, &["show", &id]).await;
    for words in ["parked: unmapped", "the deadline starts anew", "nst-cm-"] {
        assert!(said.contains(words), "{words} in {said}");
    }
    let (code, said) = command(&world, &["retry", &id]).await;
    assert_eq!(code, Some(1), "{said}");
    process.kill().await;
}

#[tokio::test]
async fn commands_say_what_is_not_there() {
    let world = World::new(&Settings::default()).await;
    let table: [(&[&str], i32, &str); 4] = [
        (&["list"], 1, "there is no journal"),
        (&["show", "can-0123456789abcdef0123"], 1, "there is no journal"),
        (&["retry"], 2, "required"),
        (&["submit", "nowhere.json"], 1, "cannot read nowhere.json"),
    ];
    for (arguments, expected, words) in table {
        let (code, said) = command(&world, arguments).await;
        assert_eq!(code, Some(expected), "{arguments:?}: {said}");
        assert!(said.contains(words), "{words} in {said}");
    }
    let (code, said) = command(&world, &["check"]).await;
    assert_eq!(
        (code, said.contains("is fine: customers dodici, seconda")),
        (Some(0), true),
        "{said}"
    );
}
