//! What a memo says in the ERP, whatever the order, the policy and the alphabet.

use rust_decimal::Decimal;
use sandbox::{
    netsuite::{Field, Record, TaxBasis, TaxDetail},
    sale::{Billing, Sale, Unit},
};
use serde_json::Value;
use tests::{A, B, ITEMS, ORDER, Settings, TestWorld, event, paid, pair};

/// The only memo of one event about A, after a change to the ERP's records.
async fn memo_of(sale: &Sale, policy: &str, change: impl FnOnce(&TestWorld, &str)) -> Record {
    memo_of_event(sale, policy, &event(sale, ITEMS, &[A]), change).await
}

async fn memo_of_event(
    sale: &Sale,
    policy: &str,
    event: &Value,
    change: impl FnOnce(&TestWorld, &str),
) -> Record {
    let world = TestWorld::new(&Settings::policy(policy)).await;
    let booked = world.install(sale, &Billing::OneInvoice);
    change(&world, &booked.invoices[0]);
    let service = world.serve().await;
    let answer = service.post(event).await;
    assert_eq!((answer.status, answer.outcome.as_str()), (200, "posted"), "{policy}: {answer:?}");
    let memos = world.account.memos();
    assert_eq!(memos.len(), 1, "{policy}: {memos:?}");
    memos.into_iter().next().unwrap()
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

#[tokio::test]
async fn a_memo_is_made_from_the_invoice_and_has_its_classification() {
    let policy = r#"fields = { custbody_order = "order.id", custbody_source = { constant = "nst" } }
line_fields = { custcol_unit = "unit.id" }"#;
    let memo = memo_of(&pair(), policy, |_, _| {}).await;
    assert_eq!(memo.external_id.as_deref(), Some("nst-cm-680ab9e626f2984bfa54"));
    assert_eq!((memo.entity.as_str(), memo.currency.as_str()), ("5521", "1"));
    let places = [&memo.location, &memo.department, &memo.class].map(Option::as_deref);
    assert_eq!(places, [Some("12"), Some("4"), Some("7")]);
    assert_eq!(memo.other_ref_num.as_deref(), Some("TEST-1821"));
    assert_eq!(memo.field("custbody_order"), Some(ORDER));
    assert_eq!(memo.field("custbody_source"), Some("nst"));
    assert_eq!(memo.lines[0].field("custcol_unit"), Some(A));
    let text = memo.memo.unwrap_or_default();
    assert!(text.starts_with("NewStore cancellation TEST-1821: insufficient_stock"), "{text}");
}

#[tokio::test]
async fn a_field_of_the_invoice_is_copied_unless_policy_clears_it() {
    let cleared = "fields = { custbody_note = { constant = \"\", type = \"select\" } }";
    for (policy, note) in [("", Some("for the packer")), (cleared, None)] {
        let memo = memo_of(&pair(), policy, |world, invoice| {
            let fields = ["custbody_note", "custbody_other"];
            let fields = fields.map(|it| Field::text(it, "for the packer"));
            world.account.edit(invoice, |it| it.fields.extend(fields));
        })
        .await;
        assert_eq!(memo.field("custbody_note"), note, "{policy}");
        assert_eq!(memo.field("custbody_other"), Some("for the packer"), "{policy}");
    }
}

#[tokio::test]
async fn no_more_is_applied_than_the_invoice_has_open() {
    for (open, applied) in [("50.00", "20.00"), ("20.00", "20.00"), ("12.00", "12.00"), ("0", "0")]
    {
        let memo = memo_of(&pair(), "", |world, invoice| {
            world.account.edit(invoice, |it| it.remaining = Some(decimal(open)));
        })
        .await;
        let sum: Decimal = memo.applied.iter().map(|it| it.amount).sum();
        assert_eq!((sum, memo.total), (decimal(applied), decimal("20.00")), "{open} open");
    }
}

#[tokio::test]
async fn the_total_is_the_credit_under_every_tax_policy() {
    let sale = Sale::new(ORDER, "TEST-1821")
        .unit(Unit::new(A, "10000", "49.95").discounts("4.00", "1.00").tax("3.99"))
        .unit(Unit::new(B, "10001", "10.00").tax("0.89"))
        .paid(paid("59.83"))
        .cancelled(&[A])
        .refunded("credit_card", "48.94");
    for discounts in ["line", "net"] {
        for tax in ["from-invoice", "suitetax", "item"] {
            let policy = format!("tax = \"{tax}\"\ndiscounts = \"{discounts}\"");
            let given = tax == "suitetax";
            let memo = memo_of(&sale, &policy, |world, invoice| {
                if given {
                    give_taxes(world, invoice, &sale);
                }
            })
            .await;
            assert_eq!(memo.total, decimal("48.94"), "{policy}: {memo:?}");
        }
    }
}

/// Makes the invoice one of `SuiteTax`: its taxes are given, not computed.
fn give_taxes(world: &TestWorld, invoice: &str, sale: &Sale) {
    world.account.edit(invoice, |it| {
        it.tax_basis = TaxBasis::Details;
        for line in &mut it.lines {
            let id = line.field("custcol_nws_item_id");
            let tax = sale.units.iter().find(|unit| Some(unit.id.as_str()) == id).map(|it| it.tax);
            let reference = format!("tax-of-{}", line.line);
            (line.tax_code, line.tax_reference) = (None, Some(reference.clone()));
            it.tax_details.push(TaxDetail {
                reference,
                tax_type: "1".to_owned(),
                tax_code: "12".to_owned(),
                basis: line.amount,
                rate: decimal("8.8800"),
                amount: tax.unwrap_or_default(),
            });
        }
    });
}

#[tokio::test]
async fn amounts_are_exact_in_every_currency() {
    for (currency, price, tax, total) in [
        ("USD", "0.10", "0.01", "0.11"),
        ("JPY", "1980", "198", "2178"),
        ("KWD", "1.505", "0.075", "1.580"),
        ("GBP", "99999999.99", "0.00", "99999999.99"),
    ] {
        let sale = Sale::new(ORDER, "TEST-1821")
            .currency(currency)
            .unit(Unit::new(A, "10000", price).tax(tax))
            .paid(paid(total))
            .cancelled(&[A])
            .refunded("credit_card", total);
        let memo = memo_of(&sale, "", |_, _| {}).await;
        assert_eq!(memo.total, decimal(total), "{currency}: {memo:?}");
    }
}

#[tokio::test]
async fn a_memos_date_is_the_events_in_the_accounts_time_zone() {
    for (zone, published, date) in [
        ("America/New_York", "2026-11-22T04:59:59.999Z", "2026-11-21"),
        ("America/New_York", "2026-11-22T05:00:00.000Z", "2026-11-22"),
        ("Asia/Tokyo", "2026-11-21T14:59:59.000Z", "2026-11-21"),
        ("Asia/Tokyo", "2026-11-21T15:00:00.000Z", "2026-11-22"),
        // Never before the invoice.
        ("UTC", "2026-11-01T00:00:00.000Z", "2026-11-20"),
    ] {
        let event = pair().event(ITEMS, &[A], published);
        let policy = format!("time_zone = \"{zone}\"");
        let set = |world: &TestWorld, _: &str| world.account.time_zone(zone).unwrap();
        let memo = memo_of_event(&pair(), &policy, &event, set).await;
        assert_eq!(memo.date.to_string(), date, "{published} in {zone}");
    }
}

#[tokio::test]
async fn any_text_arrives_unchanged_except_characters_forbidden_in_xml() {
    let reference = "N°1 <&> \"'] ]]> 🛍";
    let mut sale = Sale { reference: reference.to_owned(), ..pair() };
    sale.units[0].reason = Some("no \u{1}stock & <b>\u{fffe}".to_owned());
    let memo = memo_of(&sale, "", |_, _| {}).await;
    assert_eq!(memo.other_ref_num.as_deref(), Some(reference));
    let text = memo.memo.unwrap_or_default();
    let expected = format!("NewStore cancellation {reference}: no stock & <b>");
    assert!(text.starts_with(&expected), "{text}");
}

#[tokio::test]
async fn ids_are_the_same_in_any_case_and_order() {
    let sale = pair().cancelled(&[B]).refunded("credit_card", "30.00");
    let world = TestWorld::with(&sale, &Settings::default()).await;
    let service = world.serve().await;
    let first = service.post(&event(&sale, ITEMS, &[A, B])).await;
    first.is(200, "posted");
    let mut other = event(&sale, ITEMS, &[B, A, B]);
    let loud = |value: &mut Value| *value = value.as_str().unwrap().to_uppercase().into();
    loud(&mut other["payload"]["id"]);
    for item in other["payload"]["items"].as_array_mut().unwrap() {
        loud(&mut item["id"]);
    }
    let again = service.post(&other).await;
    again.is(200, "already-posted");
    assert_eq!(again.id, first.id);
    world.has_memos(&["50.00"], "after both spellings");
}

#[tokio::test]
async fn an_order_of_many_pages_is_one_memo() {
    let ids: Vec<String> = (0..150).map(|it| format!("0d0a2f1c-0000-4000-8000-{it:012}")).collect();
    let units: Vec<&str> = ids.iter().map(String::as_str).collect();
    let mut sale = Sale::new(ORDER, "TEST-1821").paid(paid("1500.00"));
    for id in &ids {
        sale = sale.unit(Unit::new(id, "10000", "10.00"));
    }
    let sale = sale.cancelled(&units).refunded("credit_card", "1500.00");
    let event = event(&sale, ITEMS, &units);
    let page = |world: &TestWorld, _: &str| world.tenant.page_limit(40);
    let memo = memo_of_event(&sale, "", &event, page).await;
    assert_eq!((memo.total, memo.lines.len()), (decimal("1500.00"), 150));
}
