//! Tests of the journal in a file; the promises of every journal are in the port's contract.

use ports::contract::journal::sample::{ORDER, at, cancellation, memo};
use tempfile::TempDir;

use super::*;

fn journal(folder: &TempDir) -> Embedded {
    Embedded::open(&folder.path().join("journal.db")).unwrap()
}

async fn damage(journal: &Embedded, sql: &'static str) {
    let damaged =
        journal.store.write(move |db| Ok::<_, crate::model::StoreFailure>(db.execute_batch(sql)?));
    assert!(damaged.await.is_ok(), "{sql}");
}

#[tokio::test]
async fn an_unreadable_record_is_named_and_never_guessed() {
    // damage, what the error names
    let table = [
        ("UPDATE claim SET memo = '{\"v\":\"9\"}'", "nst-cm-"),
        ("UPDATE claim SET memo = replace(memo, 'USD', 'XXX')", "nst-cm-"),
        ("UPDATE cancellation SET state = 'lost'", "can-"),
        ("UPDATE cancellation SET units = '[]'", "can-"),
        ("UPDATE cancellation SET tenant = ''", "can-"),
    ];
    for (sql, named) in table {
        let folder = tempfile::tempdir().unwrap();
        let journal = journal(&folder);
        let (ours, memo) = (cancellation(ORDER, &["a"], 0), memo(ORDER, &["a"], 2000));
        journal.open(&ours, at(0)).await.unwrap();
        journal.record(&ours.id(), at(1), &[Step::Claimed(Box::new(memo))]).await.unwrap();
        damage(&journal, sql).await;
        let error = journal.find(&Query::default()).await.expect_err(sql);
        assert!(
            ports::error_chain(&error).contains(named),
            "{sql}: {}",
            ports::error_chain(&error)
        );
    }
}

#[tokio::test]
async fn a_file_of_the_first_schema_is_migrated() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, memo) = (cancellation(ORDER, &["a"], 0), memo(ORDER, &["a"], 2000));
    let text = crate::codec::encode(&memo).unwrap();
    let first = Store::open(&folder.path().join("journal.db"), &MIGRATIONS[..1]).unwrap();
    let claim = "INSERT INTO claim (key, cancellation, tenant, order_id, memo) \
                 VALUES (?1, ?2, ?3, ?4, ?5)";
    let (key, id, tenant) = (memo.key.to_string(), ours.id().to_string(), ours.tenant.to_string());
    let row = [key, id, tenant, memo.order.to_string(), text];
    let made = first.write(move |db| Ok::<_, crate::model::StoreFailure>(db.execute(claim, row)?));
    assert!(matches!(made.await, Ok(1)));
    drop(first);
    let claims = journal(&folder).claims(&ours.tenant, &memo.order).await.unwrap();
    let [Claim { memo: found, state }] = &claims[..] else { panic!("one claim: {claims:?}") };
    assert_eq!(*found, memo);
    // It may have been sent just before, by an earlier version of the program.
    let domain::ClaimState::Unsettled { sent_at } = state else { panic!("{state:?}") };
    assert!(*sent_at > Timestamp::from_millis(0), "{sent_at:?}");
}

#[tokio::test]
async fn long_erp_messages_are_cut() {
    let folder = tempfile::tempdir().unwrap();
    let journal = journal(&folder);
    let ours = cancellation(ORDER, &["a"], 0);
    journal.open(&ours, at(0)).await.unwrap();
    let step = Step::AttemptEnded {
        state: ports::CancellationState::Parked,
        reason: Some("erp-refused".to_owned()),
        detail: Some("ü".repeat(100_000)),
        took: Duration::from_millis(5),
    };
    journal.record(&ours.id(), at(0), &[step]).await.unwrap();
    let query = Query { with_history: true, ..Query::default() };
    let found = journal.find(&query).await.unwrap();
    assert_eq!(found[0].detail.as_ref().map(|it| it.chars().count()), Some(2000));
    let (_, line) = found[0].history.last().expect("an ending leaves a line");
    assert!(line.starts_with("after 5 ms parked: erp-refused: ü"), "{line}");
}

#[tokio::test]
async fn unfinished_cancellations_are_counted_from_the_index_alone() {
    let folder = tempfile::tempdir().unwrap();
    let journal = journal(&folder);
    let plan = format!("EXPLAIN QUERY PLAN {}", crate::model::COUNT);
    let explain = move |db: &rusqlite::Connection| {
        let mut statement = db.prepare(&plan)?;
        let steps = statement.query_map([], |row| row.get("detail"))?;
        Ok::<Vec<String>, crate::model::StoreFailure>(steps.collect::<Result<_, _>>()?)
    };
    let steps = journal.store.read(explain).await.unwrap_or_default();
    let [only] = &steps[..] else { panic!("more than one step: {steps:?}") };
    assert!(only.contains("USING COVERING INDEX cancellation_unfinished"), "{only}");
}

#[test]
fn a_path_that_cannot_be_opened_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    std::fs::create_dir(&path).unwrap();
    let error = Embedded::open(&path).expect_err("a folder is no journal");
    assert!(ports::error_chain(&error).contains("journal.db"), "{}", ports::error_chain(&error));
}

#[tokio::test]
async fn renamed_reasons_and_flags_are_migrated() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let old = Store::open(&path, &MIGRATIONS[..4]).unwrap();
    // reason and flag of the earlier version, of this one
    let table = [
        ("line-closed", "already-closed"),
        ("erp-silent", "erp-timeout"),
        ("sending-unanswered", "outcome-unknown"),
        ("payments-short", "payment-shortfall"),
        ("unmapped", "unmapped"),
    ];
    for (nth, (reason, _)) in table.into_iter().enumerate() {
        let sql = format!(
            "INSERT INTO cancellation (id, tenant, event, order_id, units, published_at, received_at, \
             waiting_since, updated_at, state, reason, deliveries) VALUES ('can-{nth:020}', 'dodici', \
             'order.items_cancelled', '{ORDER}', '{{\"a\":null}}', 0, 0, 0, 0, 'parked', '{reason}', 1); \
             INSERT INTO flag (cancellation, text) VALUES \
             ('can-{nth:020}', 'does-not-add-up: 0.03 more'), ('can-{nth:020}', 'left-open: 1.00');"
        );
        let written =
            old.write(move |db| Ok::<_, crate::model::StoreFailure>(db.execute_batch(&sql)?));
        assert!(written.await.is_ok(), "{reason}");
    }
    drop(old);
    drop(journal(&folder));
    let renamed = Store::open(&path, MIGRATIONS).unwrap();
    let read = renamed.read(|db| {
        let mut statement = db.prepare(
            "SELECT reason, group_concat(text, '; ' ORDER BY flag.seq) FROM cancellation \
             JOIN flag ON flag.cancellation = cancellation.id GROUP BY cancellation.id ORDER BY place",
        )?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok::<Vec<(String, String)>, crate::model::StoreFailure>(rows.collect::<Result<_, _>>()?)
    });
    let flags = "order-total-mismatch: 0.03 more; left-open: 1.00".to_owned();
    let expected = table.map(|(_, reason)| (reason.to_owned(), flags.clone()));
    assert_eq!(read.await.unwrap_or_default(), expected);
}
