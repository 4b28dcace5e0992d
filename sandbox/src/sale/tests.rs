//! A sale has the same amounts in both systems.

use serde_json::json;

use super::{Billing, KeyColumn, Payment, Sale, TaxBooking, Unit};
use crate::netsuite::{Account, Credentials, Kind};

const ORDER: &str = "9f4e8ffc-c79c-5839-b1b7-d65a26e60ef6";
const A: &str = "dc333267-856c-421a-ac7a-e08291642d76";
const B: &str = "0d0a2f1c-0000-4000-8000-000000000002";

fn sale() -> Sale {
    Sale::new(ORDER, "TEST-1821")
}

#[tokio::test]
async fn the_invoices_add_up_to_the_orders_total() {
    let a = |price: &str| Unit::new(A, "10000", price);
    let b = || Unit::new(B, "10001", "30.00");
    let table = [
        ("plain", sale().unit(a("20.00")).unit(b()), "50.00"),
        (
            "taxed",
            sale().unit(a("49.95").tax("4.43")).unit(Unit::new(B, "10001", "10.00").tax("0.89")),
            "65.27",
        ),
        ("discounted", sale().unit(a("20.00").discounts("4.00", "1.00").tax("1.20")), "16.20"),
        ("with shipping", sale().unit(a("20.00")).unit(b()).shipping("5.00", "0.40"), "55.40"),
        ("tax inside", sale().tax_inside().unit(a("119.00").tax("19.00")), "119.00"),
        (
            "tax inside, discounted",
            sale()
                .tax_inside()
                .unit(a("119.00").discounts("0.00", "19.00").tax("15.97"))
                .shipping("5.95", "0.95"),
            "105.95",
        ),
        ("rounded", sale().unit(a("99.99")).grand_total("100.00"), "100.00"),
        ("several pieces", sale().unit(a("20.00").quantity(3).tax("4.80")), "64.80"),
        (
            "tax in the body",
            sale()
                .tax_booking(TaxBooking::BodyItem)
                .unit(a("20.00").discounts("5.00", "0.00").tax("1.20"))
                .unit(b())
                .shipping("5.00", "0.40"),
            "51.60",
        ),
        (
            "tax in details",
            sale()
                .tax_booking(TaxBooking::Details)
                .unit(a("20.00").discounts("4.99", "0.00").tax("1.33"))
                .unit(b())
                .shipping("5.00", "0.41")
                .grand_total("51.74"),
            "51.74",
        ),
        ("yen", sale().currency("JPY").unit(a("1980").tax("198")), "2178"),
        ("dinar", sale().currency("KWD").unit(a("1.500").tax("0.075")), "1.575"),
    ];
    for (what, sale, total) in table {
        let account = Account::start(Credentials::example()).await.unwrap();
        let booked = sale.install_netsuite(&account, &Billing::OneInvoice, KeyColumn::Present);
        let invoice = account.invoice(&booked.invoices[0]).unwrap();
        assert_eq!(invoice.total, total.parse().unwrap(), "{what}: {invoice:?}");
        assert_eq!(sale.total(), invoice.total, "{what}");
        let order = account.sales_order(&booked.sales_order.unwrap()).unwrap();
        assert_eq!(order.total, invoice.total, "{what}");
    }
}

#[tokio::test]
async fn units_are_on_their_invoices() {
    let account = Account::start(Credentials::example()).await.unwrap();
    let sale = sale()
        .unit(Unit::new(A, "10000", "20.00").discounts("1.00", "0.00"))
        .unit(Unit::new(B, "10001", "30.00"))
        .shipping("5.00", "0.00");
    let billing = Billing::Invoices(vec![vec![B.to_owned()]]);
    let booked = sale.install_netsuite(&account, &billing, KeyColumn::Present);
    let invoice = account.invoice(&booked.invoices[0]).unwrap();
    assert_eq!(invoice.lines.len(), 1);
    assert_eq!(invoice.lines[0].field("custcol_nws_item_id"), Some(B));
    assert_eq!(invoice.lines[0].order_line, Some(3), "after A and its discount");
    assert_eq!(invoice.total, "35.00".parse().unwrap());
    let order = account.sales_order(&booked.sales_order.unwrap()).unwrap();
    let billed: Vec<_> = order.lines.iter().map(|line| line.billed.to_string()).collect();
    assert_eq!(billed, ["0", "0", "1"]);
}

#[tokio::test]
async fn an_orders_state_follows_its_billing() {
    let table = [
        (Billing::NotExported, [0, 0, 0]),
        (Billing::NotInvoiced, [1, 0, 0]),
        (Billing::OneInvoice, [1, 1, 0]),
        (Billing::Invoices(vec![vec![A.to_owned()], vec![B.to_owned()]]), [1, 2, 0]),
        (Billing::CashSale, [1, 0, 1]),
    ];
    for (billing, expected) in table {
        let account = Account::start(Credentials::example()).await.unwrap();
        let sale = sale().unit(Unit::new(A, "1", "20.00")).unit(Unit::new(B, "1", "30.00"));
        sale.install_netsuite(&account, &billing, KeyColumn::Absent);
        let kinds = [Kind::SalesOrder, Kind::Invoice, Kind::CashSale];
        let counts = kinds.map(|kind| account.of_kind(kind).len());
        assert_eq!(counts, expected, "{billing:?}");
        for record in account.of_kind(Kind::SalesOrder) {
            assert!(record.lines.iter().all(|line| line.fields.is_empty()), "{billing:?}");
            assert_eq!(record.lines[0].item, record.lines[1].item, "one item per product");
        }
    }
}

#[test]
fn events_have_the_webhooks_format() {
    let sale = sale().unit(Unit::new(A, "10000", "20.00")).paid(Payment::captured(
        "credit_card",
        "adyen",
        "20.00",
    ));
    let item = json!({
        "id": A,
        "product_id": "10000",
        "cancellation_reason": "insufficient_stock",
    });
    let event = sale.event("order.items_cancelled", &[A], "2026-11-23T10:00:00.000Z");
    let expected = json!({
        "tenant": "dodici",
        "name": "order.items_cancelled",
        "published_at": "2026-11-23T10:00:00.000Z",
        "payload": {
            "id": ORDER,
            "items": [item],
        },
    });
    assert_eq!(event, expected);
    let event = sale.event("order.cancelled", &[A], "2026-11-23T10:00:00.000Z");
    let item = json!({ "id": A, "product_id": "10000", "quantity": 1, "status": "cancelled" });
    assert_eq!(event["payload"]["items"], json!([item]));
}
