//! Serves arrays as connections, page by page.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

use super::filter;

/// The default page size.
const DEFAULT_PAGE: usize = 50;

/// The page of `entries` that the arguments request, or an error.
pub(super) fn page(
    entries: &[Value],
    arguments: &Map<String, Value>,
    limit: usize,
) -> Result<Value, String> {
    let number = |name: &str| match arguments.get(name).and_then(Value::as_i64) {
        Some(number) => {
            let number = usize::try_from(number);
            number.map(Some).map_err(|_| format!("{name} must not be negative"))
        }
        None => Ok(None),
    };
    let filter = arguments.get("filter").unwrap_or(&Value::Null);
    let all: Vec<&Value> = entries.iter().filter(|entry| filter::passes(entry, filter)).collect();
    let after = match arguments.get("after").and_then(Value::as_str) {
        Some(cursor) => read_cursor(cursor).ok_or("invalid cursor")?,
        None => 0,
    };
    let skip = (after + number("offset")?.unwrap_or_default()).min(all.len());
    let first = number("first")?.unwrap_or(DEFAULT_PAGE).min(limit);
    let end = (skip + first).min(all.len());

    let page = &all[skip..end];
    let edges = page.iter().enumerate();
    let edges = edges.map(|(at, node)| json!({ "cursor": cursor(skip + at + 1), "node": node }));
    let bound = |at: usize| (!page.is_empty()).then(|| cursor(at));
    Ok(json!({
        "edges": edges.collect::<Vec<_>>(),
        "nodes": page,
        "pageInfo": {
            "hasNextPage": end < all.len(),
            "hasPreviousPage": 0 < skip,
            "startCursor": bound(skip + 1),
            "endCursor": bound(end),
        },
        "totalCount": all.len(),
    }))
}

/// The cursor of the entry at this place, counted from one.
fn cursor(place: usize) -> String {
    STANDARD.encode(format!("[\"natural\",{place}]"))
}

fn read_cursor(cursor: &str) -> Option<usize> {
    let text = String::from_utf8(STANDARD.decode(cursor).ok()?).ok()?;
    text.strip_prefix("[\"natural\",")?.strip_suffix(']')?.parse().ok()
}
