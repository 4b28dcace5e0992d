//! The state of an account: its records, and the scripted faults.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use rust_decimal::Decimal;

use super::{
    Access, Credentials, Denial, ItemType, Kind, Record, auth::Nonces, fault::Script, hold::Holds,
    limits::Limits, listing::Lists, memo, number,
};
use crate::clock::{self, Now};

/// An item that lines name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its internal id.
    pub id: String,
    /// Its name, as lines show it.
    pub name: String,
    /// Its external id: the product.
    pub external_id: Option<String>,
    /// Its purpose.
    pub kind: ItemKind,
    /// Its record type.
    pub record: ItemType,
    /// Its base price, which overrides amounts that are entered without the custom price level.
    pub price: Option<Decimal>,
}

/// The purpose of an item. On a memo made from an invoice, only lines of sold items must name the
/// invoice's line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemKind {
    /// A sold item.
    Goods,
    /// A discount.
    Discount,
    /// A payment, a tax, a rounding difference, a service.
    Other,
}

pub(super) struct Shared {
    pub(super) script: Script,
    pub(super) holds: Holds,
    pub(super) limits: Arc<Limits>,
    books: Mutex<Books>,
}

/// All records, and the settings that decide which requests are accepted.
pub(super) struct Books {
    pub(super) credentials: Credentials,
    pub(super) nonces: Nonces,
    pub(super) items: HashMap<String, Item>,
    pub(super) lists: Lists,
    pub(super) custom_fields: HashSet<String>,
    pub(super) tax_codes: HashMap<String, Decimal>,
    pub(super) currencies: HashMap<String, u32>,
    pub(super) denials: Vec<Denial>,
    pub(super) closed_until: Option<Date>,
    pub(super) time_zone: TimeZone,
    pub(super) now: Now,
    pub(super) page_limit: usize,
    /// Whether amounts are printed with the noise of doubles.
    pub(super) noise: bool,
    pub(super) searches: HashMap<String, super::search::Found>,
    records: BTreeMap<u64, Record>,
    by_external_id: HashMap<String, u64>,
    made_from: HashMap<String, Vec<u64>>,
    last_id: u64,
    numbers: HashMap<Kind, u32>,
    pub(super) requests: u64,
}

impl Item {
    /// An item without an external id; a sold item is an inventory item.
    #[must_use]
    pub fn new(id: &str, name: &str, kind: ItemKind) -> Self {
        let record = match kind {
            ItemKind::Goods => ItemType::InventoryItem,
            ItemKind::Discount => ItemType::DiscountItem,
            ItemKind::Other => ItemType::OtherChargeSaleItem,
        };
        let (id, name) = (id.to_owned(), name.to_owned());
        Self { id, name, external_id: None, kind, record, price: None }
    }

    /// The same item with another record type.
    #[must_use]
    pub fn recorded_as(self, record: ItemType) -> Self {
        Self { record, ..self }
    }
}

impl Shared {
    pub(super) fn new(credentials: Credentials) -> Self {
        let books = Books {
            credentials,
            nonces: Nonces::default(),
            items: HashMap::new(),
            lists: Lists::default(),
            custom_fields: HashSet::new(),
            tax_codes: HashMap::from([("-8".to_owned(), Decimal::ZERO)]),
            currencies: HashMap::new(),
            denials: Vec::new(),
            closed_until: None,
            // Machines without a time zone database use UTC.
            time_zone: TimeZone::get("America/New_York").unwrap_or(TimeZone::UTC),
            now: clock::machine(),
            page_limit: 1000,
            noise: false,
            searches: HashMap::new(),
            records: BTreeMap::new(),
            by_external_id: HashMap::new(),
            made_from: HashMap::new(),
            last_id: 70_000,
            numbers: HashMap::new(),
            requests: 0,
        };
        Self {
            script: Script::default(),
            holds: Holds::default(),
            limits: Arc::new(Limits::new(5)),
            books: Mutex::new(books),
        }
    }

    pub(super) fn books(&self) -> MutexGuard<'_, Books> {
        // A panic inside `edit` must not poison the lock for other tests.
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Books {
    /// An amount of a record as it is printed.
    pub(super) fn money(&self, amount: Decimal) -> String {
        if self.noise { number::noisy(amount) } else { number::double(amount) }
    }

    pub(super) fn record(&self, id: &str) -> Option<&Record> {
        self.records.get(&id.parse().ok()?)
    }

    pub(super) fn by_external_id(&self, external_id: &str) -> Option<&Record> {
        let key = self.by_external_id.get(&external_id.to_lowercase())?;
        self.records.get(key)
    }

    pub(super) fn records(&self) -> impl Iterator<Item = &Record> {
        self.records.values()
    }

    pub(super) fn of_kind(&self, kind: Kind) -> Vec<Record> {
        self.records().filter(|it| it.kind == kind).cloned().collect()
    }

    /// The transactions made from a transaction.
    pub(super) fn made_from(&self, id: &str) -> impl Iterator<Item = &Record> {
        let keys = self.made_from.get(id).map(Vec::as_slice).unwrap_or_default();
        keys.iter().filter_map(|key| self.records.get(key))
    }

    /// Adds a record; fills in number, date and totals where they are missing.
    pub(super) fn insert(&mut self, mut record: Record) -> String {
        if record.id.is_empty() {
            record.id = (self.last_id + 1).to_string();
        }
        let key: u64 = record.id.parse().expect("internal ids are numbers");
        self.last_id = self.last_id.max(key);
        if record.number.is_empty() {
            let number = self.numbers.entry(record.kind).or_insert(1000);
            *number += 1;
            record.number = format!("{}{number}", record.kind.prefix());
        }
        memo::number_lines(&mut record);
        memo::reckon(self, &mut record);
        record.remaining.get_or_insert(record.total);
        record.last_modified = (self.now)();
        if let Some(external_id) = &record.external_id {
            self.by_external_id.insert(external_id.to_lowercase(), key);
        }
        if let Some(source) = &record.created_from {
            self.made_from.entry(source.clone()).or_default().push(key);
        }
        let id = record.id.clone();
        self.records.insert(key, record);
        id
    }

    pub(super) fn edit(&mut self, id: &str, change: impl FnOnce(&mut Record)) {
        let now = (self.now)();
        let record = id.parse().ok().and_then(|key| self.records.get_mut(&key));
        let Some(record) = record else { return };
        let ids = |it: &Record| (it.external_id.clone(), it.created_from.clone());
        let before = ids(record);
        change(record);
        record.last_modified = now;
        if ids(record) != before {
            self.index();
        }
    }

    pub(super) fn delete(&mut self, id: &str) {
        if let Ok(key) = id.parse() {
            self.records.remove(&key);
            self.index();
        }
    }

    /// Rebuilds the indexes.
    fn index(&mut self) {
        self.by_external_id.clear();
        self.made_from.clear();
        for (key, record) in &self.records {
            if let Some(external_id) = &record.external_id {
                self.by_external_id.insert(external_id.to_lowercase(), *key);
            }
            if let Some(source) = &record.created_from {
                self.made_from.entry(source.clone()).or_default().push(*key);
            }
        }
    }

    pub(super) fn denied(&self, kind: Kind, access: Access) -> bool {
        self.denials.iter().any(|it| it.covers(kind, access))
    }

    pub(super) fn decimals(&self, currency: &str) -> u32 {
        self.currencies.get(currency).copied().unwrap_or(2)
    }

    pub(super) fn tax_rate(&self, code: &str) -> Decimal {
        self.tax_codes.get(code).copied().unwrap_or_default()
    }

    pub(super) fn knows_tax_code(&self, code: &str) -> bool {
        self.tax_codes.contains_key(code)
            || self.records().any(|it| {
                let codes = it.lines.iter().filter_map(|line| line.tax_code.as_deref());
                codes.chain(it.shipping_tax_code.as_deref()).any(|it| it == code)
            })
    }

    pub(super) fn item_kind(&self, item: &str) -> ItemKind {
        self.items.get(item).map_or(ItemKind::Goods, |it| it.kind)
    }

    pub(super) fn item_for(&mut self, product: &str) -> String {
        let known = self.items.values().find(|item| item.external_id.as_deref() == Some(product));
        if let Some(item) = known {
            return item.id.clone();
        }
        let id = Self::free(9001, |id| self.items.contains_key(id));
        let mut item = Item::new(&id, product, ItemKind::Goods);
        item.external_id = Some(product.to_owned());
        self.items.insert(id.clone(), item);
        id
    }

    pub(super) fn tax_code_for(&mut self, rate: Decimal) -> String {
        let mut known: Vec<_> = self.tax_codes.iter().filter(|(_, it)| **it == rate).collect();
        known.sort();
        if let Some((code, _)) = known.first() {
            return (*code).clone();
        }
        let code = Self::free(501, |id| self.tax_codes.contains_key(id));
        self.tax_codes.insert(code.clone(), rate);
        code
    }

    /// The first free id from `start` on.
    fn free(start: u32, taken: impl Fn(&str) -> bool) -> String {
        let mut ids = (start..).map(|it| it.to_string());
        ids.find(|it| !taken(it)).expect("ids do not run out")
    }

    pub(super) fn time(&self) -> Timestamp {
        (self.now)()
    }
}
