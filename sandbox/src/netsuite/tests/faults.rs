//! Scripted faults, holds, slots, and refused connections.

use std::time::Duration;

use super::*;

#[tokio::test]
async fn a_lost_reply_hides_a_committed_write() {
    let (bench, booked) = Bench::with_a_sale().await;
    let body = format!("<m:add>{}</m:add>", memo("key-1", &booked.invoices[0]));
    bench.account.fault(Fault::LoseReply.on(Operation::Add).times(1));
    let xml = envelope(&bench.passport(), &body);
    let lost = bench.send("add", &xml).await.unwrap_err();
    assert!(!lost.is_connect() && !lost.is_timeout(), "{lost:?}");
    assert_eq!(bench.account.memos().len(), 1);
    assert_has(&bench.call("add", &body).await.1, &["DUP_RCRD"]);
    assert_has(&bench.get("creditMemo", "externalId=\"key-1\"").await, &["isSuccess=\"true\""]);
}

#[tokio::test]
async fn a_refused_connection_has_done_nothing() {
    let (bench, booked) = Bench::with_a_sale().await;
    let body = format!("<m:add>{}</m:add>", memo("key-1", &booked.invoices[0]));
    bench.account.fault(Fault::Down.on(Operation::Add));
    let xml = envelope(&bench.passport(), &body);
    assert!(bench.send("add", &xml).await.is_err());
    assert!(bench.account.memos().is_empty());
    bench.account.clear_faults();
    assert_has(&bench.call("add", &body).await.1, &["isSuccess=\"true\""]);
}

#[tokio::test]
async fn faults_answer_as_they_were_scripted() {
    let html = || Fault::Html { status: 503, body: "<html>down</html>".into() };
    let table = [
        (Fault::throttled(), 500, "exceededConcurrentRequestLimitFault", 0),
        (Fault::maintenance(), 500, "ACCT_TEMP_UNAVAILABLE", 0),
        (Fault::unexpected(), 500, "unexpectedErrorFault", 0),
        (Fault::invalid_login(), 500, "invalidCredentialsFault", 0),
        (
            Fault::soap("invalidCredentialsFault", "UNEXPECTED_ERROR", "x"),
            500,
            "UNEXPECTED_ERROR",
            0,
        ),
        (Fault::refusal("RCRD_HAS_BEEN_CHANGED", "x"), 200, "RCRD_HAS_BEEN_CHANGED", 0),
        (html(), 503, "<html>down", 0),
        (Fault::AfterSubmitFailed, 200, "afterSubmitFailed>true<", 1),
        (Fault::Warning, 200, "type=\"WARN\"", 1),
        (Fault::Empty, 200, "", 1),
        (Fault::Truncate, 200, "<?xml", 1),
        (Fault::Slow(Duration::from_millis(1)), 200, "isSuccess=\"true\"", 1),
    ];
    for (fault, status, part, memos) in table {
        let (bench, booked) = Bench::with_a_sale().await;
        bench.account.fault(fault.clone().times(1));
        let body = format!("<m:add>{}</m:add>", memo("key-1", &booked.invoices[0]));
        let (got, answer) = bench.call("add", &body).await;
        assert_eq!(got, status, "{fault:?}: {answer}");
        assert!(answer.contains(part), "{fault:?}: {answer}");
        assert_eq!(bench.account.memos().len(), memos, "{fault:?}");
        assert_eq!(
            answer.contains("</soapenv:Envelope>"),
            !matches!(fault, Fault::Truncate | Fault::Empty | Fault::Html { .. }),
            "{fault:?}"
        );
        let (_, answer) = bench.call("getServerTime", "<m:getServerTime/>").await;
        assert!(answer.contains("isSuccess=\"true\""), "{fault:?} lasted: {answer}");
    }
}

#[tokio::test]
async fn a_fault_after_the_commit_hides_a_committed_write() {
    let html = Fault::Html { status: 503, body: "<html>down</html>".into() };
    let table = [
        (Fault::throttled(), 500, "exceededConcurrentRequestLimitFault"),
        (Fault::unexpected(), 500, "unexpectedErrorFault"),
        (Fault::refusal("RCRD_HAS_BEEN_CHANGED", "x"), 200, "RCRD_HAS_BEEN_CHANGED"),
        (html, 503, "<html>down"),
    ];
    for (fault, status, part) in table {
        let (bench, booked) = Bench::with_a_sale().await;
        bench.account.fault(fault.clone().at(Point::AfterCommit).on(Operation::Add).times(1));
        let body = format!("<m:add>{}</m:add>", memo("key-1", &booked.invoices[0]));
        let (got, answer) = bench.call("add", &body).await;
        assert_eq!(got, status, "{fault:?}: {answer}");
        assert!(answer.contains(part), "{fault:?}: {answer}");
        assert_eq!(bench.account.memos().len(), 1, "{fault:?}");
    }
    let (bench, booked) = Bench::with_a_sale().await;
    bench.account.fault(Fault::Down.at(Point::AfterCommit));
    let body = format!("<m:add>{}</m:add>", memo("key-1", &booked.invoices[0]));
    assert!(bench.send("add", &envelope(&bench.passport(), &body)).await.is_err());
    assert_eq!(bench.account.memos().len(), 1);
}

#[tokio::test]
async fn fault_rules_apply_to_their_operation_within_their_bounds() {
    let bench = Bench::new().await;
    bench.account.fault(Fault::throttled().on(Operation::GetServerTime).after(1).times(2));
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(bench.call("getServerTime", "<m:getServerTime/>").await.0);
    }
    assert_eq!(statuses, [200, 500, 500, 200]);
    assert_eq!(bench.account.calls().of(Operation::GetServerTime), 4);
    assert_eq!(bench.account.calls().total(), 4);
}

#[tokio::test]
async fn a_held_call_is_on_one_side_of_its_commit_and_survives_its_caller() {
    let table = [(Point::BeforeCommit, 0), (Point::AfterCommit, 1)];
    for (point, memos) in table {
        let (bench, booked) = Bench::with_a_sale().await;
        let body = format!("<m:add>{}</m:add>", memo("key-1", &booked.invoices[0]));
        let hold = bench.account.hold(Operation::Add, point);
        {
            let call = bench.call("add", &body);
            tokio::pin!(call);
            tokio::select! {
                () = hold.reached() => {}
                answer = &mut call => panic!("{point:?}: not held: {answer:?}"),
            }
            assert_eq!(bench.account.memos().len(), memos, "{point:?}");
            assert_eq!(bench.account.in_flight(), 1, "{point:?}");
            // The caller is dropped here.
        }
        hold.release();
        while bench.account.in_flight() != 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(bench.account.memos().len(), 1, "{point:?}");
    }
}

#[tokio::test]
async fn requests_over_the_limit_are_blocked_and_the_peak_is_known() {
    let bench = Bench::new().await;
    bench.account.concurrency_limit(2);
    let time = "<m:getServerTime/>";
    let holds = [
        bench.account.hold(Operation::GetServerTime, Point::BeforeCommit),
        bench.account.hold(Operation::GetServerTime, Point::BeforeCommit),
    ];
    let all = async {
        let held = async {
            tokio::join!(bench.call("getServerTime", time), bench.call("getServerTime", time))
        };
        let rest = async {
            for hold in &holds {
                hold.reached().await;
            }
            let blocked = bench.call("getServerTime", time).await;
            holds.into_iter().for_each(Hold::release);
            blocked
        };
        tokio::join!(held, rest)
    };
    let ((first, second), blocked) = all.await;
    assert_eq!((first.0, second.0, blocked.0), (200, 200, 500));
    assert_has(&blocked.1, &["exceededConcurrentRequestLimitFault", "WS_REQUEST_BLOCKED"]);
    assert_eq!(bench.account.peak_in_flight(), 2);
    let usage = bench.account.take_usage();
    assert!(usage.span < usage.busy && usage.busy <= usage.span * 2, "{usage:?}");
    assert_eq!(bench.account.take_usage(), Usage::default());
}

#[tokio::test]
async fn a_stopped_server_refuses_and_opens_again_on_the_same_port() {
    let bench = Bench::new().await;
    assert_eq!(bench.call("getServerTime", "<m:getServerTime/>").await.0, 200);
    bench.account.refuse_connections().await;
    let xml = envelope(&bench.passport(), "<m:getServerTime/>");
    let refused = bench.send("getServerTime", &xml).await.unwrap_err();
    assert!(refused.is_connect(), "{refused:?}");
    bench.account.accept_connections().await;
    assert_eq!(bench.send("getServerTime", &xml).await.unwrap().0, 200);
}
