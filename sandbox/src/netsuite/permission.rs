//! What the integration's role may not do.

use super::Kind;

/// A permission that is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Denial {
    /// For which transactions.
    pub kind: Kind,
    /// What cannot be done with them.
    pub access: Access,
}

/// What a permission allows. One that is missing takes those after it along.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// Read it: `get` is refused, a search finds nothing.
    View,
    /// Enter new ones.
    Create,
    /// Change it.
    Edit,
}

impl Denial {
    /// Whether it stands in the way.
    pub(super) fn covers(self, kind: Kind, access: Access) -> bool {
        self.kind == kind && self.access <= access
    }

    /// What the account says about it.
    pub(super) fn message(kind: Kind) -> String {
        format!(
            "Permission Violation: You need the Transactions -> {} permission to access this \
             page. Please contact your account administrator.",
            kind.title()
        )
    }
}
