//! Identifiers that cross system boundaries. Each is checked once, when it is read.
//!
//! Storefront ids are stored in lower case, so that a unit has the same key on any machine,
//! whatever case the event used.

#[cfg(test)]
pub(crate) mod counted;

use std::{fmt, str::FromStr};

#[cfg(test)]
use counted::Text;

/// The storage type of an id; tests use one that counts comparisons.
#[cfg(not(test))]
type Text = String;

#[cfg(not(test))]
fn text(id: String) -> Text {
    id
}

#[cfg(test)]
fn text(id: String) -> Text {
    Text(id)
}

/// Why a text is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The input had no characters.
    #[error("is empty")]
    Empty,
    /// The input was longer than any real id.
    #[error("has {0} characters, the limit is 64")]
    TooLong(usize),
    /// The input had a character that could not be embedded in a key, a URL or XML.
    #[error("has the forbidden character {0:?}")]
    Forbidden(char),
    /// The input is not of the form 8-4-4-4-12 hexadecimal digits.
    #[error("is not a UUID")]
    NotUuid,
    /// `shipping` names the shipping charge and can be no item's id.
    #[error("is the reserved word \"shipping\"")]
    Reserved,
}

const MAX_LEN: usize = 64;

fn plain(raw: &str) -> Result<String, IdError> {
    if raw.is_empty() {
        return Err(IdError::Empty);
    }
    if raw.len() > MAX_LEN {
        return Err(IdError::TooLong(raw.len()));
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    match raw.chars().find(|&c| !allowed(c)) {
        Some(c) => Err(IdError::Forbidden(c)),
        None => Ok(raw.to_ascii_lowercase()),
    }
}

fn uuid(raw: &str) -> Result<String, IdError> {
    let lengths: Vec<usize> = raw.split('-').map(str::len).collect();
    let digits = raw.chars().all(|c| c == '-' || c.is_ascii_hexdigit());
    match raw {
        "" => Err(IdError::Empty),
        _ if digits && lengths == [8, 4, 4, 4, 12] => Ok(raw.to_ascii_lowercase()),
        _ => Err(IdError::NotUuid),
    }
}

fn unit(raw: &str) -> Result<String, IdError> {
    match plain(raw)? {
        id if id == UnitId::SHIPPING => Err(IdError::Reserved),
        id => Ok(id),
    }
}

fn record(raw: &str) -> Result<String, IdError> {
    let raw = raw.trim();
    match raw.chars().find(|c| c.is_control() || c.is_whitespace()) {
        _ if raw.is_empty() => Err(IdError::Empty),
        _ if raw.len() > MAX_LEN => Err(IdError::TooLong(raw.len())),
        Some(c) => Err(IdError::Forbidden(c)),
        None => Ok(raw.to_owned()),
    }
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $check:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Text);

        impl $name {
            /// The id as text, in its canonical form.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(raw: &str) -> Result<Self, IdError> {
                $check(raw).map(|id| Self(text(id)))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(
    /// A storefront tenant, for example `dodici`; the comparison ignores case.
    Tenant,
    plain
);
id!(
    /// The storefront's id of an order: a UUID in lower case.
    OrderId,
    uuid
);
id!(
    /// One item of an order, or [`UnitId::shipping`]. It is credited at most once.
    UnitId,
    unit
);
id!(
    /// Identifies one cancellation for operators; a redelivery has the same id.
    CancellationId,
    plain
);
id!(
    /// A credit memo's permanent identity: its external id in the accounting system.
    MemoKey,
    plain
);
id!(
    /// The accounting system's own id of a record, for example of an invoice or an item.
    RecordId,
    record
);

impl UnitId {
    /// The id under which the shipping charge of an order is credited.
    pub const SHIPPING: &str = "shipping";

    /// The shipping charge: one more unit of every order.
    #[must_use]
    pub fn shipping() -> Self {
        Self(text(Self::SHIPPING.to_owned()))
    }

    /// Whether this is the shipping charge.
    #[must_use]
    pub fn is_shipping(&self) -> bool {
        self.as_str() == Self::SHIPPING
    }

    /// Reads an id that memobridge wrote earlier; unlike a parsed id it may be `shipping`.
    pub fn stored(raw: &str) -> Result<Self, IdError> {
        plain(raw).map(|id| Self(text(id)))
    }
}

impl RecordId {
    /// For ordering by "lowest id": numbers by value, anything else after them.
    #[must_use]
    pub fn rank(&self) -> (u64, &str) {
        (self.0.parse().unwrap_or(u64::MAX), &self.0)
    }
}

#[cfg(test)]
mod tests;
