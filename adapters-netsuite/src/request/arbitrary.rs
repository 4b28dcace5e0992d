//! Arbitrary credit memos, for tests of the requests.

use domain::{
    Amount, Application, BodyShipping, CreditMemo, CustomField, FieldType, InstrumentKey, LineKind,
    LineTarget, LinesToClose, MemoKey, MemoLine, RecordId, Source, TaxBasis, TaxDetail, UnitId,
};
use proptest::{collection::vec, option::of, prelude::*, sample::select, strategy::Union};

/// Any memo that a decision can make: every field present or absent, with any text.
pub(crate) fn memo() -> impl Strategy<Value = CreditMemo> {
    let head = (source(), vec(of(id()), 6), select(vec![TaxBasis::Codes, TaxBasis::Details]));
    let body = (
        vec(line(), 0..5),
        of(shipping()),
        of((id(), amount())),
        (vec(field("custbody"), 0..4), vec("custbody_[a-z_]{1,12}", 0..3)),
        of(id()),
    );
    (head, body, vec(unit(), 1..5), (id(), of(id()), text(), text(), day()), amount()).prop_map(
        |(head, body, units, (entity, currency, reference, text, date), total)| {
            let (source, optional, tax_basis) = head;
            let (lines, shipping, application, (fields, cleared), account) = body;
            let [location, department, class, subsidiary, custom_form, tax_item] =
                optional.try_into().expect("there are six");
            let tenant = "dodici".parse().expect("a tenant");
            let order = ORDER.parse().expect("a UUID");
            CreditMemo {
                key: MemoKey::of(&tenant, &order, &units),
                order,
                units,
                source,
                entity,
                currency,
                money: "USD".parse().expect("a currency"),
                account,
                location,
                department,
                class,
                subsidiary,
                custom_form,
                date,
                reference,
                text,
                tax_item,
                tax_basis,
                lines,
                shipping,
                application: application.map(|(invoice, amount)| Application { invoice, amount }),
                fields,
                cleared,
                credit: total,
                total,
            }
        },
    )
}

/// Any lines to close.
pub(crate) fn lines_to_close() -> impl Strategy<Value = LinesToClose> {
    let target = (any::<u32>(), of(0..1000_i64), of(amount()), any::<bool>());
    let target = target.prop_map(|(line, quantity, amount, closed)| LineTarget {
        line,
        quantity: quantity.map(Into::into),
        amount,
        closed,
    });
    (id(), vec(target, 1..5))
        .prop_map(|(sales_order, targets)| LinesToClose { sales_order, targets })
}

/// A record's id, as NetSuite numbers them.
pub(crate) fn id() -> impl Strategy<Value = RecordId> {
    (-200..=i64::from(u32::MAX)).prop_map(|it| it.to_string().parse().expect("a number is an id"))
}

/// Text of any characters, including those that XML cannot carry.
pub(crate) fn text() -> impl Strategy<Value = String> {
    let special =
        select(vec!['<', '>', '&', '"', '\'', ']', '\0', '\u{7}', '\r', '\n', '\u{fffe}']);
    vec(Union::new([any::<char>().boxed(), special.boxed()]), 0..30)
        .prop_map(|it| it.into_iter().collect())
}

const ORDER: &str = "9f4e8ffc-c79c-5839-b1b7-d65a26e60ef6";

fn source() -> impl Strategy<Value = Source> {
    (0..3, id()).prop_map(|(kind, id)| match kind {
        0 => Source::Invoice(id),
        1 => Source::Against(id),
        _ => Source::SalesOrder(id),
    })
}

fn amount() -> impl Strategy<Value = Amount> {
    (-99_999_999_999_i64..99_999_999_999, 0_u32..7).prop_map(|(digits, scale)| {
        let value = rust_decimal::Decimal::new(digits, scale);
        Amount::new(value).expect("it is small enough")
    })
}

fn unit() -> impl Strategy<Value = UnitId> {
    "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}|shipping"
        .prop_map(|it| UnitId::stored(&it).expect("a UUID"))
}

fn day() -> impl Strategy<Value = domain::CivilDate> {
    (1990_i16..2100, 1_i8..=12, 1_i8..=28)
        .prop_map(|(year, month, day)| domain::CivilDate::new(year, month, day).expect("a day"))
}

fn kind() -> impl Strategy<Value = LineKind> {
    let payment = "[a-z_]{1,12}".prop_map(|it| LineKind::Payment(InstrumentKey::stored(&it)));
    let others = select(vec![
        LineKind::Item,
        LineKind::Discount,
        LineKind::Shipping,
        LineKind::Tax,
        LineKind::Rounding,
    ]);
    Union::new([others.boxed(), payment.boxed()])
}

fn line() -> impl Strategy<Value = MemoLine> {
    let numbers = (of(any::<u32>()), of(1_u32..100), of(amount()), amount());
    let lists = (vec(unit(), 0..3), vec(tax(), 0..3), vec(field("custcol"), 0..3));
    (kind(), id(), numbers, of(id()), of(any::<bool>()), of(id()), lists).prop_map(
        |(
            kind,
            item,
            (source_line, quantity, rate, amount),
            tax_code,
            taxable,
            location,
            lists,
        )| {
            let (units, taxes, fields) = lists;
            MemoLine {
                kind,
                item,
                source_line,
                quantity,
                rate,
                amount,
                tax_code,
                taxable,
                location,
                units,
                taxes,
                fields,
            }
        },
    )
}

fn tax() -> impl Strategy<Value = TaxDetail> {
    (id(), id(), amount(), amount(), 0_i64..1_000_000).prop_map(
        |(tax_type, tax_code, basis, amount, rate)| TaxDetail {
            tax_type,
            tax_code,
            basis,
            rate: rust_decimal::Decimal::new(rate, 4),
            amount,
        },
    )
}

fn shipping() -> impl Strategy<Value = BodyShipping> {
    (amount(), of(id()), of(id()), vec(tax(), 0..2))
        .prop_map(|(cost, method, tax_code, taxes)| BodyShipping { cost, method, tax_code, taxes })
}

/// A custom field whose value is of its type.
fn field(prefix: &'static str) -> impl Strategy<Value = CustomField> {
    let ids = vec(id(), 0..4);
    let list = |ids: Vec<RecordId>| ids.iter().map(RecordId::as_str).collect::<Vec<_>>().join(",");
    let value = Union::new([
        text().prop_map(|it| (FieldType::String, it)).boxed(),
        id().prop_map(|it| (FieldType::Select, it.to_string())).boxed(),
        ids.prop_map(move |it| (FieldType::MultiSelect, list(it))).boxed(),
        any::<bool>().prop_map(|it| (FieldType::Boolean, it.to_string())).boxed(),
        any::<i64>().prop_map(|it| (FieldType::Long, it.to_string())).boxed(),
        amount().prop_map(|it| (FieldType::Double, it.to_string())).boxed(),
        day().prop_map(|it| (FieldType::Date, it.to_string())).boxed(),
    ]);
    ("[a-z_]{1,12}", value).prop_map(move |(name, (kind, value))| CustomField {
        script_id: format!("{prefix}_{name}"),
        kind,
        value,
    })
}
