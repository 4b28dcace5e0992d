//! The end of a sentence: which memos took the rest.

use std::fmt;

use crate::{Amount, RecordId};

/// How many memos a sentence names.
const NAMED: usize = 5;

/// Which memos took the rest.
pub(super) fn write(
    f: &mut fmt::Formatter<'_>,
    taken: &[(Option<RecordId>, Amount)],
) -> fmt::Result {
    for (nth, (memo, amount)) in taken.iter().take(NAMED).enumerate() {
        f.write_str(if nth == 0 { "; " } else { ", " })?;
        match memo {
            Some(memo) => write!(f, "memo {memo} took {amount}")?,
            None => write!(f, "a memo of ours took {amount}")?,
        }
    }
    match taken.len().saturating_sub(NAMED) {
        0 => Ok(()),
        more => write!(f, ", and {more} more"),
    }
}
