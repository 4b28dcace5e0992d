//! The calls behind `billing`: an order's sales documents, their memos, and the sales order where
//! the documents are not enough.
//!
//! Two calls where the documents carry every requested unit, three where there are no documents;
//! one more for memos by the order's number. A search without permission returns no rows, so an
//! empty result is accepted only after the read permission was verified.

use std::collections::BTreeSet;

use domain::{
    Billing, ExistingMemo, ExistingMemos, Invoice, RecordId, SalesOrder, Standing, UnitId,
};
use ports::BillingQuery;

use crate::{
    account_conventions::AccountConventions,
    client::Client,
    fault::NetSuiteError,
    ledger::is_memo,
    read_permissions::VerifiedPermissions,
    reply::{self, Node, XmlError},
    request::{self, RecordType, Request},
};

/// More pages than any order has; a limit against endless paging.
const MAX_PAGES: u32 = 1000;

/// The shared parts of a conversation.
#[derive(Clone, Copy)]
pub(crate) struct BillingReader<'a> {
    /// Sends the calls.
    pub(crate) client: &'a Client,
    /// How this account writes keys and dates.
    pub(crate) conventions: &'a AccountConventions,
    /// The verified permissions: whether an empty result proves that there is no record.
    pub(crate) permissions: &'a VerifiedPermissions,
}

/// Invoices and cash sales, and the sales order that they were made from.
#[derive(Default)]
struct SalesDocuments {
    order: Option<RecordId>,
    /// Whether they were made from different sales orders.
    of_several: bool,
    invoices: Vec<Invoice>,
    cash_sales: Vec<RecordId>,
}

impl SalesDocuments {
    fn is_empty(&self) -> bool {
        self.invoices.is_empty() && self.cash_sales.is_empty()
    }
}

impl BillingReader<'_> {
    /// Reads everything on record for an order. Where the query names units and every one of them
    /// is on an invoice, the sales order is returned without its lines.
    pub(crate) async fn billing(self, query: &BillingQuery) -> Result<Billing, NetSuiteError> {
        let (sales_documents, sales_order) = self.documents(query).await?;
        let mut billing = Billing {
            memos: self.memos(query, &sales_documents.invoices).await?,
            invoices: sales_documents.invoices,
            cash_sales: sales_documents.cash_sales,
            sales_order,
        };
        if let (None, Some(order)) = (&billing.sales_order, sales_documents.order) {
            billing.sales_order = match outline(&billing, &order, &query.units) {
                Some(outline) => Some(outline),
                None => self.sales_order(&request::get(RecordType::SalesOrder, &order)).await?,
            };
        }
        Ok(billing)
    }

    /// The order's own sales documents, and its sales order where it had to be read to know which
    /// order the documents belong to. Another shop in the account may have the same number: then
    /// only the sales order under the order's id can be the right one.
    async fn documents(
        self,
        query: &BillingQuery,
    ) -> Result<(SalesDocuments, Option<SalesOrder>), NetSuiteError> {
        let sales_documents = self.sales_documents_by_number(query).await?;
        if query.identity.is_named_on(&sales_documents.invoices) {
            return Ok((sales_documents, None));
        }
        let foreign = sales_documents.order.clone();
        if let Some(id) = &foreign {
            let order = self.sales_order(&request::get(RecordType::SalesOrder, id)).await?;
            if query.identity.owns(order.as_ref(), &sales_documents.invoices) {
                return Ok((sales_documents, order));
            }
        }
        for name in names(query) {
            let request = request::get_by_external_id(RecordType::SalesOrder, name);
            let found = self.sales_order(&request).await?;
            let Some(order) = found.filter(|order| Some(&order.id) != foreign.as_ref()) else {
                continue;
            };
            // Lines are closed if there is no sales document, and that must not depend on how a
            // search compares numbers.
            let sales_documents =
                self.sales_documents(&request::sales_documents_of(&order.id)).await?;
            if sales_documents.is_empty() {
                self.permissions.verify(self.client, RecordType::Invoice).await?;
            }
            if query.identity.owns(Some(&order), &sales_documents.invoices) {
                return Ok((sales_documents, Some(order)));
            }
        }
        Ok((SalesDocuments::default(), None))
    }

    /// The sales documents in one call, by the number of their sales order; empty where the account
    /// does not support that search, and the caller then uses the order's id.
    async fn sales_documents_by_number(
        self,
        query: &BillingQuery,
    ) -> Result<SalesDocuments, NetSuiteError> {
        if query.reference.is_empty() {
            return Ok(SalesDocuments::default());
        }
        match self.sales_documents(&request::sales_documents_of_number(&query.reference)).await {
            // Documents of several orders: the account ignored the criterion.
            Ok(sales_documents) if sales_documents.of_several => Ok(SalesDocuments::default()),
            Err(error) if error.is_about_the_question() => {
                tracing::debug!(%error, "NetSuite rejected the search by the order's number");
                Ok(SalesDocuments::default())
            }
            result => result,
        }
    }

    async fn sales_order(self, request: &Request) -> Result<Option<SalesOrder>, NetSuiteError> {
        let found = reply::parse_get(self.client.call(request).await?)?;
        let record = found.filter(|it| it.kind() == Some("SalesOrder"));
        let read = |it: &Node| reply::sales_order(it, self.conventions);
        record.map(|it| reply::parse_record(&it, read)).transpose()
    }

    async fn sales_documents(self, search: &Request) -> Result<SalesDocuments, NetSuiteError> {
        let mut sales_documents = SalesDocuments::default();
        let mut without_lines = Vec::new();
        let invoice = |it: &Node| reply::invoice(it, self.conventions);
        for record in self.all_pages(search).await? {
            match record.kind() {
                // Searches may return records without lines.
                Some("Invoice") if record.child("itemList").is_none() => {
                    without_lines.push(reply::parse_record(&record, reply::own_id)?);
                }
                Some("Invoice") => {
                    sales_documents.invoices.push(reply::parse_record(&record, invoice)?);
                }
                Some("CashSale") => {
                    sales_documents.cash_sales.push(reply::parse_record(&record, reply::own_id)?);
                }
                _ => continue,
            }
            let order = reply::parse_record(&record, reply::made_from)?;
            sales_documents.of_several |=
                sales_documents.order.is_some() && sales_documents.order != order;
            sales_documents.order = sales_documents.order.or(order);
        }
        for record in self.whole(RecordType::Invoice, &without_lines).await? {
            sales_documents.invoices.push(reply::parse_record(&record, invoice)?);
        }
        Ok(sales_documents)
    }

    /// The order's memos that count, and those of memobridge that were voided. The two searches run
    /// concurrently if the account has free slots.
    async fn memos(
        self,
        query: &BillingQuery,
        invoices: &[Invoice],
    ) -> Result<Vec<ExistingMemo>, NetSuiteError> {
        let invoices: Vec<_> = invoices.iter().map(|invoice| invoice.id.clone()).collect();
        let by_number =
            query.existing_memos == ExistingMemos::Number && !query.reference.is_empty();
        let of_invoices = async {
            let mut memos = Vec::new();
            for batch in invoices.chunks(request::MAX_IDS) {
                memos.extend(self.memos_found(&request::memos_of(batch)).await?);
            }
            Ok::<_, NetSuiteError>(memos)
        };
        let of_number = async {
            if by_number {
                self.memos_found(&request::memos_by_reference(&query.reference)).await
            } else {
                Ok(Vec::new())
            }
        };
        // Both answers are awaited, because a call that is dropped still occupies its slot.
        let (of_invoices, of_number) = tokio::join!(of_invoices, of_number);
        let (mut memos, of_number) = (of_invoices?, of_number?);
        memos.extend(of_number);
        if memos.is_empty() && (by_number || !invoices.is_empty()) {
            self.permissions.verify(self.client, RecordType::CreditMemo).await?;
        }
        let mut seen = BTreeSet::new();
        memos.retain(|memo| seen.insert(memo.id.clone()));
        let hidden: Vec<_> =
            query.own_memos.iter().filter(|id| !seen.contains(*id)).cloned().collect();
        for batch in hidden.chunks(request::MAX_IDS) {
            memos.extend(self.voided(batch).await?);
        }
        Ok(memos)
    }

    /// The credit memos of a search that count.
    async fn memos_found(self, search: &Request) -> Result<Vec<ExistingMemo>, NetSuiteError> {
        let (mut memos, mut without_lines) = (Vec::new(), Vec::new());
        let existing = |it: &Node| reply::existing(it, self.conventions, Standing::Valid);
        for record in self.all_pages(search).await?.iter().filter(|it| is_memo(it)) {
            // Searches may return records without lines, which would credit no unit.
            if record.child("itemList").is_none() {
                without_lines.push(reply::parse_record(record, reply::own_id)?);
            } else {
                memos.push(reply::parse_record(record, existing)?);
            }
        }
        for record in self.whole(RecordType::CreditMemo, &without_lines).await? {
            memos.push(reply::parse_record(&record, existing)?);
        }
        Ok(memos)
    }

    /// These records with their lines.
    async fn whole(
        self,
        kind: RecordType,
        records: &[RecordId],
    ) -> Result<Vec<Node>, NetSuiteError> {
        let mut whole = Vec::new();
        for batch in records.chunks(request::MAX_IDS) {
            let request = request::get_list(kind, batch);
            whole.extend(reply::parse_get_list(self.client.call(&request).await?)?);
        }
        Ok(whole)
    }

    /// The voided ones among these credit memos.
    pub(crate) async fn voided(
        self,
        records: &[RecordId],
    ) -> Result<Vec<ExistingMemo>, NetSuiteError> {
        let records = self.all_pages(&request::voided_memos(records)).await?;
        let existing = |it: &Node| reply::existing(it, self.conventions, Standing::Voided);
        let memos = records.iter().filter(|record| is_memo(record));
        memos.map(|it| reply::parse_record(it, existing)).collect()
    }

    /// All records of a search; an error if it returns fewer than it counts.
    async fn all_pages(self, search: &Request) -> Result<Vec<Node>, NetSuiteError> {
        let first = reply::page(self.client.call(search).await?)?;
        if first.pages > MAX_PAGES {
            return Err(XmlError::TooLarge.into());
        }
        let mut records = first.records;
        for index in 2..=first.pages {
            let id = first.search_id.as_deref().ok_or(XmlError::Missing("searchId"))?;
            let further = reply::page(self.client.call(&request::page(id, index)).await?)?;
            records.extend(further.records);
        }
        match first.total {
            Some(total) if records.len() < total as usize => Err(XmlError::CutOff.into()),
            _ => Ok(records),
        }
    }
}

/// The external ids that the order's sales order may have.
fn names(query: &BillingQuery) -> Vec<&str> {
    let mut names = vec![query.reference.as_str(), query.order.as_str()];
    names.retain(|name| !name.is_empty());
    // External ids are compared without case, so two spellings of one name need one query.
    names.dedup_by(|one, other| one.eq_ignore_ascii_case(other));
    names
}

/// The sales order as its invoices show it, without lines. Used where no line is needed: every unit
/// is on an invoice, and every memo names the units that it credits.
fn outline(billing: &Billing, order: &RecordId, units: &[UnitId]) -> Option<SalesOrder> {
    let invoice = billing.invoices.first()?;
    let named: BTreeSet<_> = billing
        .invoices
        .iter()
        .flat_map(|invoice| &invoice.lines)
        .flat_map(|it| &it.units)
        .collect();
    let memos = billing.memos.iter().filter(|memo| memo.standing == Standing::Valid);
    let mut goods = memos.flat_map(|it| &it.lines).filter(|it| it.quantity.is_some());
    let is_enough = !units.is_empty()
        && units.iter().all(|unit| unit.is_shipping() || named.contains(unit))
        && goods.all(|it| !it.units.is_empty());
    is_enough.then(|| SalesOrder {
        id: order.clone(),
        entity: invoice.entity.clone(),
        currency: invoice.currency.clone(),
        classes: invoice.classes.clone(),
        tax_item: invoice.tax_item.clone(),
        lines: Vec::new(),
    })
}

#[cfg(test)]
mod foreign_tests;
#[cfg(test)]
mod tests;
