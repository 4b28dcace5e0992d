//! Records other than transactions: items, and the entries of lists such as locations.

use std::collections::BTreeSet;

use super::{
    Record,
    account::Books,
    reply::Refusal,
    xml::{ACCOUNTING, CORE, CUSTOMIZATION, Xml},
};

/// The record type of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the record type of its name")]
pub enum ItemType {
    InventoryItem,
    NonInventorySaleItem,
    NonInventoryResaleItem,
    ServiceSaleItem,
    OtherChargeSaleItem,
    DiscountItem,
    PaymentItem,
    GiftCertificateItem,
    KitItem,
    AssemblyItem,
    MarkupItem,
}

/// A list that transactions choose from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is the record type of its name")]
pub enum ListKind {
    Location,
    Department,
    Subsidiary,
    Currency,
    SalesTaxItem,
    TaxGroup,
}

/// A custom field, by where transactions have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum FieldKind {
    Body,
    Column,
}

/// The entries that exist although no transaction names them.
#[derive(Default)]
pub(super) struct Lists(BTreeSet<(ListKind, String)>);

impl ItemType {
    const ALL: [(&'static str, Self); 11] = [
        ("InventoryItem", Self::InventoryItem),
        ("NonInventorySaleItem", Self::NonInventorySaleItem),
        ("NonInventoryResaleItem", Self::NonInventoryResaleItem),
        ("ServiceSaleItem", Self::ServiceSaleItem),
        ("OtherChargeSaleItem", Self::OtherChargeSaleItem),
        ("DiscountItem", Self::DiscountItem),
        ("PaymentItem", Self::PaymentItem),
        ("GiftCertificateItem", Self::GiftCertificateItem),
        ("KitItem", Self::KitItem),
        ("AssemblyItem", Self::AssemblyItem),
        ("MarkupItem", Self::MarkupItem),
    ];

    /// The type of this name, as references spell it.
    fn named(name: &str) -> Option<(&'static str, Self)> {
        Self::ALL.into_iter().find(|(class, _)| spelt(class) == name)
    }
}

impl ListKind {
    const ALL: [(&'static str, Self); 6] = [
        ("Location", Self::Location),
        ("Department", Self::Department),
        ("Subsidiary", Self::Subsidiary),
        ("Currency", Self::Currency),
        ("SalesTaxItem", Self::SalesTaxItem),
        ("TaxGroup", Self::TaxGroup),
    ];

    fn named(name: &str) -> Option<(&'static str, Self)> {
        Self::ALL.into_iter().find(|(class, _)| spelt(class) == name)
    }

    /// Whether a transaction names it.
    fn is_used(self, books: &Books, id: &str) -> bool {
        let chosen = |it: &Record, field: fn(&Record) -> Option<&String>| {
            field(it).is_some_and(|it| it == id)
        };
        match self {
            Self::Location => books.records().any(|it| {
                let on_line = it.lines.iter().any(|line| line.location.as_deref() == Some(id));
                on_line || chosen(it, |it| it.location.as_ref())
            }),
            Self::Department => books.records().any(|it| chosen(it, |it| it.department.as_ref())),
            Self::Subsidiary => books.records().any(|it| chosen(it, |it| it.subsidiary.as_ref())),
            Self::Currency => {
                books.currencies.contains_key(id) || books.records().any(|it| it.currency == id)
            }
            // Codes below zero are built in: they can be used, and not be read.
            Self::SalesTaxItem => !id.starts_with('-') && books.knows_tax_code(id),
            Self::TaxGroup => false,
        }
    }
}

impl Lists {
    /// Puts an entry on a list.
    pub(super) fn add(&mut self, kind: ListKind, id: &str) {
        self.0.insert((kind, id.to_owned()));
    }
}

impl FieldKind {
    fn named(name: &str) -> Option<(&'static str, Self)> {
        match name {
            "transactionBodyCustomField" => Some(("TransactionBodyCustomField", Self::Body)),
            "transactionColumnCustomField" => Some(("TransactionColumnCustomField", Self::Column)),
            _ => None,
        }
    }

    /// Whether a transaction has it.
    fn is_used(self, books: &Books, script_id: &str) -> bool {
        books.records().any(|it| match self {
            Self::Body => it.field(script_id).is_some(),
            Self::Column => it.lines.iter().any(|line| line.field(script_id).is_some()),
        })
    }
}

/// The record of a type that is no transaction; `None` if there is no such type.
pub(super) fn get(books: &Books, kind: &str, id: &str) -> Option<Result<String, Refusal>> {
    if let Some((class, kind)) = ItemType::named(kind) {
        let item = books.items.get(id).filter(|it| it.record == kind);
        let written = item.map(|it| write(class, id, "itemId", &it.name));
        return Some(written.ok_or_else(Refusal::no_such_record));
    }
    if let Some((class, kind)) = FieldKind::named(kind) {
        let is_there = books.custom_fields.contains(id) || kind.is_used(books, id);
        let written = is_there.then(|| write_field(class, id));
        return Some(written.ok_or_else(Refusal::no_such_record));
    }
    let (class, kind) = ListKind::named(kind)?;
    if !books.lists.0.contains(&(kind, id.to_owned())) && !kind.is_used(books, id) {
        return Some(Err(Refusal::no_such_record()));
    }
    let field = match kind {
        ListKind::SalesTaxItem | ListKind::TaxGroup => "itemId",
        _ => "name",
    };
    Some(Ok(write(class, id, field, &format!("{class} {id}"))))
}

fn write(class: &str, id: &str, field: &str, name: &str) -> String {
    let mut xml = Xml::default();
    let class = format!("listAcct:{class}");
    let attributes = [
        ("xmlns:listAcct", ACCOUNTING),
        ("xmlns:platformCore", CORE),
        ("xsi:type", class.as_str()),
        ("internalId", id),
    ];
    xml.open("record", &attributes);
    xml.leaf(&format!("listAcct:{field}"), name);
    xml.leaf("listAcct:isInactive", "false");
    xml.close("record");
    xml.finish()
}

fn write_field(class: &str, script_id: &str) -> String {
    let mut xml = Xml::default();
    let class = format!("setupCustom:{class}");
    let attributes =
        [("xmlns:setupCustom", CUSTOMIZATION), ("xsi:type", class.as_str()), ("internalId", "1")];
    xml.open("record", &attributes);
    xml.leaf("setupCustom:scriptId", script_id);
    xml.close("record");
    xml.finish()
}

/// How references spell a type: `inventoryItem`.
fn spelt(class: &str) -> String {
    let (first, rest) = class.split_at(1);
    format!("{}{rest}", first.to_lowercase())
}
