//! Every request for a memo is well-formed, in the schema's order and namespaces, and carries the
//! given values.

use proptest::prelude::*;
use roxmltree::{Document, Node};

use super::{add, arbitrary, close_lines, memos_by_reference, sales_documents_of_number};
use crate::{
    fixtures::{NONCE, TIMESTAMP, conventions, credentials},
    request::Request,
};

/// The written fields, in the order of the schema.
const ORDER: [(&str, &str); 12] = [
    ("Envelope", "Header Body"),
    ("Header", "tokenPassport preferences searchPreferences"),
    ("tokenPassport", "account consumerKey token nonce timestamp signature"),
    (
        "CreditMemo",
        "nullFieldList taxDetailsOverride customForm currency entity tranDate createdFrom \
         department class location subsidiary otherRefNum memo account taxItem autoApply \
         shipMethod shippingCost shippingTaxCode handlingCost itemList applyList taxDetailsList \
         customFieldList",
    ),
    (
        "CreditMemoItem",
        "item orderLine quantity price rate amount isTaxable taxCode location \
         taxDetailsReference customFieldList",
    ),
    ("apply", "apply doc amount line"),
    ("taxDetails", "taxDetailsReference taxType taxCode taxBasis taxRate taxAmount"),
    ("SalesOrder", "itemList"),
    ("SalesOrderItem", "quantity amount isClosed line"),
    ("TransactionSearchAdvanced", "criteria"),
    ("criteria", "basic createdFromJoin"),
    ("TransactionSearchBasic", "createdFrom externalIdString mainLine otherRefNum type voided"),
];

/// Prefixes by the content of an element: its children, not the element itself.
const NAMESPACES: [(&str, &str); 9] = [
    ("tokenPassport", "core"),
    ("nullFieldList", "core"),
    ("CreditMemo", "customers"),
    ("CreditMemoItem", "customers"),
    ("apply", "customers"),
    ("taxDetails", "common"),
    ("SalesOrder", "sales"),
    ("TransactionSearchBasic", "common"),
    ("customFieldList", "core"),
];

const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

fn written(request: &Request) -> String {
    request.envelope("2025_2", &credentials("1234567").sign(NONCE.to_owned(), TIMESTAMP))
}

/// The kind of an element: its declared type where it has one.
fn kind<'a>(node: Node<'a, '_>) -> &'a str {
    let name = node.tag_name().name();
    let parent = node.parent_element().map(|it| it.tag_name().name());
    match (name, parent) {
        ("record" | "searchRecord", _) => {
            let declared = node.attribute((XSI, "type")).unwrap_or_default();
            declared.rsplit(':').next().unwrap_or_default()
        }
        ("item", Some("itemList")) if is_in(node, "customers") => "CreditMemoItem",
        ("item", Some("itemList")) => "SalesOrderItem",
        ("apply", Some("apply")) => "",
        ("basic" | "createdFromJoin", _) => "TransactionSearchBasic",
        _ => name,
    }
}

fn is_in(node: Node<'_, '_>, namespace: &str) -> bool {
    let uri = node.tag_name().namespace().unwrap_or_default();
    uri.starts_with(&format!("urn:{namespace}_2025_2."))
}

fn elements<'a, 'i>(node: Node<'a, 'i>) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children().filter(Node::is_element)
}

/// Fails at the first element that is out of order, unknown or in the wrong namespace.
#[track_caller]
fn check(text: &str) {
    let document = Document::parse(text).unwrap_or_else(|error| panic!("{error} in {text}"));
    for node in document.descendants().filter(Node::is_element) {
        let kind = kind(node);
        if let Some((_, order)) = ORDER.iter().find(|(of, _)| *of == kind) {
            let mut rest = order.split_ascii_whitespace();
            for child in elements(node) {
                let name = child.tag_name().name();
                assert!(rest.any(|it| it == name), "{name} in {kind} in {text}");
            }
        }
        if let Some((_, namespace)) = NAMESPACES.iter().find(|(of, _)| *of == kind) {
            for child in elements(node) {
                let name = child.tag_name().name();
                let namespace = if name == "nullFieldList" { "core" } else { namespace };
                assert!(is_in(child, namespace), "{name} is not in {namespace} in {text}");
            }
        }
    }
}

/// The text that remains after XML.
fn carried(text: &str) -> String {
    let is_allowed = |c: &char| {
        matches!(*c, '\t' | '\n' | '\r') || (' ' <= *c && !matches!(*c, '\u{fffe}' | '\u{ffff}'))
    };
    text.chars().filter(is_allowed).collect()
}

fn texts(text: &str, name: &str) -> Vec<String> {
    let document = Document::parse(text).unwrap();
    let found = document.descendants().filter(|it| it.tag_name().name() == name);
    found.map(|it| it.text().unwrap_or_default().to_owned()).collect()
}

proptest! {
    #[test]
    fn a_memo_is_written_in_order_with_its_values(memo in arbitrary::memo()) {
        let text = written(&add(&memo, &conventions()));
        check(&text);
        prop_assert_eq!(texts(&text, "memo"), [carried(&memo.text)]);
        prop_assert_eq!(texts(&text, "otherRefNum"), [carried(&memo.reference)]);
        let document = Document::parse(&text).unwrap();
        let record = document.descendants().find(|it| it.tag_name().name() == "record").unwrap();
        prop_assert_eq!(record.attribute("externalId"), Some(memo.key.as_str()));
        let nulls = elements(record).find(|it| it.tag_name().name() == "nullFieldList");
        let names = nulls.into_iter().flat_map(elements);
        let cleared: Vec<_> = names.filter_map(|it| it.text()).collect();
        prop_assert_eq!(cleared, memo.cleared.iter().map(String::as_str).collect::<Vec<_>>());
        let list = elements(record).find(|it| it.tag_name().name() == "itemList").unwrap();
        prop_assert_eq!(elements(list).count(), memo.lines.len());
        for (line, memo_line) in elements(list).zip(&memo.lines) {
            let amount = elements(line).find(|it| it.tag_name().name() == "amount").unwrap();
            prop_assert_eq!(amount.text().unwrap_or_default(), memo_line.amount.to_string());
        }
        // Every list replaces the entries that NetSuite would create.
        for name in ["itemList", "applyList", "taxDetailsList"] {
            let list = elements(record).find(|it| it.tag_name().name() == name);
            let replaces = list.is_none_or(|it| it.attribute("replaceAll") == Some("true"));
            prop_assert!(replaces, "{} in {}", name, text);
        }
    }

    #[test]
    fn lines_are_closed_in_order(lines in arbitrary::lines_to_close()) {
        let text = written(&close_lines(&lines));
        check(&text);
        prop_assert_eq!(texts(&text, "isClosed").len(), lines.targets.len());
        prop_assert!(text.contains("<s:itemList replaceAll=\"false\">"), "{}", text);
    }

    #[test]
    fn any_number_makes_a_valid_query(number in arbitrary::text()) {
        for request in [sales_documents_of_number(&number), memos_by_reference(&number)] {
            let text = written(&request);
            check(&text);
            let found = texts(&text, "searchValue");
            prop_assert!(found.contains(&carried(&number)), "{:?} in {}", found, text);
        }
    }
}
