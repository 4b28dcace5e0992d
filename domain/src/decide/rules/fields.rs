//! Custom fields of the memo and of its item lines, from every source.

use super::*;
use crate::{CustomField, FieldRule, FieldSource, FieldType, LineKind};

fn rule(source: FieldSource) -> FieldRule {
    FieldRule { script_id: "custbody_x".into(), source, kind: FieldType::String }
}

/// Two pieces of one line with tax, and one without; reasons, coupon and channel.
fn story() -> Story {
    let story = Story::new().unit("a", "20.00").product("p").tax("1.65");
    let story = story.unit("b", "20.00").product("p").tax("1.65").unit("c", "10.00");
    let story = story.paid("53.30").refunded("53.30").merged();
    story.reporting(|order| {
        order.coupon = Some("SUMMER".into());
        order.units[1].reason = Some("fraud".into());
    })
}

fn values(fields: &[CustomField]) -> Vec<&str> {
    fields.iter().map(|field| &*field.value).collect()
}

#[test]
fn every_source_has_its_value_on_the_memo_and_on_its_lines() {
    use FieldSource as From;
    // Source; on the memo; on the line of a and b; on the line of c.
    let table: [(From, &str, &str, &str); 10] = [
        (From::OrderExternalId, "TEST-1", "TEST-1", "TEST-1"),
        (From::OrderId, ORDER, ORDER, ORDER),
        (From::OrderChannel, "USC", "USC", "USC"),
        (From::OrderChannelType, "web", "web", "web"),
        (From::PublishedAt, "2020-02-19", "2020-02-19", "2020-02-19"),
        (
            From::CancellationReason,
            "insufficient_stock, fraud",
            "insufficient_stock, fraud",
            "insufficient_stock",
        ),
        (From::UnitId, "a,b,c", "a,b", "c"),
        (From::UnitTaxRate, "6.6", "8.25", "0"),
        (From::UnitCoupon, "SUMMER", "SUMMER", "SUMMER"),
        (From::Constant("fixed".into()), "fixed", "fixed", "fixed"),
    ];
    for (source, on_memo, on_first, on_second) in table {
        let memo = story()
            .with(|policy| {
                policy.fields = vec![rule(source.clone())];
                policy.line_fields = vec![rule(source.clone())];
            })
            .memo(&["c", "a", "b"]);
        assert_eq!(values(&memo.fields), [on_memo], "{source:?}");
        assert_eq!(values(&memo.lines[0].fields), [on_first], "{source:?}");
        assert_eq!(values(&memo.lines[1].fields), [on_second], "{source:?}");
    }
}

#[test]
fn the_events_own_reason_comes_first() {
    let story = story().with(|policy| {
        policy.fields = vec![rule(FieldSource::CancellationReason)];
    });
    let mut cancellation = Story::cancellation(&["a", "c"]);
    cancellation.units.insert(unit("a"), Some("changed_mind".into()));
    let order = story.ready(&["a", "c"]).unwrap();
    let billing = story.billing(&order);
    let decision = decide(&DecisionInput {
        cancellation: &cancellation,
        order: &order,
        billing: &billing,
        claims: &[],
        policy: &story.policy,
        maps: &story.maps,
        published: date("2020-02-19"),
        not_before: None,
        deadline: Deadline::Pending,
        storefront: "shop",
    });
    let Decision::Act(plan) = decision else {
        panic!("{decision:?}");
    };
    assert_eq!(values(&plan.memos[0].fields), ["changed_mind, insufficient_stock"]);
    assert!(plan.memos[0].text.starts_with("shop cancellation"), "{}", plan.memos[0].text);
}

#[test]
fn types_and_script_ids_come_from_the_policy() {
    use FieldType as Type;
    let kinds = [
        Type::String,
        Type::Select,
        Type::MultiSelect,
        Type::Boolean,
        Type::Long,
        Type::Double,
        Type::Date,
    ];
    for kind in kinds {
        let memo = story()
            .with(|policy| {
                policy.fields = vec![FieldRule { kind, ..rule(FieldSource::OrderId) }];
            })
            .memo(&["a"]);
        assert_eq!((&*memo.fields[0].script_id, memo.fields[0].kind), ("custbody_x", kind));
    }
}

#[test]
fn a_field_without_a_value_is_left_out() {
    let memo = story()
        .reporting(|order| {
            (order.coupon, order.channel, order.channel_type) = (None, None, None);
            order.units[2].reason = None;
            order.units[2].price = crate::ReportedAmount::of("0.00");
        })
        .with(|policy| {
            let sources = [
                FieldSource::UnitCoupon,
                FieldSource::OrderChannel,
                FieldSource::OrderChannelType,
                FieldSource::UnitTaxRate,
                FieldSource::CancellationReason,
            ];
            policy.line_fields = sources.map(rule).into();
        })
        .memo(&["a", "c"]);
    let lines: Vec<_> = memo.lines.iter().filter(|line| line.kind == LineKind::Item).collect();
    assert_eq!(values(&lines[0].fields), ["8.25", "insufficient_stock"]);
    assert_eq!(values(&lines[1].fields), [""; 0]);
}

#[test]
fn fields_cleared_by_policy_are_cleared_on_every_memo() {
    let memo = story().with(|it| it.cleared_fields = vec!["custbody_y".into()]).memo(&["a"]);
    assert_eq!(memo.cleared, ["custbody_y"]);
}

#[test]
fn only_item_lines_carry_line_fields() {
    let story = Story::new().unit("a", "20.00").discounts("4.00", "0.00").paid("16.00");
    let story = story.refunded("16.00");
    let memo = story.with(|it| it.line_fields = vec![rule(FieldSource::UnitId)]).memo(&["a"]);
    assert_eq!(values(&memo.lines[0].fields), ["a"]);
    assert_eq!(memo.lines[1].kind, LineKind::Discount);
    assert!(memo.lines[1].fields.is_empty() && memo.fields.is_empty());
}
