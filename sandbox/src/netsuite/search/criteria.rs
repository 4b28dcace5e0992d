//! Selects the transactions of a search.

use jiff::Timestamp;
use roxmltree::Node;

use super::super::{
    Field, Record, Standing,
    account::Books,
    xml::{attribute, child, children, content},
};

/// The transactions that match a search record, in the order of their creation.
pub(super) fn matching<'a>(
    books: &'a Books,
    search: Node<'a, 'a>,
) -> Box<dyn Iterator<Item = &'a Record> + 'a> {
    let criteria = child(search, "criteria");
    let basic = match criteria {
        Some(criteria) => child(criteria, "basic"),
        None => Some(search),
    };
    let source = criteria.and_then(|it| child(it, "createdFromJoin"));
    let fits = move |record: &&Record| {
        let joined = source.is_none_or(|join| {
            let source = record.created_from.as_ref().and_then(|it| books.record(it));
            source.is_some_and(|it| all(books, it, join))
        });
        joined && basic.is_none_or(|it| all(books, record, it))
    };
    // Most searches name a source record: then only the records made from it are checked.
    let sources = basic.and_then(|it| child(it, "createdFrom"));
    match sources.filter(|it| attribute(*it, "operator") == Some("anyOf")) {
        Some(sources) => {
            let made = children(sources).filter_map(|it| attribute(it, "internalId"));
            Box::new(made.flat_map(|id| books.made_from(id)).filter(fits))
        }
        None => Box::new(books.records().filter(fits)),
    }
}

fn all(books: &Books, record: &Record, criteria: Node<'_, '_>) -> bool {
    children(criteria).all(|criterion| one(books, record, criterion))
}

fn one(books: &Books, record: &Record, criterion: Node<'_, '_>) -> bool {
    let external_id = record.external_id.as_deref();
    match criterion.tag_name().name() {
        "type" => chosen(criterion, |it| content(it) == super::enumerated(record.kind)),
        "createdFrom" => refers(criterion, record.created_from.as_deref()),
        "currency" => refers(criterion, Some(&record.currency)),
        "entity" => refers(criterion, Some(&record.entity)),
        "internalId" => refers(criterion, Some(&record.id)),
        "externalId" => chosen(criterion, |it| {
            let wanted = attribute(it, "externalId").unwrap_or_default();
            external_id.is_some_and(|it| it.eq_ignore_ascii_case(wanted))
        }),
        "externalIdString" => is_text(criterion, external_id),
        "otherRefNum" => is_text(criterion, record.other_ref_num.as_deref()),
        "tranId" => is_text(criterion, Some(&record.number)),
        "lastModifiedDate" | "dateCreated" => within(criterion, record.last_modified),
        "tranDate" => {
            let midnight = record.date.to_zoned(books.time_zone.clone());
            midnight.is_ok_and(|it| within(criterion, it.timestamp()))
        }
        "voided" => flag(criterion) == (record.standing == Standing::Voided),
        // Lines are no results of their own here: only the main line is found.
        "mainLine" => flag(criterion),
        "customFieldList" => children(criterion).all(|it| custom(record, it)),
        other => unreachable!("{other} passed the check against the schema"),
    }
}

fn chosen<'a, 'i>(criterion: Node<'a, 'i>, fits: impl FnMut(Node<'a, 'i>) -> bool) -> bool {
    children(criterion).any(fits) == (attribute(criterion, "operator") == Some("anyOf"))
}

fn refers(criterion: Node<'_, '_>, id: Option<&str>) -> bool {
    let found = children(criterion).any(|it| attribute(it, "internalId") == id && id.is_some());
    found == (attribute(criterion, "operator") == Some("anyOf"))
}

fn is_text(criterion: Node<'_, '_>, value: Option<&str>) -> bool {
    let wanted = child(criterion, "searchValue").map(content).unwrap_or_default().to_lowercase();
    let value = value.unwrap_or_default().to_lowercase();
    match attribute(criterion, "operator").unwrap_or_default() {
        "is" | "equalTo" => value == wanted,
        "isNot" | "notEqualTo" => value != wanted,
        "contains" => value.contains(&wanted),
        "startsWith" => value.starts_with(&wanted),
        "empty" => value.is_empty(),
        _ => !value.is_empty(),
    }
}

fn within(criterion: Node<'_, '_>, at: Timestamp) -> bool {
    let moment = |name| child(criterion, name).and_then(|it| content(it).parse::<Timestamp>().ok());
    let Some(first) = moment("searchValue") else {
        return false;
    };
    match attribute(criterion, "operator").unwrap_or_default() {
        "after" => first < at,
        "onOrAfter" | "notBefore" => first <= at,
        "before" => at < first,
        "onOrBefore" | "notAfter" => at <= first,
        "within" => first <= at && moment("searchValue2").is_none_or(|last| at <= last),
        _ => first == at,
    }
}

fn flag(criterion: Node<'_, '_>) -> bool {
    child(criterion, "searchValue").is_none_or(|it| matches!(content(it), "true" | "1"))
}

fn custom(record: &Record, criterion: Node<'_, '_>) -> bool {
    let wanted = child(criterion, "searchValue").map(content).unwrap_or_default();
    let named = |it: &&Field| Some(it.script_id.as_str()) == attribute(criterion, "scriptId");
    record.fields.iter().filter(named).any(|field| field.values.iter().any(|value| value == wanted))
}
