//! The comparison that the service makes by itself, by one of its replicas.

use std::time::Duration;

use jiff::Timestamp;
use ports::Clock;
use sandbox::netsuite::Operation;
use tests::{A, ITEMS, ORDER, Service, Settings, TestWorld, event, pair};

const DAY: Duration = Duration::from_hours(24);
const POLL: Duration = Duration::from_millis(10);

/// The storefront shows the order as changed now.
fn touch(world: &TestWorld) {
    let now = Timestamp::from_millisecond(world.clock.now().as_millis()).unwrap();
    let now = now.strftime("%Y-%m-%dT%H:%M:%S.000").to_string();
    world.tenant.edit(ORDER, |order| order["updatedAt"] = now.into());
}

/// What a gauge shows for the tenant at the replica that compared last.
async fn gauge(replicas: &[Service], name: &str) -> Option<u64> {
    let mut shown = Vec::new();
    for replica in replicas {
        let (_, text) = replica.get("/metrics").await;
        let value = |name: &str| {
            let start = format!("memobridge_reconcile_{name}{{tenant=\"dodici\"}} ");
            text.lines().find_map(|it| it.strip_prefix(&start)?.parse::<u64>().ok())
        };
        shown.push((value("last_run_timestamp_seconds"), value(name)));
    }
    shown.into_iter().max()?.1
}

/// Lets a day pass, and waits until the comparison that is due then was made.
async fn a_day_later(world: &TestWorld, replicas: &[Service]) {
    world.clock.advance(DAY);
    let today = u64::try_from(world.clock.now().as_millis() / 1000).unwrap();
    let made = async {
        while gauge(replicas, "last_run_timestamp_seconds").await < Some(today) {
            tokio::time::sleep(POLL).await;
        }
    };
    replicas[0].pass_time(made).await;
}

#[tokio::test]
async fn one_replica_compares_daily_and_repairs_missing_credits() {
    let settings = Settings { reconcile: "repair = true".to_owned(), ..Settings::default() };
    let world = TestWorld::with(&pair(), &settings).await;
    let replicas = [world.serve().await, world.serve().await];
    let service = &replicas[0];
    service.post(&event(&pair(), ITEMS, &[A])).await.is(200, "posted");
    let memo = world.account.memos().remove(0);

    // The order changes once more when its memo lies before the window already.
    a_day_later(&world, &replicas).await;
    a_day_later(&world, &replicas).await;
    touch(&world);
    let before = world.account.calls().of(Operation::Search);
    a_day_later(&world, &replicas).await;
    assert_eq!(gauge(&replicas, "missing").await, Some(0));
    assert_eq!(gauge(&replicas, "different").await, Some(0));

    touch(&world);
    world.account.delete(&memo.id);
    a_day_later(&world, &replicas).await;
    assert_eq!(gauge(&replicas, "missing").await, Some(1));
    let made_again = async {
        while world.account.memos().is_empty() {
            tokio::time::sleep(POLL).await;
        }
    };
    service.pass_time(made_again).await;
    world.has_memos(&["20.00"], "made again");
    assert_eq!(world.account.memos()[0].external_id, memo.external_id);

    touch(&world);
    a_day_later(&world, &replicas).await;
    assert_eq!(gauge(&replicas, "missing").await, Some(0));
    // Two searches for each of two tenants on each of three days, and a few for the one order that
    // got a full pass and was credited again. Two replicas would make twice as many.
    let searches = world.account.calls().of(Operation::Search) - before;
    assert!(searches < 2 * 12, "both replicas compared: {searches} searches");
    drop(replicas);
}
