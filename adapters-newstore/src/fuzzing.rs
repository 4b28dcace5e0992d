//! Hooks for the fuzz targets. Not part of the public API.

use domain::{InstrumentSnapshot, OrderId, OrderSnapshot};
use ports::StorefrontError;
use reqwest::StatusCode;

use crate::{
    api,
    http::HttpAnswer,
    order::{Collector, Instrument, Node, OrderPage, Page},
};

/// The page size.
const PAGE_SIZE: i64 = 100;

/// The order in one answer, with one page of each list. `secret` is removed from error texts.
pub fn order(
    id: &OrderId,
    status: u16,
    body: &[u8],
    secret: &str,
) -> Result<Option<OrderSnapshot>, StorefrontError> {
    let status = StatusCode::from_u16(status).expect("a status of HTTP");
    let answer = HttpAnswer { status, retry_after: None, body: body.to_owned() };
    let Some(mut page) = OrderPage::of(api::meaning(answer, &[&secret.into()])?) else {
        return Ok(None);
    };
    let units = entries("items", std::mem::take(&mut page.units))?;
    let payments = page.instruments.take().map(instruments).transpose()?;
    Ok(Some(page.snapshot(id, units, payments)))
}

fn instruments(page: Page<Instrument>) -> Result<Vec<InstrumentSnapshot>, StorefrontError> {
    let whole = |mut it: Instrument| {
        let transactions = entries("transactions", it.transactions())?;
        Ok(it.snapshot(transactions))
    };
    let nodes = page.nodes.into_iter().map(|node| node.map(whole).transpose());
    let nodes = nodes.collect::<Result<_, StorefrontError>>()?;
    entries("instruments", Page { nodes, more: page.more, end: page.end })
}

fn entries<T: Node>(name: &'static str, page: Page<T>) -> Result<Vec<T>, StorefrontError> {
    let mut list = Collector::new(name, PAGE_SIZE);
    list.add(page)?;
    Ok(list.into_entries())
}
