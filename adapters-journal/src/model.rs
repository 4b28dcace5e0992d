//! The journal's model: the meaning of its rows, and the changes of every step.
//!
//! A store only finds, locks and writes rows: every decision and every text of the history is here,
//! once.

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

/// A text for people as it is stored: limited in length, and without the one character that not
/// every database can store.
pub(crate) fn bounded(text: &str) -> String {
    if text.len() <= MAX_CHARS && !text.contains('\0') {
        return text.to_owned();
    }
    text.chars().take(MAX_CHARS).map(|it| if it == '\0' { '\u{fffd}' } else { it }).collect()
}
