//! Periods, time zones, sales orders, and numbers as the account writes them.

use super::*;
use crate::netsuite::number;

#[tokio::test]
async fn a_closed_period_accepts_no_memo_until_it_is_opened() {
    let (bench, booked) = Bench::with_a_sale().await;
    let memo = memo("key-1", &booked.invoices[0]);
    bench.account.close_books("2026-11-23".parse().unwrap());
    assert_has(&bench.add(&memo).await, &["isSuccess=\"false\"", "TRAN_PRD_CLOSED"]);
    bench.account.close_books("2026-11-22".parse().unwrap());
    assert_has(&bench.add(&memo).await, &["isSuccess=\"true\""]);
}

#[tokio::test]
async fn a_midnight_of_another_time_zone_is_another_day() {
    let (bench, booked) = Bench::with_a_sale().await;
    bench.account.time_zone("America/Los_Angeles").unwrap();
    bench.add(&memo("key-1", &booked.invoices[0])).await;
    assert_eq!(bench.account.memos()[0].date.to_string(), "2026-11-22");
}

#[tokio::test]
async fn an_update_changes_only_the_named_lines() {
    let bench = Bench::new().await;
    let sale = Sale::new(ORDER, "TEST-1821")
        .unit(Unit::new(A, "10000", "20.00").discounts("5.00", "0.00"))
        .unit(Unit::new(B, "10001", "30.00"));
    let booked = sale.install_netsuite(&bench.account, &Billing::NotInvoiced, KeyColumn::Present);
    let order = booked.sales_order.unwrap();
    let update = |list: &str, replace: &str| {
        format!(
            "<m:update><m:record xsi:type=\"s:SalesOrder\" internalId=\"{order}\">\
             <s:itemList replaceAll=\"{replace}\">{list}</s:itemList></m:record></m:update>"
        )
    };
    let close = "<s:item><s:quantity>0</s:quantity><s:isClosed>true</s:isClosed><s:line>1</s:line>\
        </s:item>\
        <s:item><s:amount>0.00</s:amount><s:isClosed>true</s:isClosed><s:line>2</s:line></s:item>";
    for round in 0..2 {
        let (_, answer) = bench.call("update", &update(close, "false")).await;
        assert_has(&answer, &["updateResponse", "isSuccess=\"true\"", "type=\"salesOrder\""]);
        let lines = bench.account.sales_order(&order).unwrap().lines;
        let seen: Vec<_> = lines.iter().map(|line| (line.line, line.closed, line.amount)).collect();
        let expected =
            [(1, true, Decimal::ZERO), (2, true, Decimal::ZERO), (3, false, amount("30.00"))];
        assert_eq!(seen, expected, "round {round}");
    }
    let unknown = "<s:item><s:isClosed>true</s:isClosed><s:line>9</s:line></s:item>";
    assert_has(&bench.call("update", &update(unknown, "false")).await.1, &["INVALID_KEY_OR_REF"]);
    let only = "<s:item><s:line>3</s:line></s:item>";
    bench.call("update", &update(only, "true")).await;
    assert_eq!(bench.account.sales_order(&order).unwrap().lines.len(), 1);
}

#[tokio::test]
async fn a_billed_line_keeps_its_billed_quantity() {
    let (bench, booked) = Bench::with_a_sale().await;
    let order = booked.sales_order.unwrap();
    let body = format!(
        "<m:update><m:record xsi:type=\"s:SalesOrder\" internalId=\"{order}\">\
         <s:itemList replaceAll=\"false\"><s:item><s:quantity>0</s:quantity><s:line>1</s:line>\
         </s:item></s:itemList></m:record></m:update>"
    );
    assert_has(&bench.call("update", &body).await.1, &["isSuccess=\"false\"", "USER_ERROR"]);
    bench.account.deny(Denial { kind: Kind::SalesOrder, access: Access::Edit });
    assert_has(&bench.call("update", &body).await.1, &["INSUFFICIENT_PERMISSION"]);
}

#[tokio::test]
async fn a_memo_form_shows_what_is_left_of_the_invoice() {
    let (bench, booked) = Bench::with_a_sale().await;
    bench.add(&memo("key-1", &booked.invoices[0])).await;
    let body = |kind: &str, id: &str| {
        format!(
            "<m:initialize><m:initializeRecord><c:type>creditMemo</c:type>\
             <c:reference internalId=\"{id}\" type=\"{kind}\"/></m:initializeRecord></m:initialize>"
        )
    };
    let (_, answer) = bench.call("initialize", &body("invoice", &booked.invoices[0])).await;
    assert_has(&answer, &["tranCust:CreditMemo", B, "<tranCust:orderLine>2<"]);
    assert!(!answer.contains(A), "A was credited: {answer}");
    let order = booked.sales_order.unwrap();
    assert_has(
        &bench.call("initialize", &body("salesOrder", &order)).await.1,
        &["INVALID_INITIALIZE_REF"],
    );
    assert_eq!(bench.account.memos().len(), 1, "initialize books nothing");
}

#[test]
fn doubles_are_written_as_netsuite_writes_them() {
    let table = [
        ("0", "0.0"),
        ("0.00", "0.0"),
        ("1", "1.0"),
        ("99.90", "99.9"),
        ("-5.00", "-5.0"),
        ("49.95", "49.95"),
        ("9999999.99", "9999999.99"),
        ("10000000", "1.0E7"),
        ("12345678.90", "1.23456789E7"),
        ("-10500000", "-1.05E7"),
        ("0.001", "0.001"),
        ("0.0005", "5.0E-4"),
    ];
    for (value, expected) in table {
        let written = number::double(amount(value));
        assert_eq!(written, expected, "{value}");
        assert_eq!(number::parse(&written), Some(amount(value)), "{value}");
    }
}
