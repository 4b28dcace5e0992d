use super::*;
use crate::{Decision, Stop, testing::*};

/// Changes the records of the ledger.
type Edit = fn(&mut Billing);

fn plain() -> Story {
    Story::new().unit("a", "20.00").unit("b", "30.00").paid("50.00").refunded("50.00")
}

fn all_lines(billing: &mut Billing) -> impl Iterator<Item = &mut BillingLine> {
    let ordered = billing.sales_order.iter_mut().flat_map(|it| &mut it.lines);
    let invoiced = billing.invoices.iter_mut().flat_map(|invoice| &mut invoice.lines);
    ordered.map(|it| &mut it.line).chain(invoiced)
}

fn foreign_units(billing: &mut Billing) {
    for line in all_lines(billing) {
        line.units = line.units.iter().map(|it| unit(&format!("other-{it}"))).collect();
    }
}

#[test]
fn a_sales_order_of_another_shop_is_not_found() {
    let story = plain().but(foreign_units);
    assert_eq!(stops(&story, &["a"]), ("wait", "sales-order-not-found"));
    assert_eq!(stops(&story.clone().deadline_passed(), &["a"]), ("skip", "never-exported"));
    for choice in [crate::NotInvoiced::CloseLines, crate::NotInvoiced::StandaloneMemo] {
        let story = story.clone().unbilled().with(|policy| policy.not_invoiced = choice);
        assert_eq!(stops(&story, &["a"]), ("wait", "sales-order-not-found"), "{choice:?}");
    }
}

#[test]
fn a_record_belongs_to_an_order_by_a_unit_or_by_product_and_currency() {
    let other_products: Edit = |it| {
        all_lines(it).for_each(|line| line.item.external_id = Some("other".into()));
    };
    let other_currency: Edit = |it| {
        it.sales_order.as_mut().unwrap().currency = Some(id("2"));
        it.invoices.iter_mut().for_each(|invoice| invoice.currency = Some(id("2")));
    };
    let one_unit_left: Edit = |it| {
        let invoice = it.invoices[0].clone();
        foreign_units(it);
        it.invoices[0].lines[1] = invoice.lines[1].clone();
    };
    let table: [(&str, Story, Edit, &str); 7] = [
        ("units are named", plain(), |_| {}, "posted"),
        ("one unit is the order's", plain(), one_unit_left, "not-invoiced"),
        ("units are named, another currency", plain(), other_currency, "currency-mismatch"),
        ("units are named, other products", plain(), other_products, "posted"),
        ("no units, the order's product", plain().nameless(), |_| {}, "posted"),
        ("no units, other products", plain().nameless(), other_products, "sales-order-not-found"),
        ("no units, other currency", plain().nameless(), other_currency, "sales-order-not-found"),
    ];
    for (what, story, edit, expected) in table {
        let found = match story.but(edit).decide(&["a"]) {
            Decision::Act(_) => "posted",
            Decision::Stop(Stop::Wait(reason) | Stop::Park(reason)) => reason.name(),
            Decision::Stop(stop) => panic!("{stop:?}: {what}"),
        };
        assert_eq!(found, expected, "{what}");
    }
}

#[test]
fn an_invoice_that_names_only_foreign_units_is_foreign() {
    // Both invoices were made from one sales order; the second names a unit of another order.
    let story = plain().invoice("701").on("b", "701").but(|it| {
        it.invoices[1].lines[0].units = vec![unit("other")];
        it.invoices[1].lines[0].item.external_id = Some("a".to_owned());
    });
    let plan = story.plan(&["a", "b"]);
    assert_eq!(plan.memos.len(), 1);
    assert_eq!(plan.memos[0].units, [unit("a")]);
    assert_eq!(plan.rest.as_ref().map(name), Some(("wait", "not-invoiced")));
}

#[test]
fn a_memo_of_another_orders_invoice_belongs_to_that_order() {
    let mut story = plain().nameless().invoice("701").but(|it| {
        let mut line = it.invoices[0].lines[0].clone();
        line.units = vec![unit("other")];
        it.invoices[1].lines = vec![line];
        it.sales_order.as_mut().unwrap().lines[0].line.units = vec![unit("a")];
    });
    let mut memo = by_hand(&[("item-a", 1, "20.00", &[])]);
    memo.created_from = Some(id("701"));
    story.memos.push(memo);
    assert_eq!(story.memo(&["a"]).credit, amount("20.00"));
}

#[test]
fn an_outline_without_lines_belongs_to_its_invoices_order() {
    let story = plain().but(|it| it.sales_order.as_mut().unwrap().lines.clear());
    assert_eq!(story.memo(&["a"]).credit, amount("20.00"));
}
