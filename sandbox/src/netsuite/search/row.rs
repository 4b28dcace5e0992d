//! One row of a search with columns.

use super::super::{Record, account::Books, write, xml::Xml};

/// The row of a transaction with the requested columns.
pub(super) fn write(books: &Books, record: &Record, own: &[String], source: &[String]) -> String {
    let mut xml = Xml::default();
    xml.open("platformCore:searchRow", &[("xsi:type", "tranSales:TransactionSearchRow")]);
    part(&mut xml, books, record, "tranSales:basic", own);
    let joined = record.created_from.as_ref().and_then(|it| books.record(it));
    if let Some(joined) = joined.filter(|_| !source.is_empty()) {
        part(&mut xml, books, joined, "tranSales:createdFromJoin", source);
    }
    xml.close("platformCore:searchRow");
    xml.finish()
}

/// A column's value: a reference or a text.
enum Value {
    Ref(String),
    External(String),
    Text(String),
}

fn part(xml: &mut Xml, books: &Books, record: &Record, name: &str, columns: &[String]) {
    xml.open(name, &[]);
    for column in columns {
        let Some(value) = value(books, record, column) else { continue };
        let column = format!("platformCommon:{column}");
        xml.open(&column, &[]);
        match value {
            Value::Ref(id) => xml.empty("platformCore:searchValue", &[("internalId", &id)]),
            Value::External(id) => xml.empty("platformCore:searchValue", &[("externalId", &id)]),
            Value::Text(text) => xml.leaf("platformCore:searchValue", &text),
        }
        xml.close(&column);
    }
    xml.close(name);
}

fn value(books: &Books, record: &Record, column: &str) -> Option<Value> {
    let text = |it: String| Some(Value::Text(it));
    let reference = |it: Option<&String>| it.cloned().map(Value::Ref);
    match column {
        "amountRemaining" => text(books.money(record.open())),
        "createdFrom" => reference(record.created_from.as_ref()),
        "currency" => reference(Some(&record.currency)),
        "entity" => reference(Some(&record.entity)),
        "externalId" => record.external_id.clone().map(Value::External),
        "internalId" => reference(Some(&record.id)),
        "lastModifiedDate" => text(write::moment(books, record.last_modified)),
        "location" => reference(record.location.as_ref()),
        "otherRefNum" => record.other_ref_num.clone().map(Value::Text),
        "postingPeriod" => Some(Value::Ref(write::PERIOD.to_owned())),
        "status" => text(write::status(record).replace(' ', "").to_lowercase()),
        "subsidiary" => reference(record.subsidiary.as_ref()),
        "total" => text(books.money(record.total)),
        "tranDate" => text(write::midnight(books, record.date)),
        "tranId" => text(record.number.clone()),
        "type" => text(super::enumerated(record.kind)),
        _ => None,
    }
}
