//! The customer's tables, read from `[customer.maps]`, from a file of the same shape, or from a
//! file of the shape that NewStore documents.

use std::collections::BTreeMap;

use domain::{Entry, Location, Maps, PaymentNode, RecordId, Table};

use super::{
    section::{Section, Source, is_reference},
    tree::{Tree, Value},
};

/// Reads the tables; `tree` is a table, or the path of a `.toml` or `.json` file.
pub(super) fn read(source: &Source, name: &str, tree: &Tree) -> Maps {
    let Value::Text(path) = &tree.value else {
        return tables(source, name, tree);
    };
    let file = source.path(path);
    let text = match (source.files)(&file) {
        Ok(text) => text,
        Err(why) => {
            let message = format!("{name} needs the file {}: {why}", file.display());
            source.fault(tree.line, message);
            return Maps::default();
        }
    };
    source.with_file(&file, |inner| parse(inner, &text))
}

/// Parses a file of tables; JSON if the name ends in `.json`.
pub(super) fn parse(source: &Source, text: &str) -> Maps {
    let json = source.file.extension().is_some_and(|it| it.eq_ignore_ascii_case("json"));
    match if json { Tree::json(text) } else { Tree::toml(text) } {
        Ok(tree) if is_documented(&tree) => documented(source, &tree),
        Ok(tree) => tables(source, "", &tree),
        Err(why) => {
            source.fault(why.line, why.message);
            Maps::default()
        }
    }
}

fn tables(source: &Source, name: &str, tree: &Tree) -> Maps {
    let section = Section::of(source, name, tree);
    let at = |key: &'static str| section.tree(key).map(|tree| (section.key(key), tree));
    let table = |key| at(key).map_or_else(Table::default, |(name, it)| ids(source, &name, it));
    let maps = Maps {
        channels: table("channels"),
        currencies: table("currencies"),
        shipping_methods: table("shipping_methods"),
        locations: at("locations")
            .map(|(name, it)| entries(source, &name, it, location))
            .unwrap_or_default(),
        payment_items: at("payment_items")
            .map(|(name, it)| entries(source, &name, it, payment))
            .unwrap_or_default(),
        gift_card_products: at("gift_card_products")
            .map(|(name, it)| products(source, &name, it))
            .unwrap_or_default(),
    };
    section.done();
    maps
}

const DOCUMENTED: &str = "netsuite/newstore_";

fn is_documented(tree: &Tree) -> bool {
    match &tree.value {
        Value::Table(table) => table.keys().any(|key| key.starts_with(DOCUMENTED)),
        _ => false,
    }
}

/// The format of NewStore's own NetSuite integration: one entry per parameter, with the currencies
/// among the `netsuite` ids. Other entries are ignored.
fn documented(source: &Source, tree: &Tree) -> Maps {
    let Value::Table(parameters) = &tree.value else {
        return Maps::default();
    };
    let at = |key: &str| parameters.get(key).map(|tree| (key.to_owned(), tree));
    let table =
        |key: &str| at(key).map_or_else(Table::default, |(name, it)| ids(source, &name, it));
    let mut currencies = BTreeMap::new();
    if let Some(Value::Table(own)) = parameters.get("netsuite").map(|it| &it.value) {
        for (key, tree) in own {
            let code = key.strip_prefix("currency_").and_then(|it| it.strip_suffix("_internal_id"));
            if let Some(code) = code {
                currencies.insert(code.to_owned(), tree.clone());
            }
        }
    }
    let currencies = Tree { line: 0, value: Value::Table(currencies) };
    Maps {
        channels: table("netsuite/newstore_to_netsuite_channel"),
        currencies: ids(source, "netsuite", &currencies),
        shipping_methods: table("netsuite/newstore_to_netsuite_shipping_methods"),
        locations: at("netsuite/newstore_to_netsuite_locations")
            .map(|(name, it)| entries(source, &name, it, location))
            .unwrap_or_default(),
        payment_items: at("netsuite/newstore_to_netsuite_payment_items")
            .map(|(name, it)| entries(source, &name, it, payment))
            .unwrap_or_default(),
        gift_card_products: at("netsuite/newstore_giftcard_product_ids")
            .map(|(name, it)| products(source, &name, it))
            .unwrap_or_default(),
    }
}

/// An id, −1 for deliberately none, or `None` for null, which means absent.
fn entry(source: &Source, name: &str, tree: &Tree) -> Option<Entry> {
    if matches!(tree.value, Value::Null) {
        return None;
    }
    let text = source.resolve(name, tree)?;
    let parsed = match text.trim() {
        "-1" => Ok(Entry::None),
        text => text.parse().map(Entry::Id),
    };
    parsed.map_err(|why| source.fault(tree.line, format!("{name} {why}"))).ok()
}

fn ids(source: &Source, name: &str, tree: &Tree) -> Table {
    entries(source, name, tree, entry).into_iter().collect()
}

/// The entries of a table that `read` accepts, by their names in lower case. Two different entries
/// whose names differ only in case are a fault.
fn entries<T: PartialEq>(
    source: &Source,
    name: &str,
    tree: &Tree,
    read: impl Fn(&Source, &str, &Tree) -> Option<T>,
) -> BTreeMap<String, T> {
    let mut entries = BTreeMap::new();
    let Value::Table(table) = &tree.value else {
        source.fault(tree.line, format!("{name} must be a table, not {}", tree.kind()));
        return entries;
    };
    for (key, tree) in table {
        let name = format!("{name}.{key}");
        source.note_placeholder(&name, tree.line, key);
        let Some(entry) = read(source, &name, tree) else { continue };
        let key = key.trim().to_lowercase();
        if entries.get(&key).is_some_and(|it| *it != entry) {
            let problem = "is given twice with different values: names ignore case";
            source.fault(tree.line, format!("{name} {problem}"));
        }
        entries.insert(key, entry);
    }
    entries
}

/// An id, or a table with an id and a subsidiary.
fn location(source: &Source, name: &str, tree: &Tree) -> Option<Location> {
    let table = match &tree.value {
        Value::Table(table) if !is_reference(tree) => table,
        _ => return entry(source, name, tree).map(|id| Location { id, subsidiary: None }),
    };
    let read = |field: &str| entry(source, &format!("{name}.{field}"), table.get(field)?);
    let subsidiary = read("subsidiary").or_else(|| read("subsidiary_id"));
    read("id").map(|id| Location { id, subsidiary: subsidiary.and_then(Entry::id) })
}

fn payment(source: &Source, name: &str, tree: &Tree) -> Option<PaymentNode> {
    if !matches!(tree.value, Value::Table(_)) || is_reference(tree) {
        return entry(source, name, tree).map(PaymentNode::Leaf);
    }
    Some(PaymentNode::branch(entries(source, name, tree, payment)))
}

/// A list of ids, or one text with commas.
fn products(source: &Source, name: &str, tree: &Tree) -> Vec<RecordId> {
    let texts: Vec<_> = if let Value::List(items) = &tree.value {
        items.iter().filter_map(|item| source.resolve(name, item)).collect()
    } else {
        let text = source.resolve(name, tree).unwrap_or_default();
        text.split(',').map(|id| id.trim().to_owned()).collect()
    };
    let read = |id: &String| {
        let parsed = id.parse::<RecordId>();
        parsed.map_err(|why| source.fault(tree.line, format!("{name} {why}"))).ok()
    };
    texts.iter().filter(|id| !id.is_empty()).filter_map(read).collect()
}
