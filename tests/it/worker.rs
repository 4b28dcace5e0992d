//! How the worker shares its hands: among customers, among jobs, and with a dead ERP.

mod busy;
mod worker_fixture;

use std::time::Duration;

use ports::CancellationState;

use crate::worker::worker_fixture::{Erp, Firm, HOUR, LIMITS, SECOND, Shown};

#[test]
fn the_number_of_concurrent_jobs_per_customer_is_limited() {
    let firm = Firm::new(&[Erp::takes(10 * SECOND), Erp::takes(10 * SECOND)]);
    firm.play(async |firm| {
        for customer in 0..2 {
            firm.push_new(customer, 40).await;
        }
        firm.work(2);
        firm.sleep(4 * 60 * SECOND).await;
        for customer in 0..2 {
            let erp = &firm.erps[customer];
            assert_eq!(erp.most_at_once(), 2, "retailer {customer}");
            assert_eq!(firm.settled(customer).await, 40, "retailer {customer}");
        }
    });
}

#[test]
fn one_customers_backlog_and_erp_outage_do_not_delay_other_customers() {
    for dead in [Erp::down(Duration::ZERO), Erp::down(60 * SECOND)] {
        let firm = Firm::new(&[dead, Erp::takes(SECOND)]);
        firm.play(async |firm| {
            firm.push_retried(0, 300).await;
            firm.work(4);
            firm.sleep(5 * 60 * SECOND).await;
            firm.push_new(1, 20).await;
            firm.sleep(60 * SECOND).await;
            assert_eq!(firm.settled(1).await, 20);
            assert_eq!(firm.settled(0).await, 0);
        });
    }
}

#[test]
fn an_outage_of_a_day_parks_nothing_and_costs_no_attempt() {
    let firm = Firm::new(&[Erp::down(Duration::ZERO)]);
    firm.play(async |firm| {
        firm.push_new(0, 3).await;
        firm.work(4);
        firm.sleep(24 * HOUR).await;
        assert_eq!(
            firm.count(0, CancellationState::Deferred).await
                + firm.count(0, CancellationState::Working).await,
            3
        );
        assert_eq!(firm.most_attempts(), 0);
        firm.erps[0].comes_back();
        firm.sleep(60 * SECOND).await;
        assert_eq!(firm.settled(0).await, 3);
    });
}

#[test]
fn an_erp_that_is_down_does_not_cause_constant_attempts() {
    let firm = Firm::new(&[Erp::down(Duration::ZERO)]);
    firm.play(async |firm| {
        firm.push_new(0, 600).await;
        firm.work(4);
        firm.sleep(HOUR / 4).await;
        let looks = firm.deliveries();
        // Every job every 15 s were 36,000.
        assert!(looks < 15_000, "{looks} looks");
        let calls = firm.erps[0].calls();
        assert!(calls < 100, "{calls} calls");
    });
}

#[test]
fn new_jobs_come_before_retried_ones() {
    let firm = Firm::new(&[Erp::takes(10 * SECOND)]);
    firm.play(async |firm| {
        firm.push_retried(0, 200).await;
        firm.work(2);
        firm.sleep(60 * SECOND).await;
        firm.push_new(0, 1).await;
        let before = firm.erps[0].order_of_calls().len();
        firm.sleep(40 * SECOND).await;
        let newest = firm.newest();
        let place = firm.erps[0].order_of_calls().iter().position(|it| *it == newest);
        assert!(place.is_some_and(|it| it <= before + 2), "{place:?} after {before}");
    });
}

#[test]
fn retried_jobs_do_not_starve() {
    let firm = Firm::new(&[Erp::takes(10 * SECOND)]);
    firm.play(async |firm| {
        firm.push_retried(0, 30).await;
        firm.work(2);
        for _ in 0..200 {
            firm.push_new(0, 1).await;
            firm.sleep(3 * SECOND).await;
        }
        // 120 turns in that time: every fourth goes to one that was tried before.
        let retried = firm.settled_of_first(30).await;
        assert!(retried >= 20, "{retried}");
    });
}

#[test]
fn a_job_that_waits_for_a_permit_is_returned_when_the_service_stops() {
    let firm = Firm::new(&[Erp::takes(100 * SECOND)]);
    firm.play(async |firm| {
        firm.push_new(0, 2).await;
        firm.work(1);
        firm.sleep(5 * SECOND).await;
        let others = firm.jobs.receive(10, 5 * SECOND, Duration::ZERO).await.unwrap();
        assert_eq!(others.len(), 0, "all are in hand");
        firm.service.draining.cancel();
        firm.sleep(SECOND / 2).await;
        let others = firm.jobs.receive(10, 5 * SECOND, Duration::ZERO).await.unwrap();
        assert_eq!(others.len(), 1, "one runs, the other is given back");
        assert_eq!(others[0].job.attempts, 0);
    });
}

#[test]
fn an_order_that_causes_a_panic_waits_parks_at_the_deadline_and_blocks_no_other() {
    let firm = Firm::new(&[Erp::takes(SECOND)]);
    firm.play(async |firm| {
        firm.erps[0].panics_on("0c1f2e3d-0000-4000-8000-000000000000".parse().unwrap());
        firm.push_new(0, 6).await;
        firm.work(1);
        firm.sleep(worker_fixture::GIVE_UP_AFTER.saturating_sub(SECOND)).await;
        assert_eq!(firm.count(0, CancellationState::Posted).await, 5);
        assert_eq!(firm.count(0, CancellationState::Deferred).await, 1);
        firm.sleep(10 * SECOND).await;
        let records = firm.records(0).await;
        let parked = records.iter().find(|it| it.state == CancellationState::Parked).unwrap();
        assert_eq!(parked.reason.as_deref(), Some("internal-error"));
        assert!(parked.detail.as_deref().unwrap().ends_with("index out of bounds"));
    });
}

#[test]
fn a_wait_past_the_deadline_parks_with_its_reason() {
    let firm = Firm::new(&[Erp::takes(SECOND)]);
    firm.play(async |firm| {
        firm.shows(Shown::Nothing);
        firm.push_new(0, 1).await;
        firm.work(1);
        firm.sleep(worker_fixture::GIVE_UP_AFTER.saturating_sub(SECOND)).await;
        assert_eq!(firm.count(0, CancellationState::Parked).await, 0);
        firm.sleep(10 * SECOND).await;
        let [record] = &firm.records(0).await[..] else { panic!("one job") };
        assert_eq!(record.state, CancellationState::Parked);
        assert_eq!(record.reason.as_deref(), Some("order-not-visible"));
        let waits =
            u32::try_from(worker_fixture::GIVE_UP_AFTER.as_secs() / LIMITS.max_delay.as_secs());
        assert!(firm.most_attempts() <= 2 * waits.unwrap(), "{}", firm.most_attempts());
    });
}
