//! What only a journal in a file must show; its promises are in the port's contract.

use ports::contract::journal::sample::{ORDER, at, cancellation, memo};
use tempfile::TempDir;

use super::*;

fn journal(folder: &TempDir) -> Embedded {
    Embedded::open(&folder.path().join("journal.db")).unwrap()
}

async fn damage(journal: &Embedded, sql: &'static str) {
    let damaged =
        journal.store.write(move |db| Ok::<_, crate::book::Failure>(db.execute_batch(sql)?));
    assert!(damaged.await.is_ok(), "{sql}");
}

#[tokio::test]
async fn what_cannot_be_read_is_named_and_never_guessed() {
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
        assert!(ports::told(&error).contains(named), "{sql}: {}", ports::told(&error));
    }
}

#[tokio::test]
async fn a_file_of_the_first_schema_is_brought_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, memo) = (cancellation(ORDER, &["a"], 0), memo(ORDER, &["a"], 2000));
    let text = crate::codec::encode(&memo).unwrap();
    let first = Store::open(&folder.path().join("journal.db"), &MIGRATIONS[..1]).unwrap();
    let claim = "INSERT INTO claim (key, cancellation, tenant, order_id, memo) \
                 VALUES (?1, ?2, ?3, ?4, ?5)";
    let (key, id, tenant) = (memo.key.to_string(), ours.id().to_string(), ours.tenant.to_string());
    let row = [key, id, tenant, memo.order.to_string(), text];
    let made = first.write(move |db| Ok::<_, crate::book::Failure>(db.execute(claim, row)?));
    assert!(matches!(made.await, Ok(1)));
    drop(first);
    let claims = journal(&folder).claims(&ours.tenant, &memo.order).await.unwrap();
    let [Claim { memo: found, state }] = &claims[..] else { panic!("one claim: {claims:?}") };
    assert_eq!(*found, memo);
    // Perhaps sent a moment ago, by the program before this one.
    let domain::ClaimState::Unsettled { sent_at } = state else { panic!("{state:?}") };
    assert!(Timestamp::from_millis(0) < *sent_at, "{sent_at:?}");
}

#[tokio::test]
async fn what_an_erp_says_at_length_is_cut() {
    let folder = tempfile::tempdir().unwrap();
    let journal = journal(&folder);
    let ours = cancellation(ORDER, &["a"], 0);
    journal.open(&ours, at(0)).await.unwrap();
    let step = Step::Ended {
        state: ports::State::Parked,
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
async fn what_is_not_over_is_counted_from_its_index_alone() {
    let folder = tempfile::tempdir().unwrap();
    let journal = journal(&folder);
    let plan = format!("EXPLAIN QUERY PLAN {}", crate::book::COUNT);
    let explain = move |db: &rusqlite::Connection| {
        let mut statement = db.prepare(&plan)?;
        let steps = statement.query_map([], |row| row.get("detail"))?;
        Ok::<Vec<String>, crate::book::Failure>(steps.collect::<Result<_, _>>()?)
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
    assert!(ports::told(&error).contains("journal.db"), "{}", ports::told(&error));
}
