//! Which line a unit without a line of its own may take.

use super::*;

fn item(billing: &mut Billing, nth: usize, external_id: &str, name: &str) {
    let line = &mut billing.invoices[0].lines[nth];
    line.item.external_id = Some(external_id.to_owned());
    line.item.name = Some(name.to_owned());
}

fn same_product() -> Story {
    let story = Story::new().unit("a", "20.00").product("p").unit("b", "20.00").product("p");
    story.paid("40.00").refunded("40.00")
}

#[test]
fn a_line_that_names_an_unknown_id_is_never_taken() {
    let edits: [Edit; 3] = [
        |it| it.invoices[0].lines[0].units = vec![unit("swapped-out")],
        |it| {
            it.invoices[0].lines[0].units = vec![unit("swapped-out")];
            it.invoices[0].lines[0].quantity = Some(5.into());
            it.invoices[0].lines[0].amount = amount("100.00");
        },
        |it| {
            it.invoices[0].lines[0].units = vec![unit("swapped-out"), unit("b")];
            it.invoices[0].lines[0].quantity = Some(3.into());
            it.invoices[0].lines[0].amount = amount("60.00");
            it.invoices[0].lines.remove(1);
        },
    ];
    for edit in edits {
        let story = same_product().but(edit);
        assert_eq!(stops(&story, &["a"]), ("wait", "not-invoiced"), "{story:#?}");
        assert_eq!(story.memo(&["b"]).credit, amount("20.00"));
    }
}

#[test]
fn a_sales_order_line_that_names_an_unknown_id_is_never_closed() {
    let close = |policy: &mut Policy| policy.not_invoiced = NotInvoiced::CloseLines;
    let story = plain().unbilled().with(close);
    let closed = |story: &Story| match story.decide(&["a"]) {
        Decision::Act(plan) => plan.close.map(|close| close.targets[0].line),
        Decision::Stop(_) => None,
    };
    assert_eq!(closed(&story), Some(1));
    let swapped = story.but(|it| {
        it.sales_order.as_mut().unwrap().lines[0].line.units = vec![unit("swapped-out")];
    });
    assert_eq!(closed(&swapped), None);
}

#[test]
fn a_line_that_is_the_better_match_for_another_unit_is_not_taken() {
    // Two variants: the line of one is named after the product of both.
    let story = Story::new().unit("a", "20.00").product("SHIRT-RED");
    let story = story.unit("b", "20.00").product("SHIRT").paid("40.00").refunded("40.00");
    let story = story.nameless().but(|it| {
        item(it, 0, "SHIRT-RED", "SHIRT red");
        item(it, 1, "other", "Shirts : SHIRT");
    });
    assert_eq!(story.memo(&["a"]).lines[0].source_line, Some(1));
    assert_eq!(story.memo(&["b"]).lines[0].source_line, Some(2));
    // Without a line of its own b is not invoiced, though the event names b alone.
    let billed = story.clone().but(|it| drop(it.invoices[0].lines.remove(1)));
    assert_eq!(stops(&billed, &["b"]), ("wait", "not-invoiced"));
    assert_eq!(billed.memo(&["a"]).lines[0].source_line, Some(1));
    // Where that line has a piece more than the better match needs, b may have it.
    let wide = billed.but(|it| {
        it.invoices[0].lines[0].quantity = Some(2.into());
        it.invoices[0].lines[0].amount = amount("40.00");
    });
    assert_eq!(wide.memo(&["b"]).lines[0].source_line, Some(1));
}

#[test]
fn a_credited_unit_keeps_its_line_and_takes_no_other() {
    let mut story = same_product().nameless();
    story.settle(&story.plan(&["a"]));
    assert_eq!(story.memo(&["b"]).lines[0].source_line, Some(2));
    let mut story = same_product().unit("c", "20.00").product("p").paid("20.00").nameless();
    story.settle(&story.plan(&["a", "b"]));
    assert_eq!(story.refunded("20.00").memo(&["c"]).lines[0].source_line, Some(3));
}

#[test]
fn a_unit_of_several_pieces_takes_a_line_with_room_for_all_of_them() {
    let story = Story::new().unit("a", "20.00").product("p");
    let story = story.unit("b", "20.00").product("p").times("2").paid("60.00").refunded("60.00");
    let plan = check(
        &story.nameless(),
        &["a", "b"],
        &[&["item-p 20.00 @1", "item-p 40.00 @2", "credit 60.00", "total 60.00"]],
    );
    assert_eq!(plan.memos[0].lines[1].units, [unit("b")]);
}
