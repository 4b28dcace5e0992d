//! The service on a journal in PostgreSQL, through the program.

use std::fs;

use ports::CancellationState;
use sandbox::netsuite::{Operation, Point};
use serde_json::Value;
use tests::{A, B, ITEMS, Postgres, Process, Settings, TestWorld, WHOLE, event, pair};

use crate::{
    commands::command,
    crash::{Afterwards, PROGRAM, quick, recovers},
};

async fn with_database(server: &Postgres) -> (TestWorld, String) {
    let database = server.database().await;
    let settings = Settings { database: database.clone(), ..quick() };
    (TestWorld::with(&pair(), &settings).await, database)
}

async fn post(world: &TestWorld, process: &Process, event: &Value) -> tests::Answer {
    tests::post(&world.http, process.address, event).await.unwrap()
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn an_event_is_posted_once_and_commands_work_at_the_same_time() {
    let (world, _) = with_database(Postgres::shared().await).await;
    for arguments in [&["list"][..], &["retry", "can-0123456789abcdef0123"]] {
        let (code, said) = command(&world, arguments).await;
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("there is no journal in the database"), "{said}");
    }
    let process = world.spawn(PROGRAM).await;
    let ours = event(&pair(), ITEMS, &[A]);
    let posted = post(&world, &process, &ours).await;
    posted.is(200, "posted");
    post(&world, &process, &ours).await.is(200, "already-posted");
    // B is not cancelled: its event waits.
    let waiting = post(&world, &process, &event(&pair(), ITEMS, &[B])).await;
    waiting.is(200, "deferred").because("unit-not-cancelled-yet");
    world.has_memos(&["20.00"], "posted once");

    let (posted, waiting) = (posted.id.unwrap(), waiting.id.unwrap());
    let file = world.config().with_file_name("event.json");
    fs::write(&file, ours.to_string()).unwrap();
    // command, exit code, words
    let table: [(&[&str], i32, &[&str]); 6] = [
        (&["list"], 0, &[&posted, &waiting, "unit-not-cancelled-yet"]),
        (&["list", "--state", "posted", "--json"], 0, &[&posted, "\"deliveries\":2"]),
        (&["show", &posted], 0, &["received order.items_cancelled", "claimed nst-cm-", A]),
        (&["retry", &posted], 1, &["there is nothing to retry"]),
        (&["retry", &waiting], 0, &["is requeued"]),
        (&["submit", file.to_str().unwrap()], 0, &["already-posted"]),
    ];
    for (arguments, expected, words) in table {
        let (code, said) = command(&world, arguments).await;
        assert_eq!(code, Some(expected), "{arguments:?}: {said}");
        assert!(words.iter().all(|word| said.contains(word)), "{words:?} in {said}");
    }
    let (_, said) = command(&world, &["show", &waiting]).await;
    assert!(said.contains("the deadline restarts"), "{said}");
    process.kill().await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn two_services_on_one_database_make_one_memo() {
    let (world, _) = with_database(Postgres::shared().await).await;
    let (first, second) = (world.spawn(PROGRAM).await, world.spawn(PROGRAM).await);
    let (items, whole) = (event(&pair(), ITEMS, &[A]), event(&pair(), WHOLE, &[A]));
    let answers = tokio::join!(
        post(&world, &first, &items),
        post(&world, &second, &items),
        post(&world, &first, &whole),
        post(&world, &second, &whole),
    );
    for answer in <[_; 4]>::from(answers) {
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    world.book().becomes(CancellationState::Posted, "after four deliveries at two services").await;
    world.has_memos(&["20.00"], "after four deliveries at two services");
    for (process, event) in [(&second, &items), (&first, &whole)] {
        post(&world, process, event).await.is(200, "already-posted");
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn work_of_a_killed_service_is_finished_by_another() {
    let (world, _) = with_database(Postgres::shared().await).await;
    let process = world.spawn(PROGRAM).await;
    let hold = world.account.hold(Operation::Add, Point::AfterCommit);
    let (http, address) = (world.http.clone(), process.address);
    tokio::spawn(async move { tests::post(&http, address, &event(&pair(), ITEMS, &[A])).await });
    hold.reached().await;
    process.kill().await;
    hold.release();
    recovers(&world, &["20.00"], "after the ERP saved", Afterwards::LeftAlone).await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn without_its_database_the_service_answers_500_and_recovers() {
    let server = Postgres::start().await;
    let (world, _) = with_database(&server).await;
    let process = world.spawn(PROGRAM).await;
    let ready = format!("http://{}/health/ready", process.address);
    server.kill().await;
    let answer = post(&world, &process, &event(&pair(), ITEMS, &[A])).await;
    answer.is(500, "unavailable").because("journal-unavailable");
    let told = world.http.get(&ready).send().await.unwrap();
    assert_eq!(told.status().as_u16(), 503);
    server.start_again().await;
    assert_eq!(world.http.get(&ready).send().await.unwrap().status().as_u16(), 200);
    post(&world, &process, &event(&pair(), ITEMS, &[A])).await.is(200, "posted");
    world.has_memos(&["20.00"], "after the database came back");
    process.kill().await;
}
