//! Many deliveries at once, by one process or by several: each unit is credited once.

use ports::CancellationState;
use sandbox::netsuite::{Operation, Point};
use tests::{A, B, ITEMS, KEY, Settings, TestWorld, WHOLE, event, pair};

use super::post_while_the_erp_vanishes;

#[tokio::test]
async fn concurrent_deliveries_of_one_event_make_one_memo() {
    let world = TestWorld::with(&pair(), &Settings::default()).await;
    let replicas = [world.serve().await, world.serve().await];
    let event = event(&pair(), ITEMS, &[A]);
    let calls: Vec<_> = (0..20).map(|it| replicas[it % 2].post_beside(&event)).collect();
    let mut answers = Vec::new();
    for call in calls {
        answers.push(call.await.unwrap());
    }
    for answer in &answers {
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    let posted = answers.iter().filter(|answer| answer.outcome == "posted").count();
    assert_eq!(posted, 1, "{answers:?}");
    replicas[0].until(&answers[0], CancellationState::Posted).await;
    world.has_memos(&["20.00"], "after twenty deliveries");
    let record = world.book().record(answers[0].id.as_ref().unwrap()).await.unwrap();
    assert_eq!(record.deliveries, 20, "{record:?}");
}

#[tokio::test]
async fn concurrent_overlapping_events_credit_each_unit_once() {
    let sale = pair().cancelled(&[B]).refunded("credit_card", "30.00");
    let world = TestWorld::with(&sale, &Settings::default()).await;
    let replicas = [world.serve().await, world.serve().await];
    let events = [
        event(&sale, ITEMS, &[A]),
        event(&sale, WHOLE, &[A, B]),
        event(&sale, ITEMS, &[B]),
        event(&sale, ITEMS, &[A, B]),
    ];
    let calls: Vec<_> = (0..16).map(|it| replicas[it % 2].post_beside(&events[it / 4])).collect();
    for call in calls {
        let answer = call.await.unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
        replicas[0].until(&answer, CancellationState::Posted).await;
    }
    let memos = world.account.memos();
    let total: rust_decimal::Decimal = memos.iter().map(|memo| memo.total).sum();
    assert_eq!(total.to_string(), "50.00", "{memos:?}");
    let states = world.book().states().await;
    assert_eq!(states.len(), events.len(), "{states:?}");
}

#[tokio::test]
async fn an_unfinished_memo_of_another_event_is_finished_first() {
    let sale = pair().cancelled(&[B]).refunded("credit_card", "30.00");
    for point in [Point::BeforeCommit, Point::AfterCommit] {
        let world = TestWorld::with(&sale, &Settings::default()).await;
        let service = world.serve().await;
        let event_of_a = event(&sale, ITEMS, &[A]);
        let first =
            post_while_the_erp_vanishes(&world, &service, &event_of_a, (Operation::Add, point))
                .await;
        first.is(500, "unavailable");
        let second = service.post(&event(&sale, WHOLE, &[A, B])).await;
        second.is(200, "posted");
        world.has_memos(&["20.00", "30.00"], &format!("{point:?}"));
        let again = service.post(&event_of_a).await;
        again.is(200, "already-posted");
        world.has_memos(&["20.00", "30.00"], &format!("{point:?}, delivered again"));
    }
}

#[tokio::test]
async fn all_listed_keys_are_accepted_during_rotation() {
    let world = TestWorld::with(&pair(), &Settings::default()).await;
    let text = std::fs::read_to_string(world.config()).unwrap();
    let rotated = text.replace(&format!("[\"{KEY}\"]"), &format!("[\"the next key\", \"{KEY}\"]"));
    assert_ne!(text, rotated);
    std::fs::write(world.config(), rotated).unwrap();
    let service = world.serve().await;
    for (key, status) in [("the next key", 200), (KEY, 200), ("the key before", 401)] {
        let url = format!("http://{}/newstore/events", service.address);
        let body = event(&pair(), ITEMS, &[A]).to_string();
        let response = world.http.post(url).bearer_auth(key).body(body).send().await.unwrap();
        assert_eq!(response.status().as_u16(), status, "{key}");
    }
    world.has_memos(&["20.00"], "after all keys");
}
