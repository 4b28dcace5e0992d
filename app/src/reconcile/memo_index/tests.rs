use domain::{Amount, ExistingLine, ExistingMemo, ItemRef, RecordId, Standing, UnitId};
use serde_json::json;

use super::*;

fn id(raw: &str) -> RecordId {
    raw.parse().unwrap()
}

fn unit(raw: &str) -> UnitId {
    raw.parse().unwrap()
}

/// A memo with all fields, or with none of the optional ones.
fn memo(record: &str, number: Option<&str>, units: &[&str]) -> RecordedMemo {
    let owned = |text: &str| number.map(|_| text.to_owned());
    let line = |source_line: Option<u32>| ExistingLine {
        item: ItemRef { id: id("9001"), external_id: owned("10000"), name: owned("A shirt") },
        source_line,
        quantity: number.map(|_| "1.5".parse().unwrap()),
        amount: "-12.345".parse().unwrap(),
        units: units.iter().map(|it| unit(it)).collect(),
    };
    RecordedMemo {
        memo: ExistingMemo {
            id: id(record),
            external_id: owned("NST-CM-1"),
            number: number.map(str::to_owned),
            entity: number.map(|_| id("55")),
            standing: if number.is_some() { Standing::Voided } else { Standing::Valid },
            created_from: number.map(|_| id("700")),
            applied_to: number.map(|_| vec![id("700"), id("701")]).unwrap_or_default(),
            total: Amount::cents(1999),
            shipping_cost: Amount::ZERO,
            lines: number.map(|_| vec![line(Some(3)), line(None)]).unwrap_or_default(),
        },
        reference: owned("TEST-1"),
        currency: number.map(|_| id("1")),
    }
}

async fn tied<const N: usize>(
    index: &MemoIndex,
    lookup_keys: [&MemoLookupKey; N],
) -> Vec<RecordedMemo> {
    index.memos_of(vec![lookup_keys.into_iter().cloned().collect()]).await.unwrap().remove(0)
}

#[tokio::test]
async fn a_memo_is_found_by_each_of_its_lookup_keys() {
    let index = MemoIndex::open().unwrap();
    let whole = memo("900", Some("CM1"), &["a", "b"]);
    index.keep(vec![whole.clone(), memo("901", None, &[])]).await.unwrap();
    let names = [
        MemoLookupKey::unit(&unit("a")),
        MemoLookupKey::unit(&unit("B")),
        MemoLookupKey::invoice(&id("700")),
        MemoLookupKey::number(" test-1"),
    ];
    for name in &names {
        assert_eq!(tied(&index, [name]).await, std::slice::from_ref(&whole), "{name:?}");
    }
    assert_eq!(tied(&index, names.each_ref()).await, [whole], "once by all of them");
    for other in [
        MemoLookupKey::unit(&unit("c")),
        MemoLookupKey::invoice(&id("701")),
        MemoLookupKey::number("TEST-10"),
    ] {
        assert_eq!(tied(&index, [&other]).await, [], "{other:?}");
    }
}

#[tokio::test]
async fn a_memo_listed_again_replaces_its_earlier_version() {
    let index = MemoIndex::open().unwrap();
    let mut valid = memo("900", Some("CM1"), &["a"]);
    valid.memo.standing = Standing::Valid;
    let mut last = memo("900", Some("CM1"), &["a"]);
    last.memo.lines.pop();
    index.keep(vec![valid]).await.unwrap();
    index.keep(vec![last.clone()]).await.unwrap();
    assert_eq!(tied(&index, [&MemoLookupKey::unit(&unit("a"))]).await, [last]);
}

#[tokio::test]
async fn an_order_is_unseen_once() {
    let index = MemoIndex::open().unwrap();
    let order = |number: u32| -> OrderId {
        format!("9f4e8ffc-c79c-5839-b1b7-{number:012}").parse().unwrap()
    };
    let unseen = index.unseen(vec![order(1), order(2), order(1)]).await.unwrap();
    assert_eq!(unseen, [order(1), order(2)].into());
    assert_eq!(index.unseen(vec![order(2), order(3)]).await.unwrap(), [order(3)].into());
}

#[tokio::test]
async fn findings_come_by_kind_and_page_by_page() {
    let index = MemoIndex::open().unwrap();
    let count = PAGE + 3;
    for nth in 0..count {
        index.note(vec![(nth % 3, json!({ "nth": nth }))]).await.unwrap();
    }
    let (mut told, mut place, mut pages) = (Vec::new(), FindingPosition::default(), 0);
    loop {
        let (findings, next) = index.findings(place).await.unwrap();
        told.extend(findings.iter().map(|finding| finding["nth"].as_u64().unwrap()));
        let Some(next) = next else { break };
        (place, pages) = (next, pages + 1);
    }
    assert_eq!((told.len(), pages), (count, 2));
    let mut expected: Vec<u64> = (0..count as u64).collect();
    expected.sort_by_key(|it| (it % 3, *it));
    assert_eq!(told, expected);
}
