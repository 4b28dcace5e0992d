//! Searches of transactions: criteria, pages, and rows where columns are requested.

mod criteria;
mod row;

use roxmltree::Node;

use super::{
    Access, Kind, Record,
    account::Books,
    reply::{self, Refusal},
    request::{Lines, SearchPreferences},
    write,
    xml::{COMMON, CORE, SALES, Xml, child, text},
};

/// A stored search whose further pages may be requested.
#[derive(Debug, Clone)]
pub(super) struct Found {
    ids: Vec<String>,
    page_size: usize,
    shape: Answer,
}

/// The form of the entries of an answer.
#[derive(Debug, Clone)]
enum Answer {
    Records(Lines),
    /// Column names of the transaction and of the one it was made from.
    Rows {
        own: Vec<String>,
        source: Vec<String>,
    },
}

/// The first page of a new search.
pub(super) fn start(
    books: &mut Books,
    node: Node<'_, '_>,
    preferences: SearchPreferences,
) -> String {
    if !(5..=1000).contains(&preferences.page_size) {
        let message = "The page size must be between 5 and 1000.";
        return result("search", Err(Refusal::new("INVALID_SEARCH_PAGE_SIZE", message)));
    }
    let Some(record) = child(node, "searchRecord") else {
        return result("search", Err(Refusal::new("INVALID_SEARCH", "There is no search record.")));
    };
    let columns = child(record, "columns");
    let shape = match columns {
        Some(columns) => {
            Answer::Rows { own: names(columns, "basic"), source: names(columns, "createdFromJoin") }
        }
        // The preference does not apply to advanced searches.
        None if child(record, "criteria").is_some() => Answer::Records(Lines::Included),
        None => Answer::Records(preferences.lines),
    };
    let readable = |it: &&Record| !books.denied(it.kind, Access::View);
    let ids = criteria::matching(books, record).filter(readable).map(|it| it.id.clone()).collect();
    let page_size = preferences.page_size.min(books.page_limit);
    let found = Found { ids, page_size, shape };
    let id = format!("WEBSERVICES_{}_{:026}_search", books.credentials.account, books.requests);
    if books.searches.len() > 1000 {
        // Searches that old are discarded.
        books.searches.clear();
    }
    books.searches.insert(id.clone(), found.clone());
    result("search", page(books, &found, &id, 1))
}

/// A later page of a search.
pub(super) fn more(books: &Books, node: Node<'_, '_>) -> String {
    let id = text(node, "searchId").unwrap_or_default();
    let index = text(node, "pageIndex").and_then(|it| it.parse().ok()).unwrap_or_default();
    let answer = match books.searches.get(id) {
        Some(found) => page(books, found, id, index),
        None => Err(Refusal::new("INVALID_SEARCH_MORE", "There is no such search.")),
    };
    result("searchMoreWithId", answer)
}

/// The answer of a search that was refused by a script.
pub(super) fn refused(operation: &str, refusal: &Refusal) -> String {
    result(operation, Err(refusal.clone()))
}

fn names(columns: Node<'_, '_>, part: &str) -> Vec<String> {
    let part = child(columns, part).into_iter().flat_map(super::xml::children);
    part.map(|it| it.tag_name().name().to_owned()).collect()
}

fn page(books: &Books, found: &Found, id: &str, index: usize) -> Result<String, Refusal> {
    let pages = found.ids.len().div_ceil(found.page_size);
    let empty = found.ids.is_empty();
    if index == 0 || (pages < index && !(empty && index == 1)) {
        let message = format!("The page index {index} is not within 1 and {pages}.");
        return Err(Refusal::new("INVALID_SEARCH_PAGE_INDEX", message));
    }
    let entries = found.ids.iter().skip((index - 1) * found.page_size).take(found.page_size);
    let records = entries.filter_map(|it| books.record(it));
    let mut xml = Xml::default();
    reply::success(&mut xml);
    xml.leaf("platformCore:totalRecords", &found.ids.len().to_string());
    xml.leaf("platformCore:pageSize", &found.page_size.to_string());
    xml.leaf("platformCore:totalPages", &pages.to_string());
    xml.leaf("platformCore:pageIndex", &if empty { 0 } else { index }.to_string());
    xml.leaf("platformCore:searchId", id);
    match &found.shape {
        Answer::Records(lines) => {
            xml.open("platformCore:recordList", &[]);
            for record in records {
                xml.raw(&write::record(books, record, "platformCore:record", *lines));
            }
            xml.close("platformCore:recordList");
        }
        Answer::Rows { own, source } => {
            xml.open("platformCore:searchRowList", &[]);
            for record in records {
                xml.raw(&row::write(books, record, own, source));
            }
            xml.close("platformCore:searchRowList");
        }
    }
    Ok(xml.finish())
}

fn result(operation: &str, content: Result<String, Refusal>) -> String {
    let mut xml = Xml::default();
    let namespaces = [
        ("xmlns:platformCore", CORE),
        ("xmlns:platformCommon", COMMON),
        ("xmlns:tranSales", SALES),
    ];
    xml.open("platformCore:searchResult", &namespaces);
    match content {
        Ok(content) => xml.raw(&content),
        Err(refusal) => reply::failure(&mut xml, &refusal),
    }
    xml.close("platformCore:searchResult");
    reply::response(operation, &xml.finish())
}

/// The name of a kind in a search: `_invoice`.
fn enumerated(kind: Kind) -> String {
    format!("_{}", kind.name())
}
