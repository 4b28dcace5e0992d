//! Orders of a window that have cancelled units, page by page.
//!
//! It is not documented whether orders can be filtered by time, so a filter may be rejected. The
//! best strategy queries orders that changed in the window. The next queries those that were
//! created in it or long enough before. The last queries all orders, newest first, and stops at
//! orders older than that; it uses only features that are known to work.

mod page_token;
mod query;

use std::{mem, time::Duration};

use domain::{OrderId, OrderSnapshot, Timestamp, UnitSnapshot};
use ports::{Basis, CancelledPage, Cursor, Storefront, StorefrontError, Window};

use crate::cancelled::{
    page_token::{PageToken, Strategy},
    query::{CancelledOrders, DatetimeFilter, Listed, OrderFilter, Variables, orders},
};
use crate::{
    NewStore,
    api::QueryError,
    instant,
    order::{Collector, Page, Position},
};

/// The assumed longest time from an order's creation to its last cancellation: 90 days. Later
/// cancellations are not found by creation.
const LIFE: Duration = Duration::from_hours(90 * 24);

impl NewStore {
    /// The page at a cursor; the first page uses the best strategy that the API accepts.
    pub(crate) async fn page_of_cancelled(
        &self,
        window: Window,
        place: &Cursor,
    ) -> Result<CancelledPage, StorefrontError> {
        if place.0.is_empty() {
            return self.first_page(window).await;
        }
        let place: PageToken =
            place.0.parse().map_err(|()| unreadable("the cursor is not valid"))?;
        let page = self.ask_for(window, place.strategy, place.position()).await?;
        self.page(window, &place, page).await
    }

    async fn first_page(&self, window: Window) -> Result<CancelledPage, StorefrontError> {
        let mut refusal = unreadable("no strategy is left");
        for strategy in Strategy::ALL {
            let page = match self.ask_for(window, strategy, Position::default()).await {
                Ok(page) => page,
                Err(QueryError::Refused(error)) => {
                    tracing::warn!(
                        error,
                        ?strategy,
                        "NewStore rejected the query that lists orders as {strategy:?}"
                    );
                    refusal = StorefrontError::Unreadable(error);
                    continue;
                }
                Err(QueryError::Failed(error)) => return Err(error),
            };
            if strategy == Strategy::Changed
                && page.nodes.is_empty()
                && !self.reports_changes().await?
            {
                continue;
            }
            let place = PageToken { strategy, reported: 0, first: String::new(), after: None };
            return self.page(window, &place, page).await;
        }
        Err(refusal)
    }

    /// Whether any order shows a time of change. If none does, an empty result of a filter on it
    /// proves nothing.
    async fn reports_changes(&self) -> Result<bool, StorefrontError> {
        let is_set = DatetimeFilter { is_null: Some(false), ..DatetimeFilter::default() };
        let filter = OrderFilter { updated_at: Some(is_set), created_at: None };
        let variables =
            Variables { first: 1, items: 1, filter: Some(filter), ..Variables::default() };
        match self.api.ask::<CancelledOrders>(variables).await {
            Ok(data) => Ok(!orders(data).nodes.is_empty()),
            Err(QueryError::Refused(_)) => Ok(false),
            Err(QueryError::Failed(error)) => Err(error),
        }
    }

    async fn ask_for(
        &self,
        window: Window,
        strategy: Strategy,
        position: Position,
    ) -> Result<Page<Listed>, QueryError> {
        let span = |since: Timestamp| DatetimeFilter {
            is_null: None,
            greater_than_or_equal_to: Some(instant::parse(since)),
            less_than: window.until.map(instant::parse),
        };
        let filter = match strategy {
            Strategy::Changed => {
                Some(OrderFilter { updated_at: Some(span(window.since)), created_at: None })
            }
            Strategy::Created => {
                Some(OrderFilter { created_at: Some(span(born_since(window))), updated_at: None })
            }
            Strategy::All => None,
        };
        let Position { after, offset } = position;
        let (first, items) = (self.page_size, self.page_size);
        let variables = Variables { first, after, offset, filter, items };
        Ok(orders(self.api.ask::<CancelledOrders>(variables).await?))
    }

    async fn page(
        &self,
        window: Window,
        place: &PageToken,
        page: Page<Listed>,
    ) -> Result<CancelledPage, StorefrontError> {
        let basis = match place.strategy {
            Strategy::Changed => Basis::Changed,
            Strategy::Created | Strategy::All => Basis::Created { since: born_since(window) },
        };
        let is_too_old = |it: &Option<Listed>| {
            let born = it.as_ref().and_then(born_at);
            place.strategy == Strategy::All && born.is_some_and(|it| it < born_since(window))
        };
        let is_over = !page.nodes.is_empty() && page.nodes.iter().all(is_too_old);
        let next = if is_over { None } else { next(place, &page, self.page_size)? };
        let mut found = Vec::new();
        for listed in page.nodes {
            let listed = listed.ok_or_else(|| unreadable("the list has a hole"))?;
            if self.is_wanted(&listed, window, place.strategy) {
                found.extend(self.whole(listed).await?);
            }
        }
        found.retain(|it| it.units.iter().any(UnitSnapshot::is_cancelled));
        Ok(CancelledPage { orders: found, basis, next: next.map(|it| Cursor(it.to_string())) })
    }

    /// Whether an order belongs to this tenant and, as far as the data show, to the window.
    fn is_wanted(&self, listed: &Listed, window: Window, strategy: Strategy) -> bool {
        let is_ours =
            listed.tenant().is_none_or(|it| it.eq_ignore_ascii_case(self.tenant.as_str()));
        let is_within = |born: Timestamp| {
            born_since(window) <= born && window.until.is_none_or(|until| born < until)
        };
        is_ours && (strategy == Strategy::Changed || born_at(listed).is_none_or(is_within))
    }

    /// An order with all its items; `None` for one that no event can refer to.
    async fn whole(&self, mut listed: Listed) -> Result<Option<OrderSnapshot>, StorefrontError> {
        let Ok(id) = listed.id().parse::<OrderId>() else {
            tracing::warn!("Skipped an order: its id is not a UUID");
            return Ok(None);
        };
        let mut items = Collector::new("items", self.page_size);
        items.add(mem::take(&mut listed.items))?;
        if items.is_whole() {
            return Ok(Some(listed.snapshot(id, items.into_entries())));
        }
        let order = self.order(&id).await?;
        order.map(Some).ok_or_else(|| unreadable("an order vanished while it was read"))
    }
}

/// The position after a page, if there is one.
fn next(
    place: &PageToken,
    page: &Page<Listed>,
    page_size: i64,
) -> Result<Option<PageToken>, StorefrontError> {
    let length = i64::try_from(page.nodes.len()).unwrap_or(i64::MAX);
    // A full page without a statement about further pages: only another query shows whether there
    // are more.
    if !page.more.unwrap_or(page_size <= length) {
        return Ok(None);
    }
    let first = page.nodes.first().and_then(Option::as_ref).map(Listed::id).unwrap_or_default();
    let same_place = page.end.is_some() && page.end == place.after;
    if same_place || first == place.first {
        return Err(unreadable("paging does not advance"));
    }
    Ok(Some(PageToken {
        strategy: place.strategy,
        reported: place.reported.saturating_add(length),
        first: first.to_owned(),
        after: page.end.clone(),
    }))
}

/// The earliest creation of an order that may be cancelled in the window.
fn born_since(window: Window) -> Timestamp {
    window.since.before(LIFE)
}

fn born_at(listed: &Listed) -> Option<Timestamp> {
    listed.created_at().and_then(instant::read)
}

fn unreadable(problem: &str) -> StorefrontError {
    StorefrontError::Unreadable(format!("orders: {problem}"))
}

#[cfg(test)]
mod tests;
