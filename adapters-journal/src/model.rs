//! The journal's model: what its rows mean, and what every step changes in them.
//!  The store decides only how rows are found, locked and written: each decision and each text of
//! the history is here, once.

mod failure;
mod open_counts;
mod retention;
mod row;
mod step;

pub(crate) use {
    self::{
        failure::StoreFailure,
        retention::{FORGET, at_most},
        row::{
            CancellationRow, ClaimRow, cancellation_row, claim_row, columns, failed, limit, units,
        },
        step::{Change, DELIVERED_AGAIN, apply, is_recorded, key, received},
    },
    crate::model::open_counts::{COUNT, unfinished},
};

/// The longest text for people; an ERP's message can be a whole page.
const MAX_CHARS: usize = 2000;

/// A text for people as it is stored: cut where it would be too long, and without
/// the one character that not every database can store.
pub(crate) fn bounded(text: &str) -> String {
    if text.len() <= MAX_CHARS && !text.contains('\0') {
        return text.to_owned();
    }
    text.chars().take(MAX_CHARS).map(|it| if it == '\0' { '\u{fffd}' } else { it }).collect()
}
