//! The calls behind `memos`: all credit memos since a moment, one page per call.
//!
//! Two searches follow each other, because only the search shows whether a memo is voided: first
//! the memos that count, then the voided ones. Every call has lower priority than live calls.

use std::{fmt, str::FromStr};

use domain::{RecordedMemo, Standing, Timestamp};
use ports::{Cursor, MemoPage};

use crate::{
    account_conventions,
    billing::BillingReader,
    fault::{Class, NetSuiteError},
    ledger::{is_memo, readable},
    reply::{self, Node, XmlError},
    request::{self, RecordType},
};

/// The first word of a cursor.
const STANDINGS: [(Standing, &str); 2] = [(Standing::Valid, "valid"), (Standing::Voided, "voided")];

/// A parsed cursor: a search, and its progress.
#[derive(Debug, Clone, PartialEq, Eq)]
struct MemoPosition {
    standing: Standing,
    /// `None` before its first page.
    further: Option<Further>,
}

/// The next page of a search that has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Further {
    index: u32,
    pages: u32,
    /// Records still to come, where the search returns a count.
    left: Option<u32>,
    search: String,
}

impl BillingReader<'_> {
    /// The page of memos at a cursor.
    pub(crate) async fn memos_since(
        self,
        since: Timestamp,
        place: &Cursor,
    ) -> Result<MemoPage, NetSuiteError> {
        let unknown =
            || NetSuiteError::new(Class::Data, "the cursor of the list of memos is not valid");
        let MemoPosition { standing, further } = place.0.parse().map_err(|()| unknown())?;
        let request = match &further {
            None => request::memos_since(account_conventions::moment(since), standing),
            Some(it) => request::page(&it.search, it.index),
        };
        let page = reply::page(self.client.call_backfill(&request).await?)?;
        let none = further.is_none() && page.records.is_empty();
        if none && standing == Standing::Valid {
            self.permissions.verify(self.client, RecordType::CreditMemo).await?;
        }
        let next = match further {
            None => first(&page)?,
            Some(it) => it.advanced(&page)?,
        };
        let memos = self.recorded(page.records, standing).await?;
        let next = match (next, standing) {
            (Some(further), _) => Some(MemoPosition { standing, further: Some(further) }),
            (None, Standing::Valid) => {
                Some(MemoPosition { standing: Standing::Voided, further: None })
            }
            (None, Standing::Voided) => None,
        };
        Ok(MemoPage { memos, next: next.map(|it| Cursor(it.to_string())) })
    }

    async fn recorded(
        self,
        records: Vec<Node>,
        standing: Standing,
    ) -> Result<Vec<RecordedMemo>, NetSuiteError> {
        let mut records: Vec<_> = records.into_iter().filter(is_memo).collect();
        if records.iter().all(|record| record.child("itemList").is_none()) {
            // Searches may return records without lines.
            let ids = records.iter().map(reply::own_id).collect::<Result<Vec<_>, _>>()?;
            let mut whole = Vec::new();
            for batch in ids.chunks(request::MAX_IDS) {
                let request = request::get_list(RecordType::CreditMemo, batch);
                whole.extend(reply::parse_get_list(self.client.call_backfill(&request).await?)?);
            }
            records = whole;
        }
        let read = |it: &Node| readable(it, reply::recorded(it, self.conventions, standing));
        Ok(records.iter().filter_map(read).collect())
    }
}

/// The position after the first page of a search, if there is one.
fn first(page: &reply::Page) -> Result<Option<Further>, NetSuiteError> {
    let search = page.search_id.clone();
    let search = match page.pages {
        0 | 1 => String::new(),
        _ => search.ok_or(XmlError::Missing("searchId"))?,
    };
    Further { index: 1, pages: page.pages, left: page.total, search }.advanced(page)
}

impl Further {
    /// The position after this page. A search that ends before it has returned all records that it
    /// counts is an error: the missing records would be taken for deleted.
    fn advanced(self, page: &reply::Page) -> Result<Option<Self>, NetSuiteError> {
        let records = u32::try_from(page.records.len()).unwrap_or(u32::MAX);
        let left = self.left.map(|it| it.saturating_sub(records));
        match left {
            _ if self.index < self.pages => Ok(Some(Self { index: self.index + 1, left, ..self })),
            Some(1..) => Err(XmlError::CutOff.into()),
            _ => Ok(None),
        }
    }
}

impl fmt::Display for MemoPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = STANDINGS.iter().find(|(it, _)| *it == self.standing).map_or("", |(_, it)| it);
        let Some(Further { index, pages, left, search }) = &self.further else {
            return f.write_str(word);
        };
        let left = left.map_or("?".to_owned(), |it| it.to_string());
        write!(f, "{word} {index} {pages} {left} {search}")
    }
}

impl FromStr for MemoPosition {
    type Err = ();

    fn from_str(raw: &str) -> Result<Self, ()> {
        if raw.is_empty() {
            return Ok(Self { standing: Standing::Valid, further: None });
        }
        let mut parts = raw.splitn(5, ' ');
        let word = parts.next();
        let standing = STANDINGS.iter().find(|(_, it)| Some(*it) == word).ok_or(())?.0;
        let Some(index) = parts.next() else {
            return Ok(Self { standing, further: None });
        };
        let number = |raw: Option<&str>| raw.and_then(|it| it.parse().ok()).ok_or(());
        let index = number(Some(index))?;
        let pages = number(parts.next())?;
        let left = match parts.next() {
            Some("?") => None,
            count => Some(number(count)?),
        };
        let search = parts.next().ok_or(())?.to_owned();
        Ok(Self { standing, further: Some(Further { index, pages, left, search }) })
    }
}

#[cfg(test)]
mod tests;
