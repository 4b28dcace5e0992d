//! What only a journal in a file must show; its promises are in the port's contract.

use std::{error::Error, sync::Arc};

use domain::{
    Amount, CivilDate, CreditMemo, LineKind, MemoKey, MemoLine, RecordId, Source, TaxBasis, UnitId,
};
use tempfile::TempDir;
use tokio::task::JoinSet;

use super::*;

const ORDER: &str = "9f4e8ffc-c79c-5839-b1b7-d65a26e60ef6";

fn journal(folder: &TempDir) -> Embedded {
    Embedded::open(&folder.path().join("journal.db")).unwrap()
}

fn now() -> Timestamp {
    Timestamp::from_millis(1_790_000_000_000)
}

fn cancellation(units: &[&str]) -> Cancellation {
    let unit = |id: &&str| (UnitId::stored(id).unwrap(), None);
    Cancellation {
        tenant: "dodici".parse().unwrap(),
        event: "order.cancelled".to_owned(),
        order: ORDER.parse().unwrap(),
        units: units.iter().map(unit).collect(),
        published_at: now(),
    }
}

fn memo(cancellation: &Cancellation) -> CreditMemo {
    let units: Vec<_> = cancellation.units.keys().cloned().collect();
    let record = |id: &str| id.parse::<RecordId>().unwrap();
    let amount = Amount::cents(2000);
    let line = MemoLine {
        kind: LineKind::Item,
        item: record("8232"),
        source_line: Some(1),
        quantity: Some(1),
        rate: None,
        amount,
        tax_code: None,
        taxable: None,
        location: None,
        units: units.clone(),
        taxes: Vec::new(),
        fields: Vec::new(),
    };
    CreditMemo {
        key: MemoKey::of(&cancellation.tenant, &cancellation.order, &units),
        order: cancellation.order.clone(),
        units,
        source: Source::Invoice(record("4711")),
        entity: record("12"),
        currency: Some(record("1")),
        money: "USD".parse().unwrap(),
        account: None,
        location: None,
        department: None,
        class: None,
        subsidiary: None,
        custom_form: None,
        date: CivilDate::new(2026, 11, 23).unwrap(),
        reference: "MX0001234".to_owned(),
        text: String::new(),
        tax_item: None,
        tax_basis: TaxBasis::Codes,
        lines: vec![line],
        shipping: None,
        application: None,
        fields: Vec::new(),
        credit: amount,
        total: amount,
    }
}

async fn claimed(journal: &Embedded, cancellation: &Cancellation) -> Result<(), JournalError> {
    let step = Step::Claimed(Box::new(memo(cancellation)));
    journal.open(cancellation, now()).await?;
    journal.record(&cancellation.id(), now(), &step).await
}

async fn damage(journal: &Embedded, sql: &'static str) {
    let damaged = journal.store.write(move |db| Ok::<_, failure::Failure>(db.execute_batch(sql)?));
    assert!(damaged.await.is_ok(), "{sql}");
}

fn causes(error: &JournalError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_processes_that_want_a_unit_one_gets_it() {
    let folder = tempfile::tempdir().unwrap();
    let journals = [Arc::new(journal(&folder)), Arc::new(journal(&folder))];
    let others = ["b", "c", "d", "e", "f", "g", "h", "i"];
    let mut claiming = JoinSet::new();
    for (journal, other) in journals.iter().cycle().zip(others) {
        let journal = Arc::clone(journal);
        claiming.spawn(async move { claimed(&journal, &cancellation(&["a", other])).await });
    }
    let results = claiming.join_all().await;
    let (won, lost): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), lost.len()), (1, others.len() - 1), "{lost:?}");

    let claims = journals[0].claims(&"dodici".parse().unwrap(), &ORDER.parse().unwrap()).await;
    let [claim] = &claims.unwrap()[..] else { panic!("one claim was made") };
    for result in lost {
        assert!(matches!(&result, Err(JournalError::Claimed(key)) if *key == claim.memo.key));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_processes_that_want_an_order_one_holds_it() {
    let folder = tempfile::tempdir().unwrap();
    let journals = [Arc::new(journal(&folder)), Arc::new(journal(&folder))];
    let mut holding = JoinSet::new();
    for (journal, n) in journals.iter().cycle().zip(0..16) {
        let journal = Arc::clone(journal);
        holding.spawn(async move {
            let (tenant, order) = ("dodici".parse().unwrap(), ORDER.parse().unwrap());
            let token = HoldToken(format!("run-{n}"));
            journal.hold(&tenant, &order, &token, now(), Duration::from_mins(1)).await.unwrap()
        });
    }
    let holds = holding.join_all().await;
    assert_eq!(holds.iter().filter(|it| **it == Hold::Held).count(), 1, "{holds:?}");
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
        claimed(&journal, &cancellation(&["a"])).await.unwrap();
        damage(&journal, sql).await;
        let error = journal.find(&Query::default()).await.expect_err(sql);
        assert!(causes(&error).contains(named), "{sql}: {}", causes(&error));
    }
}

#[tokio::test]
async fn a_memo_of_another_order_is_not_claimed() {
    let folder = tempfile::tempdir().unwrap();
    let journal = journal(&folder);
    let ours = cancellation(&["a"]);
    journal.open(&ours, now()).await.unwrap();
    let order = "0d0a2f1c-0000-4000-8000-0000000000ff".parse().unwrap();
    let theirs = memo(&Cancellation { order, ..ours.clone() });
    let result = journal.record(&ours.id(), now(), &Step::Claimed(Box::new(theirs))).await;
    assert!(matches!(result, Err(JournalError::Unavailable(_))), "{result:?}");
}

#[tokio::test]
async fn what_an_erp_says_at_length_is_cut() {
    let folder = tempfile::tempdir().unwrap();
    let journal = journal(&folder);
    let ours = cancellation(&["a"]);
    journal.open(&ours, now()).await.unwrap();
    let step = Step::Ended {
        state: ports::State::Parked,
        reason: Some("erp-refused".to_owned()),
        detail: Some("ü".repeat(100_000)),
        took: Duration::from_millis(5),
    };
    journal.record(&ours.id(), now(), &step).await.unwrap();
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
    let plan = format!("EXPLAIN QUERY PLAN {}", census::COUNT);
    let explain = move |db: &rusqlite::Connection| {
        let mut statement = db.prepare(&plan)?;
        let steps = statement.query_map([], |row| row.get("detail"))?;
        Ok::<Vec<String>, failure::Failure>(steps.collect::<Result<_, _>>()?)
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
    assert!(causes(&error).contains("journal.db"), "{}", causes(&error));
}
