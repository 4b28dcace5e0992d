//! Missing permissions of the integration's role.

use super::Kind;

/// A permission that is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Denial {
    /// The kind of transaction.
    pub kind: Kind,
    /// The denied action.
    pub access: Access,
}

/// The action that a permission allows. A missing permission also denies the later ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// Read: `get` is refused, a search finds nothing.
    View,
    /// Create.
    Create,
    /// Change.
    Edit,
}

impl Denial {
    /// Whether it denies this action.
    pub(super) fn covers(self, kind: Kind, access: Access) -> bool {
        self.kind == kind && self.access <= access
    }

    /// The account's error message.
    pub(super) fn message(kind: Kind) -> String {
        format!(
            "Permission Violation: You need the Transactions -> {} permission to access this \
             page. Please contact your account administrator.",
            kind.title()
        )
    }
}
