//! Tax by the ledger, by memobridge's details, or as one line; discounts, quantities, items.

use super::*;
use crate::{
    Discounts, ItemPolicy, LineKind, LineTax, ShippingAs, Source, Tax, TaxBasis, TaxDetail, UnitId,
};

/// Two pieces with discount and tax, and shipping with tax; fully refunded.
fn taxed() -> Story {
    let story = Story::new().unit("a", "20.00").times("2").discounts("4.00", "1.00").tax("2.80");
    let story = story.unit("b", "30.00").tax("2.40").shipping("5.00", "0.40");
    story.paid("75.60").refunded("75.60")
}

fn detail(tax_code: &str, basis: &str, rate: &str, sum: &str) -> TaxDetail {
    TaxDetail {
        tax_type: id("tt"),
        tax_code: id(tax_code),
        basis: amount(basis),
        rate: rate.parse().unwrap(),
        amount: amount(sum),
    }
}

fn line_tax(tax_code: &str, rate: Option<Decimal>, sum: &str) -> LineTax {
    LineTax { tax_type: id("tt"), tax_code: id(tax_code), rate, amount: amount(sum) }
}

#[test]
fn tax_from_invoice_takes_codes_from_where_the_invoice_has_them() {
    let memo = taxed().memo(&["a", "b"]);
    assert_eq!(memo.tax_basis, TaxBasis::Codes);
    assert!(memo.lines.iter().all(|line| line.tax_code == Some(id("tax-7"))), "{memo:#?}");
    assert!(memo.lines.iter().all(|line| line.taxable.is_none() && line.taxes.is_empty()));
    assert_eq!(memo.shipping.unwrap().tax_code, Some(id("tax-7")));
    assert_eq!(memo.tax_item, None);

    let body = taxed().but(|billing| {
        billing.invoices[0].tax_item = Some(id("-77"));
        for line in &mut billing.invoices[0].lines {
            (line.tax_code, line.taxable) = (None, Some(true));
        }
    });
    let memo = body.memo(&["a", "b"]);
    assert_eq!(memo.tax_item, Some(id("-77")));
    assert!(memo.lines.iter().all(|line| line.taxable == Some(true) && line.tax_code.is_none()));
}

#[test]
fn tax_item_is_one_line_with_the_tax_of_items_and_shipping() {
    let story = taxed().with(|policy| policy.tax = Tax::Item);
    let lines = [
        "item-a 40.00 @1",
        "8494 -5.00 @2",
        "item-b 30.00 @3",
        "10 5.60",
        "shipping 5.00",
        "credit 75.60",
        "total 75.60",
    ];
    let plan = check(&story, &["a", "b"], &[&lines]);
    let memo = &plan.memos[0];
    assert!(memo.lines.iter().all(|line| line.tax_code == Some(id("-8"))), "{memo:#?}");
    assert_eq!(memo.shipping.as_ref().unwrap().tax_code, Some(id("-8")));
    assert_eq!(memo.lines[3].kind, LineKind::Tax);

    let body = story.but(|billing| billing.invoices[0].tax_item = Some(id("-77")));
    let memo = body.memo(&["a", "b"]);
    assert_eq!(memo.tax_item, None);
    assert!(memo.lines.iter().all(|line| line.taxable == Some(false)), "{memo:#?}");
}

#[test]
fn suitetax_details_are_split_as_the_invoice_split_its_own() {
    let story = taxed().with(|policy| policy.tax = Tax::SuiteTax).but(|billing| {
        let invoice = &mut billing.invoices[0];
        invoice.lines[0].taxes = vec![
            line_tax("county", Some(Decimal::from(2)), "0.70"),
            line_tax("state", None, "2.10"),
        ];
        invoice.lines[2].taxes = vec![line_tax("state", None, "2.40")];
        invoice.shipping_taxes = vec![line_tax("state", None, "0.40")];
    });
    let memo = story.memo(&["a", "b"]);
    assert_eq!((memo.tax_basis, &memo.tax_item), (TaxBasis::Details, &None));
    assert!(memo.lines.iter().all(|line| line.tax_code.is_none()), "{memo:#?}");
    let county = detail("county", "35.00", "2", "0.70");
    assert_eq!(memo.lines[0].taxes, [county, detail("state", "35.00", "6", "2.10")]);
    assert_eq!(memo.lines[1].taxes, [], "the discount is in the basis of its item");
    assert_eq!(memo.lines[2].taxes, [detail("state", "30.00", "8", "2.40")]);
    let shipping = memo.shipping.unwrap();
    assert_eq!(shipping.taxes, [detail("state", "5.00", "8", "0.40")]);
    assert_eq!(shipping.tax_code, None);
}

#[test]
fn suitetax_cents_that_do_not_divide_go_to_the_last_code() {
    let story = Story::new().unit("a", "10.00").tax("1.00").unit("b", "1.00").paid("12.00");
    let story = story.refunded("11.00").with(|policy| policy.tax = Tax::SuiteTax);
    let memo = story
        .but(|it| {
            let third = |code| line_tax(code, Some(Decimal::ONE), "0.33");
            it.invoices[0].lines[0].taxes = vec![third("x"), third("y"), third("z")];
        })
        .memo(&["a"]);
    let sums: Vec<_> = memo.lines[0].taxes.iter().map(|tax| tax.amount.to_string()).collect();
    assert_eq!(sums, ["0.33", "0.33", "0.34"]);
}

#[test]
fn suitetax_without_details_on_the_invoice_is_unmapped_unless_there_is_no_tax() {
    let story = taxed().with(|policy| policy.tax = Tax::SuiteTax);
    assert_eq!(stops(&story, &["a", "b"]), ("park", "unmapped"));
    let untaxed = plain().with(|policy| policy.tax = Tax::SuiteTax);
    assert_eq!(untaxed.memo(&["a"]).lines[0].taxes, []);
}

#[test]
fn suitetax_rounding_lines_carry_no_code_and_no_details() {
    let story = Story::new().unit("a", "33.33").owed("33.34").paid("33.34").refunded("33.34");
    let story = story.with(|policy| {
        policy.tax = Tax::SuiteTax;
        policy.untaxed_code = None;
    });
    let memo = story.memo(&["a"]);
    assert_eq!(memo.lines[1].kind, LineKind::Rounding);
    assert_eq!((&memo.lines[1].tax_code, memo.lines[1].taxes.len()), (&None, 0));
}

#[test]
fn tax_inside_is_removed_from_amount_and_discount() {
    // 119.00 less 19.00; 100.00 of which 15.97 tax: net 84.03, before discount 100.00.
    let story = Story::new().inside().unit("a", "119.00").discounts("19.00", "0.00").tax("15.97");
    let story = story.unit("b", "10.00").paid("110.00").refunded("100.00");
    let lines = ["item-a 100.00 @1", "8494 -15.97 @2", "credit 100.00", "total 100.00"];
    check(&story, &["a"], &[&lines]);
    let net = story.clone().with(|policy| policy.discounts = Discounts::Net);
    check(&net, &["a"], &[&["item-a 84.03 @1", "credit 100.00", "total 100.00"]]);
    // Never above what is left on the invoice's line.
    let less = story.but(|it| {
        it.invoices[0].lines[0].amount = amount("99.99");
        it.invoices[0].lines[1].amount = amount("-15.96");
    });
    let lines = ["item-a 99.99 @1", "8494 -15.96 @2", "credit 100.00", "total 100.00"];
    check(&less, &["a"], &[&lines]);
}

#[test]
fn a_full_discount_with_tax_inside_uses_the_invoices_amount() {
    let story = Story::new().inside().unit("a", "119.00").discounts("119.00", "0.00");
    let story = story.unit("b", "10.00").tax("1.00").paid("10.00").refunded("10.00");
    let story = story.but(|it| {
        it.invoices[0].lines[0].amount = amount("100.00");
        it.invoices[0].lines[1].amount = amount("-100.00");
    });
    let lines =
        ["item-a 100.00 @1", "8494 -100.00 @2", "item-b 9.00 @3", "credit 10.00", "total 10.00"];
    check(&story, &["a", "b"], &[&lines]);
}

#[test]
fn shipping_with_tax_inside_is_split_into_net_and_tax() {
    let story = Story::new().inside().unit("a", "119.00").tax("19.00").shipping("5.95", "0.95");
    let story = story.paid("124.95").refunded("124.95");
    let lines = ["item-a 100.00 @1", "shipping 5.00", "credit 124.95", "total 124.95"];
    check(&story, &["a"], &[&lines]);
}

#[test]
fn several_pieces_have_a_rate_only_where_it_is_exact() {
    let table = [
        ("USD", "10.00", "3", "30.00", Some("10.00")),
        ("USD", "3.3333", "3", "10.00", None),
        ("JPY", "100", "3", "300", Some("100")),
        ("JPY", "33.4", "3", "100", None),
        ("KWD", "0.3335", "2", "0.667", None),
    ];
    for (code, price, times, sum, rate) in table {
        let story = Story::new().currency(code).unit("a", price).times(times).paid(sum);
        let memo = story.refunded(sum).memo(&["a"]);
        let line = &memo.lines[0];
        assert_eq!(line.quantity, Some(times.parse().unwrap()), "{price} × {times} {code}");
        assert_eq!(line.amount.to_string(), sum, "{price} × {times} {code}");
        assert_eq!(line.rate.map(|it| it.to_string()).as_deref(), rate, "{price} × {times} {code}");
    }
}

#[test]
fn units_on_one_invoice_line_are_summed_and_their_ids_joined() {
    let p = |story: Story, id: &str| {
        story.unit(id, "10.00").times("2").product("p").discounts("1.00", "0.00").tax("1.50")
    };
    let story = ["b", "d", "a", "c"].into_iter().fold(Story::new(), p);
    let story = story.merged().paid("82.00").refunded("61.50");
    for story in [story.clone(), story.nameless()] {
        let lines = ["item-p 60.00 @1", "8494 -3.00 @2", "credit 61.50", "total 61.50"];
        let plan = check(&story, &["b", "c", "a"], &[&lines]);
        let line = &plan.memos[0].lines[0];
        assert_eq!((line.quantity, line.rate), (Some(6), Some(amount("10.00"))));
        assert_eq!(line.units, [unit("a"), unit("b"), unit("c")]);
    }
}

#[test]
fn item_fixed_credits_the_invoice_without_being_made_from_it() {
    let story = taxed().with(|policy| policy.item = ItemPolicy::Fixed(id("777")));
    let lines =
        ["777 40.00", "8494 -5.00", "777 30.00", "shipping 5.00", "credit 75.60", "total 75.60"];
    let plan = check(&story, &["a", "b"], &[&lines]);
    let memo = &plan.memos[0];
    assert_eq!(memo.source, Source::Against(id("700")));
    assert_eq!(memo.source.created_from(), None);
    assert_eq!(memo.application.as_ref().unwrap().invoice, id("700"));
    assert_eq!(memo.lines[0].units, [unit("a")]);
    // It is credited only once, also when the journal is lost.
    let mut story = story;
    story.record(&plan);
    assert_eq!(stops(&story, &["a", "b"]), ("done", "already-credited"));
}

#[test]
fn item_fixed_is_limited_to_what_is_left_of_the_line() {
    let mut story = taxed().with(|policy| policy.item = ItemPolicy::Fixed(id("777")));
    let mut memo = by_hand(&[("something", 1, "10.00", &[])]);
    memo.lines[0].source_line = Some(3);
    story.memos.push(memo);
    assert_eq!(stops(&story, &["a", "b"]), ("park", "over-credit"));
}

#[test]
fn shipping_as_a_line_needs_the_maps_service_item() {
    let story = taxed().with(|policy| policy.shipping_as = ShippingAs::Line);
    let lines = [
        "item-a 40.00 @1",
        "8494 -5.00 @2",
        "item-b 30.00 @3",
        "4 5.00",
        "credit 75.60",
        "total 75.60",
    ];
    let plan = check(&story, &["a", "b"], &[&lines]);
    let line = &plan.memos[0].lines[3];
    assert_eq!((&line.kind, line.quantity), (&LineKind::Shipping, Some(1)));
    assert_eq!(line.units, [UnitId::shipping()]);
    assert_eq!(plan.memos[0].units, [unit("a"), unit("b"), UnitId::shipping()]);
    for entry in [None, Some(crate::Entry::None)] {
        let mut story = story.clone();
        let entry = entry.map(|it| ("GROUND".to_owned(), it));
        story.maps.shipping_methods = entry.into_iter().collect();
        assert_eq!(stops(&story, &["a", "b"]), ("park", "unmapped"));
    }
}

#[test]
fn shipping_as_a_line_follows_the_invoices_shipping_line() {
    let story = taxed().with(|policy| policy.shipping_as = ShippingAs::Line);
    let story = story.invoice("701").on("b", "701").but(|billing| {
        billing.invoices[0].shipping_cost = Amount::ZERO;
        billing.invoices[0].total = amount("37.80");
        billing.invoices[1].total = amount("37.80");
        let mut line = billing.invoices[1].lines[0].clone();
        (line.line, line.item.id, line.amount) = (8, id("4"), amount("5.00"));
        (line.units, line.tax_code) = (Vec::new(), Some(id("tax-9")));
        billing.invoices[1].lines.push(line);
    });
    let plan = story.plan(&["a", "b"]);
    let line = plan.memos[1].lines.last().unwrap();
    assert_eq!((line.source_line, &line.tax_code), (Some(8), &Some(id("tax-9"))));
}

#[test]
fn shipping_in_the_body_has_the_maps_method_or_none() {
    assert_eq!(taxed().memo(&["a", "b"]).shipping.unwrap().method, Some(id("4")));
    let mut story = taxed();
    story.maps.shipping_methods = [("ground".to_owned(), crate::Entry::None)].into_iter().collect();
    assert_eq!(story.memo(&["a", "b"]).shipping.unwrap().method, None);
    story.maps.shipping_methods = std::iter::empty().collect();
    assert_eq!(stops(&story, &["a", "b"]), ("park", "unmapped"));
    drop(story.reporting(|order| order.units[1].status = Some("returned".into())).memo(&["a"]));
}

#[test]
fn used_or_excluded_shipping_is_not_credited() {
    let never = taxed().with(|policy| policy.shipping = crate::ShippingPolicy::Never);
    let memo = never.memo(&["a", "b"]);
    assert_eq!((memo.shipping, memo.credit), (None, amount("70.20")));
    for status in ["returned", "completed", "opened"] {
        let story = Story::new().unit("a", "20.00").unit("b", "30.00").status(status);
        let story = story.shipping("5.00", "0.40").paid("55.40").refunded("50.00");
        let memo = story.memo(&["a"]);
        assert_eq!((memo.shipping, memo.credit), (None, amount("20.00")), "{status}");
    }
}

#[test]
fn a_free_unit_beside_others_keeps_its_line() {
    let story = Story::new().unit("a", "20.00").unit("b", "5.00").discounts("5.00", "0.00");
    let lines =
        ["item-a 20.00 @1", "item-b 5.00 @2", "8494 -5.00 @3", "credit 20.00", "total 20.00"];
    check(&story.paid("20.00").refunded("20.00"), &["a", "b"], &[&lines]);
}

#[test]
fn tax_inside_shows_no_discount_for_a_cent_missing_on_the_line() {
    let story = Story::new().inside().unit("a", "119.00").tax("19.00").unit("b", "10.00");
    let story = story.paid("129.00").refunded("119.00").but(|billing| {
        billing.invoices[0].lines[0].amount = amount("99.99");
    });
    check(&story, &["a"], &[&["item-a 100.00 @1", "credit 119.00", "total 119.00"]]);
}
