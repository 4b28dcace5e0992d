//! Jobs of one order run one after the other, and wait for that without an attempt, a permit or a
//! query.

use std::time::Duration;

use ports::{LeaseToken, OrderLease};

use super::worker_fixture::{Erp, Firm, LONG, SECOND};

/// Three calls of 0.25 s, as one event costs.
const EVENT: Duration = Duration::from_millis(750);

#[test]
fn sixty_events_of_one_order_need_only_the_time_of_their_calls() {
    let firm = Firm::new(&[Erp::takes(EVENT)]);
    firm.play(async |firm| {
        firm.push_long_order().await;
        firm.work(4);
        // 60 x 0.75 s are 45 s.
        firm.sleep(50 * SECOND).await;
        assert_eq!(firm.settled(0).await, LONG);
        assert_eq!(firm.erps[0].calls(), LONG, "none is tried in vain");
        assert_eq!(firm.erps[0].most_at_once(), 1);
        assert_eq!(firm.most_attempts(), 0, "waiting for the order costs no attempt");
        assert!(firm.deliveries() < 4 * LONG, "{} deliveries", firm.deliveries());
    });
}

#[test]
fn a_busy_order_leaves_the_permits_to_others() {
    let firm = Firm::new(&[Erp::takes(EVENT), Erp::takes(EVENT)]);
    firm.play(async |firm| {
        firm.push_long_order().await;
        firm.work(4);
        firm.sleep(2 * SECOND).await;
        firm.push_new(0, 12).await;
        firm.push_new(1, 12).await;
        // Three turns are left for twelve events of 0.75 s: 3 s, and a second look.
        firm.sleep(10 * SECOND).await;
        assert!(firm.settled(0).await - 12 >= 12, "{}", firm.settled(0).await);
        assert_eq!(firm.settled(1).await, 12);
    });
}

#[test]
fn an_order_leased_by_another_process_is_tried_when_it_is_free() {
    let firm = Firm::new(&[Erp::takes(EVENT)]);
    firm.play(async |firm| {
        firm.push_new(0, 1).await;
        let journal = &firm.service.context.journal;
        let (clock, token) = (&firm.service.context.clock, LeaseToken("elsewhere".to_owned()));
        let tenant = firm.service.customers.keys().next().unwrap();
        let lease = Duration::from_mins(5);
        let held = journal.acquire(tenant, &firm.newest(), &token, clock.now(), lease).await;
        assert_eq!(held.unwrap(), OrderLease::Held);
        firm.work(4);
        firm.sleep(lease).await;
        assert_eq!(firm.settled(0).await, 0);
        assert!(firm.deliveries() <= 301, "{} deliveries", firm.deliveries());
        firm.sleep(3 * SECOND).await;
        assert_eq!(firm.settled(0).await, 1);
        assert_eq!(firm.most_attempts(), 0);
        let [record] = &firm.records(0).await[..] else { panic!("one job") };
        assert!(record.history.len() < 5, "{:#?}", record.history);
    });
}
