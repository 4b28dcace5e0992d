//! Checks a request against the schema: names, namespaces, order, types.

use std::{collections::HashMap, sync::LazyLock};

use jiff::Timestamp;
use roxmltree::Node;

use super::{
    number,
    xml::{COMMON, CORE, CUSTOMERS, MESSAGES, SALES, XSI, attribute, children, content, xsi_type},
};

static SHAPES: LazyLock<HashMap<&str, Shape>> = LazyLock::new(|| parse(include_str!("shapes.txt")));

/// The elements of a type in their order.
struct Shape {
    namespace: &'static str,
    elements: Vec<Element>,
}

struct Element {
    name: &'static str,
    repeats: bool,
    kind: &'static str,
}

/// Custom fields by their `xsi:type`, with the type of their value.
const CUSTOM: [(&str, &str); 7] = [
    ("StringCustomFieldRef", "string"),
    ("SelectCustomFieldRef", "listRef"),
    ("MultiSelectCustomFieldRef", "listRef"),
    ("BooleanCustomFieldRef", "boolean"),
    ("LongCustomFieldRef", "long"),
    ("DoubleCustomFieldRef", "double"),
    ("DateCustomFieldRef", "dateTime"),
];

/// Operators by the type of a search field.
const OPERATORS: [(&str, &[&str]); 5] = [
    ("searchRefs", &["anyOf", "noneOf"]),
    ("searchEnum", &["anyOf", "noneOf"]),
    ("searchString", &["is", "isNot", "contains", "startsWith", "empty", "notEmpty"]),
    ("searchTextNumber", &["equalTo", "notEqualTo", "empty", "notEmpty"]),
    (
        "searchDate",
        &["after", "before", "notAfter", "notBefore", "on", "onOrAfter", "onOrBefore", "within"],
    ),
];

/// Why a request does not fit the schema, with the wording of the account's parser.
pub(super) type Violation = String;

/// Checks `node` against the type of this name.
pub(super) fn check(node: Node<'_, '_>, name: &str) -> Result<(), Violation> {
    let shape = SHAPES.get(name).expect("only types that are in the file are asked for");
    let allowed: &[&str] = match name {
        "CreditMemo" | "SalesOrder" => &["internalId", "externalId"],
        "CreditMemoItemList" | "CreditMemoApplyList" | "TaxDetailsList" | "SalesOrderItemList" => {
            &["replaceAll"]
        }
        _ => &[],
    };
    attributes(node, allowed)?;
    let mut next = 0;
    for child in children(node) {
        let local = child.tag_name().name();
        let place = shape.elements[next..].iter().position(|it| it.name == local);
        let Some(place) = place.map(|it| it + next) else {
            return Err(format!("Invalid element in {name} - {local}"));
        };
        let element = &shape.elements[place];
        let namespace = if element.kind == "nulls" { CORE } else { shape.namespace };
        if child.tag_name().namespace() != Some(namespace) {
            return Err(format!("Invalid element in {name} - {local} is in another namespace"));
        }
        next = if element.repeats { place } else { place + 1 };
        value(child, element.kind)?;
    }
    Ok(())
}

/// Checks that `xsi:type` names this type.
pub(super) fn is_type(node: Node<'_, '_>, namespace: &str, name: &str) -> bool {
    xsi_type(node) == Some((namespace, name))
}

/// Checks a reference that must state its type: `baseRef`.
pub(super) fn base_ref(node: Node<'_, '_>) -> Result<(), Violation> {
    if !node.has_tag_name((MESSAGES, "baseRef")) {
        return Err(format!("Invalid element - {}", node.tag_name().name()));
    }
    match xsi_type(node) {
        Some((CORE, "RecordRef")) => reference(node, &["internalId", "externalId", "type"]),
        Some((CORE, "CustomizationRef")) => {
            reference(node, &["internalId", "externalId", "type", "scriptId"])
        }
        _ => Err("baseRef is abstract: BaseRef cannot be instantiated".to_owned()),
    }
}

fn value(node: Node<'_, '_>, kind: &str) -> Result<(), Violation> {
    match kind {
        "ref" => reference(node, &["internalId", "externalId", "type"]),
        "listRef" => reference(node, &["internalId", "externalId", "typeId"]),
        "nulls" => children(node).try_for_each(|it| core_leaf(it, "name", "string")),
        "customFields" => children(node).try_for_each(custom_field),
        "searchCustomFields" => children(node).try_for_each(search_custom_field),
        "column" => children(node).try_for_each(|it| core_leaf(it, "customLabel", "string")),
        "searchBoolean" => {
            children(node).try_for_each(|it| core_leaf(it, "searchValue", "boolean"))
        }
        "searchRefs" | "searchEnum" | "searchString" | "searchTextNumber" | "searchDate" => {
            search_field(node, kind)
        }
        simple if simple.starts_with(char::is_lowercase) => leaf(node, simple),
        complex => check(node, complex),
    }
}

fn leaf(node: Node<'_, '_>, kind: &str) -> Result<(), Violation> {
    attributes(node, &[])?;
    simple(node, kind)
}

fn simple(node: Node<'_, '_>, kind: &str) -> Result<(), Violation> {
    let text = content(node);
    let fits = children(node).next().is_none()
        && match kind {
            "boolean" => matches!(text, "true" | "false" | "1" | "0"),
            "long" | "int" => text.parse::<i64>().is_ok(),
            "double" => number::parse(text).is_some(),
            "dateTime" => text.parse::<Timestamp>().is_ok(),
            _ => true,
        };
    if fits { Ok(()) } else { Err(format!("Bad {kind} in {}: {text}", node.tag_name().name())) }
}

fn core_leaf(node: Node<'_, '_>, name: &str, kind: &str) -> Result<(), Violation> {
    if !node.has_tag_name((CORE, name)) {
        return Err(format!("Invalid element - {}", node.tag_name().name()));
    }
    simple(node, kind)
}

fn reference(node: Node<'_, '_>, allowed: &[&str]) -> Result<(), Violation> {
    attributes(node, allowed)?;
    if !content(node).is_empty() {
        return Err(format!("Unexpected text in {}", node.tag_name().name()));
    }
    children(node).try_for_each(|it| core_leaf(it, "name", "string"))
}

fn custom_field(node: Node<'_, '_>) -> Result<(), Violation> {
    if !node.has_tag_name((CORE, "customField")) {
        return Err(format!("Invalid element in CustomFieldList - {}", node.tag_name().name()));
    }
    attributes(node, &["internalId", "scriptId"])?;
    let kind = xsi_type(node).filter(|(namespace, _)| *namespace == CORE);
    let kind = kind.and_then(|(_, name)| CUSTOM.iter().find(|it| it.0 == name));
    let Some((name, kind)) = kind else {
        return Err("customField is abstract: CustomFieldRef cannot be instantiated".to_owned());
    };
    let values: Vec<_> = children(node).collect();
    if values.len() != 1 && *name != "MultiSelectCustomFieldRef" {
        return Err(format!("{name} takes one value"));
    }
    values.into_iter().try_for_each(|it| match *kind {
        "listRef" if it.has_tag_name((CORE, "value")) => value(it, kind),
        _ => core_leaf(it, "value", kind),
    })
}

fn search_field(node: Node<'_, '_>, kind: &str) -> Result<(), Violation> {
    attributes(node, &["operator"])?;
    let name = node.tag_name().name();
    let known = OPERATORS.iter().find(|it| it.0 == kind).map(|it| it.1).unwrap_or_default();
    let operator = attribute(node, "operator").unwrap_or_default();
    if !known.contains(&operator) {
        return Err(format!("{operator} is not a legal operator of {name}"));
    }
    children(node).try_for_each(|it| match kind {
        "searchRefs" if it.has_tag_name((CORE, "searchValue")) => value(it, "ref"),
        "searchDate" if it.has_tag_name((CORE, "searchValue2")) => leaf(it, "dateTime"),
        "searchDate" => core_leaf(it, "searchValue", "dateTime"),
        _ => core_leaf(it, "searchValue", "string"),
    })
}

fn search_custom_field(node: Node<'_, '_>) -> Result<(), Violation> {
    let fits = node.has_tag_name((CORE, "customField"))
        && is_type(node, CORE, "SearchStringCustomField")
        && attribute(node, "scriptId").is_some()
        && attribute(node, "operator") == Some("is");
    if !fits {
        return Err("customField is abstract: SearchCustomField cannot be instantiated".to_owned());
    }
    children(node).try_for_each(|it| core_leaf(it, "searchValue", "string"))
}

fn attributes(node: Node<'_, '_>, allowed: &[&str]) -> Result<(), Violation> {
    for attribute in node.attributes() {
        let known: &[&str] = match attribute.namespace() {
            None => allowed,
            Some(XSI) => &["type"],
            Some(_) => &[],
        };
        if !known.contains(&attribute.name()) {
            let name = node.tag_name().name();
            return Err(format!("Unknown attribute {} in {name}", attribute.name()));
        }
    }
    Ok(())
}

/// An indented line continues the previous one.
fn parse(text: &'static str) -> HashMap<&'static str, Shape> {
    let mut shapes = HashMap::new();
    let mut current = "";
    for line in text.lines().filter(|it| !it.is_empty() && !it.starts_with('#')) {
        let mut words = line.split_ascii_whitespace();
        if !line.starts_with(' ') {
            current = words.next().expect("a line has words");
            let namespace = match words.next().expect("a type has a namespace") {
                "customers" => CUSTOMERS,
                "sales" => SALES,
                "common" => COMMON,
                "core" => CORE,
                _ => MESSAGES,
            };
            shapes.insert(current, Shape { namespace, elements: Vec::new() });
        }
        let shape = shapes.get_mut(current).expect("an indented line has one before");
        shape.elements.extend(words.map(|word| {
            let (name, kind) = word.split_once(':').expect("an element has a type");
            let bare = name.trim_end_matches('*');
            Element { name: bare, repeats: bare != name, kind }
        }));
    }
    shapes
}
