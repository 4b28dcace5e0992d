//! A thousand cancellations, of which a dozen went wrong in the ERP afterwards.

use std::time::Duration;

use ports::{CancellationState, Query};
use rust_decimal::Decimal;
use sandbox::sale::{Billing, Sale, Unit};
use tests::{ITEMS, Settings, TestWorld, event, paid};
use tokio::task::JoinSet;

use super::{again, compare, each, totals};
use crate::crash::PROGRAM;

const ORDERS: usize = 1000;
/// Events under way at once.
const AT_ONCE: usize = 32;
/// Real time after which a wait has failed.
const TIMEOUT: Duration = Duration::from_mins(2);
const POLL: Duration = Duration::from_millis(250);

fn unit(number: usize) -> String {
    format!("dc333267-856c-421a-ac7a-{number:012}")
}

fn sale(number: usize) -> Sale {
    let order = format!("9f4e8ffc-c79c-5839-b1b7-{number:012}");
    Sale::new(&order, &format!("TEST-{number}"))
        .unit(Unit::new(&unit(number), "10000", "20.00"))
        .paid(paid("20.00"))
        .cancelled(&[&unit(number)])
        .refunded("credit_card", "20.00")
}

async fn world() -> TestWorld {
    let settings = Settings {
        intake: "queued".to_owned(),
        worker: "concurrency = 32\nfirst_delay = \"100ms\"".to_owned(),
        erp: "concurrency = 16".to_owned(),
        ..Settings::default()
    };
    let world = TestWorld::new(&settings).await;
    world.account.concurrency_limit(64);
    for number in 0..ORDERS {
        let _ = world.install(&sale(number), &Billing::OneInvoice);
    }
    world
}

async fn post_all(world: &TestWorld, address: std::net::SocketAddr) {
    let mut under_way = JoinSet::new();
    for number in 0..ORDERS {
        let (http, sale) = (world.http.clone(), sale(number));
        under_way.spawn(async move {
            let event = event(&sale, ITEMS, &[&unit(number)]);
            tests::post(&http, address, &event).await.unwrap().is(200, "accepted");
        });
        if under_way.len() >= AT_ONCE {
            under_way.join_next().await.unwrap().unwrap();
        }
    }
    under_way.join_all().await;
}

/// Waits until there are so many memos, and every cancellation is posted.
async fn settles(world: &TestWorld, memos: usize) {
    let journal = world.book().open().await;
    let settled = async {
        while world.account.memos().len() < memos {
            tokio::time::sleep(POLL).await;
        }
        let posted =
            Query { state: Some(CancellationState::Posted), limit: 2 * ORDERS, ..Query::default() };
        while journal.find(&posted).await.unwrap().len() < ORDERS {
            tokio::time::sleep(POLL).await;
        }
    };
    tokio::time::timeout(TIMEOUT, settled).await.expect("everything is posted in the end");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dozen_differences_among_a_thousand_orders_are_found_and_repaired() {
    let world = world().await;
    let process = world.spawn(PROGRAM).await;
    post_all(&world, process.address).await;
    settles(&world, ORDERS).await;
    let (code, report) = compare(&world, &[]).await;
    assert_eq!((code, totals(&report).len()), (Some(0), 0), "{report}");
    assert_eq!((&report["units"], &report["memos"]), (&ORDERS.into(), &ORDERS.into()));

    let memos = world.account.memos();
    let mut deleted: Vec<_> =
        memos.iter().step_by(150).take(7).map(|memo| memo.id.as_str()).collect();
    let doubled = memos.iter().skip(1).step_by(400).take(2);
    let doubled: Vec<_> = doubled.map(|it| world.account.add(again(it))).collect();
    let changed = memos.iter().skip(2).step_by(300).take(3).map(|memo| memo.id.as_str());
    let changed: Vec<_> = changed.collect();
    for id in &deleted {
        world.account.delete(id);
    }
    for (id, cents) in changed.iter().zip([1, -250, 10_000]) {
        world.account.edit(id, |it| it.total += Decimal::new(cents, 2));
    }

    let (code, report) = compare(&world, &[]).await;
    assert_eq!(code, Some(1));
    let found = ["different 3 102.51", "doubled 2 40.00", "missing 7 140.00"];
    assert_eq!(totals(&report), found, "{report}");
    deleted.sort_unstable();
    assert_eq!(each(&report, "missing", "record"), deleted);
    assert_eq!(each(&report, "doubled", "record"), doubled);
    assert_eq!(each(&report, "different", "record"), changed);

    let (code, report) = compare(&world, &["--repair"]).await;
    assert_eq!((code, &report["queued"]), (Some(1), &7.into()));
    settles(&world, ORDERS + 2).await;
    assert_eq!(world.account.memos().len(), ORDERS + 2);
    let (code, report) = compare(&world, &["--repair"]).await;
    assert_eq!((code, &report["queued"]), (Some(1), &0.into()));
    assert_eq!(totals(&report), ["different 3 102.51", "doubled 2 40.00"], "{report}");
    process.kill().await;
}
