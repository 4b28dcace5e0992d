//! The conversation behind `billing`: the sales order, its bills, their memos.
//!
//! Two to five calls. A search without permission answers with no rows, so the
//! sales order is always asked for by `get`, which says so.

use std::collections::BTreeSet;

use domain::{Billing, RecordId, SalesOrder};
use ports::{BillingQuery, MemosByReference};

use crate::{
    books::Books,
    client::Client,
    fault::Failure,
    reply::{self, Node, Unreadable},
    request::{self, RecordType, Request},
};

/// More pages than any order has.
const MAX_PAGES: u32 = 1000;

/// Reads everything on record for an order.
pub(crate) async fn read(
    client: &Client,
    books: &Books,
    query: &BillingQuery,
) -> Result<Billing, Failure> {
    let mut billing =
        Billing { sales_order: sales_order(client, books, query).await?, ..Billing::default() };
    if let Some(order) = billing.sales_order.as_ref().map(|it| it.id.clone()) {
        add_bills(client, books, &order, &mut billing).await?;
    }
    let invoices: Vec<_> = billing.invoices.iter().map(|it| it.id.clone()).collect();
    let mut memos = Vec::new();
    if !invoices.is_empty() {
        memos = all_pages(client, &request::memos_of(&invoices)).await?;
    }
    if query.memos_by_reference == MemosByReference::Include && !query.reference.is_empty() {
        memos.extend(all_pages(client, &request::memos_by_reference(&query.reference)).await?);
    }
    let mut seen = BTreeSet::new();
    for record in memos.iter().filter(|it| it.kind() == Some("CreditMemo")) {
        let memo = reply::existing(record, books)?;
        if seen.insert(memo.id.clone()) {
            billing.memos.push(memo);
        }
    }
    Ok(billing)
}

async fn sales_order(
    client: &Client,
    books: &Books,
    query: &BillingQuery,
) -> Result<Option<SalesOrder>, Failure> {
    let mut names = vec![query.reference.as_str(), query.order.as_str()];
    names.retain(|it| !it.is_empty());
    // External ids are compared without case, so the same name twice is one question.
    names.dedup_by(|one, other| one.eq_ignore_ascii_case(other));
    for name in names {
        let request = request::get_by_external_id(RecordType::SalesOrder, name);
        let found = reply::found(client.call(&request).await?)?;
        if let Some(record) = found.filter(|it| it.kind() == Some("SalesOrder")) {
            return Ok(Some(reply::sales_order(&record, books)?));
        }
    }
    Ok(None)
}

async fn add_bills(
    client: &Client,
    books: &Books,
    sales_order: &RecordId,
    billing: &mut Billing,
) -> Result<(), Failure> {
    for record in all_pages(client, &request::bills_of(sales_order)).await? {
        match record.kind() {
            Some("Invoice") => billing.invoices.push(reply::invoice(&record, books)?),
            Some("CashSale") => billing.cash_sales.push(reply::own_id(&record)?),
            _ => {}
        }
    }
    Ok(())
}

/// All records of a search: fewer than it counts would be taken for all there are.
async fn all_pages(client: &Client, search: &Request) -> Result<Vec<Node>, Failure> {
    let first = reply::page(client.call(search).await?)?;
    if MAX_PAGES < first.pages {
        return Err(Unreadable::TooLarge.into());
    }
    let mut records = first.records;
    for index in 2..=first.pages {
        let id = first.search_id.as_deref().ok_or(Unreadable::Missing("searchId"))?;
        let further = reply::page(client.call(&request::page(id, index)).await?)?;
        records.extend(further.records);
    }
    match first.total {
        Some(total) if records.len() < total as usize => Err(Unreadable::CutOff.into()),
        _ => Ok(records),
    }
}

#[cfg(test)]
mod tests;
