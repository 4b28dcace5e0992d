//! Secrets and personal data, planted in every place where a system may return them, appear
//! nowhere.

use rusqlite::{Connection, types::ValueRef};
use sandbox::{
    netsuite::{Credentials, Fault, Kind, Operation, Rule},
    newstore,
    sale::{Billing, Sale},
};
use serde_json::{Value, json};
use tests::{
    A, Answer, ITEMS, Process, Settings, TestWorld, event, run,
    secrets::{ADDRESS, CLIENT_SECRET, EMAIL, NAME, assert_none},
};
use wiremock::ResponseTemplate;

use super::{another, collector::Collector, ends_well};
use crate::crash::PROGRAM;

/// An event that says more than we read.
fn talkative(sale: &Sale) -> Value {
    let person = json!({ "name": NAME, "email": EMAIL, "address": { "line_1": ADDRESS } });
    let mut event = event(sale, ITEMS, &[A]);
    event["requested_by"] = EMAIL.into();
    event["payload"]["customer"] = person.clone();
    event["payload"]["shipping_address"] = person.clone();
    event["payload"]["items"][0]["recipient"] = person;
    event
}

/// Answers, logs and command output are checked wherever a test reads them.
async fn post(world: &TestWorld, process: &Process, nth: u32) -> Answer {
    tests::post(&world.http, process.address, &talkative(&another(nth))).await.unwrap()
}

/// Systems that know the customer, and answer with more than they were asked.
async fn talkative_world(settings: &Settings) -> TestWorld {
    let world = TestWorld::new(settings).await;
    for nth in 0..=8 {
        world.install(&another(nth), &Billing::OneInvoice);
        world.tenant.edit(&another(nth).order, |it| {
            it["customerEmail"] = EMAIL.into();
            it["customerName"] = NAME.into();
            it["shippingAddress"] = json!({ "firstName": NAME, "addressLine1": ADDRESS });
        });
    }
    for kind in [Kind::SalesOrder, Kind::Invoice] {
        for record in world.account.of_kind(kind) {
            let about = format!("for {NAME}, {ADDRESS}, {EMAIL}");
            world.account.edit(&record.id, |it| it.memo = Some(about));
        }
    }
    world
}

/// What NewStore says when something is wrong, with all in it that it knows, and why that
/// defers an event.
fn of_newstore() -> [(newstore::Fault, &'static str); 4] {
    let json = |status, body: &Value| newstore::Fault::json(status, &body.to_string());
    let nobody = json!({
        "data": { "order": null, "customer": { "name": NAME, "email": EMAIL } },
        "extensions": { "requestedBy": EMAIL, "address": ADDRESS },
    });
    let refused = json!({ "error": "unauthorized_client", "detail": CLIENT_SECRET });
    let silent = "storefront-unavailable";
    [
        (json(200, &nobody), "order-not-visible"),
        (newstore::Fault::GraphqlErrors(format!("order of {EMAIL}")), silent),
        (json(500, &json!({ "message": format!("no answer for {EMAIL}") })), silent),
        (json(401, &refused), silent),
    ]
}

/// The same of the ERP, and what is answered then.
fn of_the_erp() -> [(Rule, u16, &'static str); 4] {
    let Credentials { consumer_key, consumer_secret, token_id, token_secret, .. } =
        Credentials::example();
    let echo = format!(
        "login of {consumer_key} {consumer_secret} {token_id} {token_secret} for {EMAIL} refused"
    );
    let fault = |element, code| Rule::from(Fault::soap(element, code, &echo));
    let refusal = Fault::refusal("USER_ERROR", &format!("Invalid email address {EMAIL}. {echo}"));
    [
        (refusal.on(Operation::Add), 200, "erp-refused"),
        (fault("unexpectedErrorFault", "UNEXPECTED_ERROR"), 500, "erp-unavailable"),
        (fault("insufficientPermissionFault", "INSUFFICIENT_PERMISSION"), 500, "erp-permission"),
        (fault("invalidCredentialsFault", "INVALID_LOGIN"), 500, "erp-credentials"),
    ]
}

/// Every value of every table.
fn contents(file: &std::path::Path) -> String {
    let db = Connection::open(file).unwrap();
    let mut names = db.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").unwrap();
    let names = names.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let mut text = String::new();
    for name in names {
        let mut all = db.prepare(&format!("SELECT * FROM \"{}\"", name.unwrap())).unwrap();
        let columns = all.column_count();
        let mut rows = all.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            for column in 0..columns {
                if let ValueRef::Text(value) | ValueRef::Blob(value) = row.get_ref(column).unwrap()
                {
                    text.push_str(&String::from_utf8_lossy(value));
                    text.push('\n');
                }
            }
        }
    }
    text
}

#[tokio::test]
async fn personal_data_and_keys_never_leave_the_service() {
    let collector = Collector::answering(ResponseTemplate::new(200)).await;
    // What waits is left alone: each trouble comes once.
    let settings = Settings { worker: "first_delay = \"10m\"".to_owned(), ..collector.settings() };
    let world = talkative_world(&settings).await;
    let process = world.spawn(PROGRAM).await;
    let mut answers = vec![post(&world, &process, 0).await];
    answers[0].is(200, "posted");
    for (nth, (fault, reason)) in (1..).zip(of_newstore()) {
        world.tenant.fault(fault);
        let answer = post(&world, &process, nth).await;
        answer.is(200, "deferred").because(reason);
        answers.push(answer);
    }
    world.tenant.fault(newstore::Fault::None);
    ends_well(process).await;
    for (nth, (fault, status, reason)) in (5..).zip(of_the_erp()) {
        // A start closes the breaker.
        let process = world.spawn(PROGRAM).await;
        world.account.fault(fault);
        let answer = post(&world, &process, nth).await;
        assert_eq!(answer.status, status, "{answer:?}");
        answer.because(reason);
        answers.push(answer);
        let metrics = world.http.get(format!("http://{}/metrics", process.address)).send().await;
        assert_none("/metrics", &metrics.unwrap().text().await.unwrap());
        ends_well(process).await;
        let config = world.config();
        drop(run(PROGRAM, &["doctor", "--config", config.to_str().unwrap()]).await);
        world.account.clear_faults();
    }
    look_at_all(&world, &answers).await;
    let spans = format!("{:?}", collector.received().await);
    assert!(spans.contains("ledger.post"), "there are traces: {spans}");
    assert_none("a trace", &spans);
}

/// Whatever the service keeps, and says of it when it is asked.
async fn look_at_all(world: &TestWorld, answers: &[Answer]) {
    let config = world.config();
    let config = config.to_str().unwrap();
    for json in [&[][..], &["--json"]] {
        let list = [&["list", "--config", config], json].concat();
        assert_eq!(run(PROGRAM, &list).await.status.code(), Some(0));
        for id in answers.iter().filter_map(|answer| answer.id.as_deref()) {
            let show = [&["show", id, "--config", config], json].concat();
            assert_eq!(run(PROGRAM, &show).await.status.code(), Some(0));
        }
    }
    let journal = contents(&world.book().journal);
    assert!(journal.contains("USER_ERROR"), "the ERP's words are in the journal: {journal}");
    assert_none("the journal", &journal);
    assert_none("the queue", &contents(&world.book().queue));
    for memo in world.account.memos() {
        assert_none("a memo", &format!("{memo:?}"));
    }
}
