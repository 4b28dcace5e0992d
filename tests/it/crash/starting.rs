//! Starts that go wrong say why, and with which exit code.

use std::{fs, net::TcpListener, time::Duration};

use sandbox::netsuite::{Access, Denial, Kind};
use tests::{A, ITEMS, Process, Settings, TestWorld, event, pair, run};

use super::PROGRAM;

struct Ended {
    code: Option<i32>,
    said: String,
}

async fn serve(world: &TestWorld) -> Ended {
    let config = world.config();
    let output = run(PROGRAM, &["serve", "--config", config.to_str().unwrap()]).await;
    let said = String::from_utf8(output.stderr).unwrap();
    Ended { code: output.status.code(), said }
}

#[tokio::test]
async fn a_wrong_configuration_exits_with_2_and_names_each_line() {
    let policy = "tolerance = \"much\"\nseltlement = \"apply\"";
    let world = TestWorld::new(&Settings::policy(policy)).await;
    let text = fs::read_to_string(world.config()).unwrap();
    let Ended { code, said } = serve(&world).await;
    assert_eq!(code, Some(2), "{said}");
    for (key, problem) in [("tolerance", "must be an amount"), ("seltlement", "settlement?")] {
        let line = 1 + text.lines().position(|it| it.starts_with(key)).unwrap();
        let place = format!("memobridge.toml:{line}: customer.policy.{key}");
        let told = said.lines().find(|it| it.contains(&place));
        assert!(told.is_some_and(|it| it.contains(problem)), "{place} in {said}");
    }
}

#[tokio::test]
async fn a_missing_configuration_exits_with_2_and_names_the_file() {
    let world = TestWorld::new(&Settings::default()).await;
    fs::remove_file(world.config()).unwrap();
    let Ended { code, said } = serve(&world).await;
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("memobridge.toml"), "{said}");
}

#[tokio::test]
async fn an_unwritable_journal_exits_with_1_and_names_the_path() {
    let journal = "memobridge.toml/journal.db".to_owned();
    let world = TestWorld::new(&Settings { journal, ..Settings::default() }).await;
    let Ended { code, said } = serve(&world).await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("memobridge.toml/journal.db"), "{said}");
}

#[tokio::test]
async fn a_port_in_use_exits_with_1_and_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap().to_string();
    let world = TestWorld::new(&Settings { listen: listen.clone(), ..Settings::default() }).await;
    let Ended { code, said } = serve(&world).await;
    assert_eq!(code, Some(1), "{said}");
    for words in [listen.as_str(), "server.listen", "in use"] {
        assert!(said.contains(words), "{words:?} in {said}");
    }
}

#[tokio::test]
async fn events_that_newstore_never_sent_again_are_counted_at_start() {
    let worker = "give_up_after = \"1ms\"".to_owned();
    let world = TestWorld::with(&pair(), &Settings { worker, ..Settings::default() }).await;
    world.account.refuse_connections().await;
    let process = world.spawn(PROGRAM).await;
    let answer = tests::post(&world.http, process.address, &event(&pair(), ITEMS, &[A])).await;
    answer.unwrap().is(500, "unavailable");
    process.kill().await;
    let process = world.spawn(PROGRAM).await;
    metrics_show(&world, &process, "memobridge_cancellations_stalled 1").await;
}

#[tokio::test]
async fn a_permission_missing_at_start_is_reported_before_the_first_event() {
    let world = TestWorld::with(&pair(), &Settings::default()).await;
    world.account.deny(Denial { kind: Kind::CreditMemo, access: Access::View });
    let mut process = world.spawn(PROGRAM).await;
    let line = r#"memobridge_circuit_breaker_open{tenant="dodici",cause="permission"} 1"#;
    metrics_show(&world, &process, line).await;
    let line = r#"memobridge_circuit_breaker_open{tenant="dodici",cause="credentials"} 0"#;
    metrics_show(&world, &process, line).await;
    process.logged("Suspended calls to the ERP of dodici until it works: permission").await;
}

/// Waits for a line of the metrics.
async fn metrics_show(world: &TestWorld, process: &Process, line: &str) {
    let url = format!("http://{}/metrics", process.address);
    let shown = async {
        loop {
            let text = world.http.get(&url).send().await.unwrap().text().await.unwrap();
            if text.lines().any(|it| it == line) {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    let ended = tokio::time::timeout(Duration::from_secs(20), shown).await;
    assert!(ended.is_ok(), "no {line}: {}", process.log());
}

#[tokio::test]
async fn a_call_without_a_command_exits_with_2() {
    let output = run(PROGRAM, &[]).await;
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}
