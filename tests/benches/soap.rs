//! What it costs to write and sign a request and to read an answer, beside the
//! least that reading can cost: a bare walk over the events of the same bytes.
//!
//! `cargo bench -p tests --bench soap`

use std::{
    hint::black_box,
    io::{self, Write},
    sync::LazyLock,
    time::{Duration, Instant},
};

use adapters_netsuite::{Options, fuzzing::Codec};
use divan::{Bencher, counter::BytesCount};
use domain::{
    Amount, Application, CreditMemo, LineKind, MemoKey, MemoLine, RecordId, Source, TaxBasis,
    Timestamp,
};
use quick_xml::{Reader, events::Event};

const NOW: i64 = 1_790_000_000_000;

static WIRE: LazyLock<Codec> = LazyLock::new(|| {
    let options = Options {
        account: "TSTDRV123_SB1".to_owned(),
        version: "2025_2".to_owned(),
        endpoint: None,
        consumer_key: "consumer-key-of-the-bench".to_owned(),
        consumer_secret: "consumer-secret-of-the-bench".to_owned().into(),
        token_id: "token-of-the-bench".to_owned(),
        token_secret: "token-secret-of-the-bench".to_owned().into(),
        concurrency: 1,
        timeout: Duration::from_secs(1),
        time_zone: "America/New_York".to_owned(),
        line_key_field: "custcol_nws_item_id".to_owned(),
    };
    Codec::new(options).expect("the options are good")
});

fn main() {
    divan::main();
    for size in [6, 40] {
        let bytes = answer(size * 1000);
        let read = fastest(|| WIRE.sales_order(black_box(&bytes)));
        let events = fastest(|| walk_events(black_box(&bytes)));
        let fields = fastest(|| walk_fields(black_box(&bytes)));
        let percent = |floor: Duration| read.as_nanos() * 100 / floor.as_nanos().max(1);
        let line = format!(
            "{size} KB: read {read:?}; {} % of its events ({events:?}), {} % of its fields \
             ({fields:?})",
            percent(events),
            percent(fields)
        );
        writeln!(io::stdout(), "{line}").expect("somebody listens");
    }
}

#[divan::bench]
fn a_memo_is_written_and_signed(bencher: Bencher<'_, '_>) {
    let memo = memo();
    bencher.bench(|| WIRE.add(black_box(&memo), Timestamp::from_millis(NOW)));
}

#[divan::bench(args = [6, 40])]
fn a_sales_order_is_read(bencher: Bencher<'_, '_>, size: usize) {
    let bytes = answer(size * 1000);
    assert!(WIRE.sales_order(&bytes).is_some_and(|it| !it.lines.is_empty()));
    let bencher = bencher.counter(BytesCount::of_slice(&bytes));
    bencher.bench(|| WIRE.sales_order(black_box(&bytes)));
}

#[divan::bench(args = [6, 40])]
fn its_events_are_walked(bencher: Bencher<'_, '_>, size: usize) {
    let bytes = answer(size * 1000);
    let bencher = bencher.counter(BytesCount::of_slice(&bytes));
    bencher.bench(|| walk_events(black_box(&bytes)));
}

#[divan::bench(args = [6, 40])]
fn its_fields_are_walked(bencher: Bencher<'_, '_>, size: usize) {
    let bytes = answer(size * 1000);
    let bencher = bencher.counter(BytesCount::of_slice(&bytes));
    bencher.bench(|| walk_fields(black_box(&bytes)));
}

/// Every event, and nothing done with it.
fn walk_events(bytes: &[u8]) -> usize {
    let text = std::str::from_utf8(bytes).expect("it is text");
    let mut reader = Reader::from_str(text);
    let mut events = 0;
    while !matches!(reader.read_event().expect("it is well-formed"), Event::Eof) {
        events += 1;
    }
    events
}

/// Every element's local name, attributes and text, looked at and forgotten.
fn walk_fields(bytes: &[u8]) -> usize {
    let text = std::str::from_utf8(bytes).expect("it is text");
    let mut reader = Reader::from_str(text);
    let mut length = 0;
    loop {
        match reader.read_event().expect("it is well-formed") {
            Event::Start(start) | Event::Empty(start) => {
                length += start.local_name().as_ref().len();
                for attribute in start.attributes().with_checks(false) {
                    length += attribute.expect("it is well-formed").value.len();
                }
            }
            Event::Text(text) => length += text.xml10_content().trim().len(),
            Event::Eof => return length,
            _ => {}
        }
    }
}

/// The fastest of many runs: what the machine does besides is left out.
fn fastest<T>(mut run: impl FnMut() -> T) -> Duration {
    let mut best = Duration::MAX;
    for _ in 0..2000 {
        let began = Instant::now();
        black_box(run());
        best = best.min(began.elapsed());
    }
    best
}

/// An answer to `get` with a sales order of at least this many bytes.
fn answer(size: usize) -> Vec<u8> {
    let parts: Vec<_> = ORDER.split("<!-- line -->\n").collect();
    let [head, line, tail] = parts[..] else { panic!("an order has a head, a line and a tail") };
    let mut text = head.to_owned();
    for number in 1.. {
        if size <= text.len() + tail.len() {
            break;
        }
        text.push_str(&line.replace("NUMBER", &number.to_string()));
    }
    text.push_str(tail);
    text.into_bytes()
}

/// Head, line and tail of the answer.
const ORDER: &str = include_str!("sales_order.xml");

/// A memo over three lines, made from an invoice.
fn memo() -> CreditMemo {
    let id = |raw: &str| -> RecordId { raw.parse().expect("an id") };
    let line = |number: u32| {
        let unit = format!("dc333267-856c-421a-ac7a-{number:012}");
        MemoLine {
            kind: LineKind::Item,
            item: id("9001"),
            source_line: Some(number),
            quantity: Some(1),
            rate: Some(Amount::cents(4995)),
            amount: Amount::cents(4995),
            tax_code: Some(id("-8")),
            taxable: None,
            location: Some(id("12")),
            units: vec![unit.parse().expect("a UUID")],
            taxes: Vec::new(),
            fields: Vec::new(),
        }
    };
    let lines: Vec<_> = (1..=3).map(line).collect();
    let units: Vec<_> = lines.iter().flat_map(|line| line.units.clone()).collect();
    let order = "9f4e8ffc-c79c-5839-b1b7-d65a26e60ef6".parse().expect("a UUID");
    let total = Amount::cents(3 * 4995);
    CreditMemo {
        key: MemoKey::of(&"dodici".parse().expect("a tenant"), &order, &units),
        order,
        units,
        source: Source::Invoice(id("70211")),
        entity: id("5521"),
        currency: Some(id("1")),
        money: "USD".parse().expect("a currency"),
        account: Some(id("122")),
        location: Some(id("12")),
        department: None,
        class: None,
        subsidiary: None,
        custom_form: None,
        date: "2026-11-23".parse().expect("a day"),
        reference: "US-100042".to_owned(),
        text: "NewStore cancellation US-100042: changed mind; paid credit_card".to_owned(),
        tax_item: None,
        tax_basis: TaxBasis::Codes,
        lines,
        shipping: None,
        application: Some(Application { invoice: id("70211"), amount: total }),
        fields: Vec::new(),
        cleared: Vec::new(),
        credit: total,
        total,
    }
}
