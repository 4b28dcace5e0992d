use domain::{Amount, ExistingLine, ExistingMemo, ItemRef, RecordId, Standing, UnitId};

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

async fn find<const N: usize>(
    index: &TemporaryMemoIndex,
    lookup_keys: [&MemoLookupKey; N],
) -> Vec<RecordedMemo> {
    index.memos_of(vec![lookup_keys.into_iter().cloned().collect()]).await.unwrap().remove(0)
}

#[tokio::test]
async fn a_memo_is_found_whole_by_each_of_its_names() {
    let index = TemporaryMemoIndex::open().unwrap();
    let whole = memo("900", Some("CM1"), &["a", "b"]);
    index.keep(vec![whole.clone(), memo("901", None, &[])]).await.unwrap();
    let names = [
        MemoLookupKey::unit(&unit("a")),
        MemoLookupKey::unit(&unit("B")),
        MemoLookupKey::invoice(&id("700")),
        MemoLookupKey::number(" test-1"),
    ];
    for name in &names {
        assert_eq!(find(&index, [name]).await, std::slice::from_ref(&whole), "{name:?}");
    }
    assert_eq!(find(&index, names.each_ref()).await, [whole], "once by all of them");
    for other in [
        MemoLookupKey::unit(&unit("c")),
        MemoLookupKey::invoice(&id("701")),
        MemoLookupKey::number("TEST-10"),
    ] {
        assert_eq!(find(&index, [&other]).await, [], "{other:?}");
    }
}

#[tokio::test]
async fn a_memo_that_is_kept_again_replaces_the_earlier_one() {
    let index = TemporaryMemoIndex::open().unwrap();
    let mut valid = memo("900", Some("CM1"), &["a"]);
    valid.memo.standing = Standing::Valid;
    let mut last = memo("900", Some("CM1"), &["a"]);
    last.memo.lines.pop();
    index.keep(vec![valid]).await.unwrap();
    index.keep(vec![last.clone()]).await.unwrap();
    assert_eq!(find(&index, [&MemoLookupKey::unit(&unit("a"))]).await, [last]);
}

#[tokio::test]
async fn an_order_is_new_once() {
    let index = TemporaryMemoIndex::open().unwrap();
    let order = |number: u32| -> OrderId {
        format!("9f4e8ffc-c79c-5839-b1b7-{number:012}").parse().unwrap()
    };
    let unseen = index.unseen(vec![order(1), order(2), order(1)]).await.unwrap();
    assert_eq!(unseen, [order(1), order(2)].into());
    assert_eq!(index.unseen(vec![order(2), order(3)]).await.unwrap(), [order(3)].into());
}

#[tokio::test]
async fn findings_come_by_kind_and_page_by_page() {
    let index = TemporaryMemoIndex::open().unwrap();
    let count = u32::try_from(PAGE).unwrap() + 3;
    for number in 0..count {
        let finding = RankedFinding { rank: number % 3, text: number.to_string() };
        index.note(vec![finding]).await.unwrap();
    }
    let mut found = Vec::new();
    let mut sizes = Vec::new();
    let mut position = FindingPosition::default();
    while let Some(last) = {
        let page = index.findings(position).await.unwrap();
        sizes.push(page.findings.len());
        found.extend(page.findings);
        page.last
    } {
        position = last;
    }
    assert_eq!(sizes, [PAGE, 3, 0]);
    let mut expected: Vec<u32> = (0..count).collect();
    expected.sort_by_key(|number| (number % 3, *number));
    let expected: Vec<String> = expected.iter().map(u32::to_string).collect();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn an_index_shares_nothing_with_another() {
    let first = TemporaryMemoIndex::open().unwrap();
    first.keep(vec![memo("900", Some("CM1"), &["a"])]).await.unwrap();
    let second = TemporaryMemoIndex::open().unwrap();
    assert_eq!(find(&second, [&MemoLookupKey::unit(&unit("a"))]).await, []);
}
