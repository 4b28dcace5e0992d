//! The position in the list of orders: the strategy of the query, and the progress so far.

use std::{fmt, str::FromStr};

use crate::order::Position;

/// How orders are queried, the best strategy first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strategy {
    /// Those that changed in the window.
    Changed,
    /// Those that were created in the window or long enough before.
    Created,
    /// All of them; the adapter selects those of the creation window.
    All,
}

impl Strategy {
    /// All strategies, in the order in which they are tried.
    pub(super) const ALL: [Self; 3] = [Self::Changed, Self::Created, Self::All];

    fn word(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Created => "created",
            Self::All => "all",
        }
    }
}

/// The next page of a list that has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PageToken {
    pub(super) strategy: Strategy,
    /// Orders reported so far.
    pub(super) reported: i64,
    /// The first order of the last page; if the next page begins with it again, the list does not
    /// advance.
    pub(super) first: String,
    /// The API's own cursor, where it returns one.
    pub(super) after: Option<String>,
}

impl PageToken {
    pub(super) fn position(&self) -> Position {
        let offset = self.after.is_none().then_some(self.reported);
        Position { after: self.after.clone(), offset }
    }
}

impl fmt::Display for PageToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.strategy.word(), self.reported, self.first)?;
        self.after.as_ref().map_or(Ok(()), |after| write!(f, " {after}"))
    }
}

impl FromStr for PageToken {
    type Err = ();

    fn from_str(raw: &str) -> Result<Self, ()> {
        let mut parts = raw.splitn(4, ' ');
        let mut next = || parts.next().ok_or(());
        let word = next()?;
        let strategy = Strategy::ALL.into_iter().find(|it| it.word() == word).ok_or(())?;
        let reported = next()?.parse().map_err(drop)?;
        let first = next()?.to_owned();
        Ok(Self { strategy, reported, first, after: parts.next().map(str::to_owned) })
    }
}
