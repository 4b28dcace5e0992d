//! Whether the account's invoices match the policy: stock, taxes, unit ids.

use std::time::Duration;

use domain::{ItemPolicy, Tax};
use jiff::Timestamp;
use ports::{DiagnosticFinding, RecordKind, error_chain};

use super::{Ended, Examination, records::STOCKED};
use crate::{
    fault::{Class, NetSuiteError},
    reply::{self, AccountUsage},
    request::{self, RecordType},
};

/// The age up to which an invoice is recent.
const RECENT: Duration = Duration::from_hours(30 * 24);

/// The number of items that one finding names.
const NAMED: usize = 5;

const SEARCH: &str = "search transactions";

/// Whether there were invoices to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Invoices {
    /// There were some.
    Seen,
    /// There were none, or they could not be read.
    Unseen,
}

impl Examination<'_> {
    /// Reads some invoices; the search also shows whether the role may search.
    pub(super) async fn invoices(&mut self) -> Result<Invoices, Ended> {
        match self.record_usage().await {
            Ok(Some(usage)) => {
                self.usage = usage;
                self.ok(SEARCH, "permitted");
                return Ok(Invoices::Seen);
            }
            Ok(None) => {
                let seen = "no invoice was found: stock items, taxes and the line key column \
                            could not be checked";
                let remedy = "if there are invoices, give the integration's role the permission \
                              Find Transaction: without it searches find nothing";
                self.findings.push(DiagnosticFinding::warning(SEARCH, seen, remedy));
            }
            Err(error) if error.class == Class::Forbidden => {
                let remedy = "give the integration's role the permission Find Transaction";
                self.findings.push(DiagnosticFinding::error(SEARCH, error_chain(&error), remedy));
            }
            Err(error) => self.unchecked(SEARCH, &error)?,
        }
        Ok(Invoices::Unseen)
    }

    /// Compares what the invoices show with the policy.
    pub(super) async fn account_usage(&mut self) -> Result<(), Ended> {
        self.stock().await?;
        self.findings.push(taxes(&self.usage, self.requirements.policy.tax));
        let key = self.key_column();
        self.findings.push(key);
        self.custom_fields().await
    }

    /// What some invoices show; recent ones if there are any.
    async fn record_usage(&self) -> Result<Option<AccountUsage>, NetSuiteError> {
        let since = self.account.client.now().as_millis() - millis(RECENT);
        let since = Timestamp::from_millisecond(since).ok();
        for since in [since, None] {
            let page = reply::page(self.ask(&request::some_invoices(since)).await?)?;
            let is_invoice = |it: &reply::Node| it.kind() == Some("Invoice");
            let mut invoices: Vec<_> = page.records.into_iter().filter(is_invoice).collect();
            if invoices.is_empty() {
                continue;
            }
            if invoices.iter().all(|invoice| invoice.child("itemList").is_none()) {
                // Searches may return records without lines.
                let ids: Vec<_> =
                    invoices.iter().filter_map(|invoice| reply::own_id(invoice).ok()).collect();
                let request = request::get_list(RecordType::Invoice, &ids);
                invoices = reply::parse_get_list(self.ask(&request).await?)?;
            }
            let mut usage = AccountUsage::default();
            for invoice in &invoices {
                usage.record(invoice, &self.account.conventions);
            }
            return Ok(Some(usage));
        }
        Ok(None)
    }

    async fn stock(&mut self) -> Result<(), Ended> {
        const WHAT: &str = "stock items";
        let limit = request::ids_at_once(RecordKind::Item);
        let asked: Vec<_> = self.usage.some(RecordKind::Item, limit).collect();
        if self.requirements.policy.item != ItemPolicy::Invoice || asked.is_empty() {
            return Ok(());
        }
        let listed = match self.list(RecordKind::Item, asked).await {
            Ok(listed) => listed,
            Err(error) => return self.unchecked(WHAT, &error),
        };
        let is_stocked = |it: &reply::Node| it.kind().is_some_and(|it| STOCKED.contains(&it));
        let mut stocked = listed.found.iter().filter(|(_, it)| is_stocked(it)).map(|(id, _)| id);
        let named: Vec<_> = stocked.by_ref().take(NAMED).map(String::as_str).collect();
        if named.is_empty() {
            self.ok(WHAT, "none on the invoices that were checked");
            return Ok(());
        }
        let more = match stocked.count() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let seen = format!(
            "invoices carry stock items ({}{more}): a credit memo made from one puts them back \
             into stock, though they never left",
            named.join(", ")
        );
        let remedy = "if they should not be restocked, set policy item = { id = \"…\" } to a \
                      non-inventory item";
        self.findings.push(DiagnosticFinding::warning(WHAT, seen, remedy));
        Ok(())
    }

    fn key_column(&self) -> DiagnosticFinding {
        let name = &self.requirements.policy.line_key_field;
        let what = format!("line key column {name}");
        if self.usage.unit_ids {
            return DiagnosticFinding::ok(what, "is on invoice lines");
        }
        let seen = "is on no line of the invoices that were checked";
        let remedy = format!(
            "have the order export write each unit's id into {name} and invoices take it over, \
             or name the right column in line_key_field"
        );
        match self.requirements.policy.item {
            ItemPolicy::Invoice => {
                let seen = format!("{seen}: units are matched by item, which can be ambiguous");
                DiagnosticFinding::warning(what, seen, remedy)
            }
            ItemPolicy::Fixed(_) => {
                let seen = format!("{seen}: with policy item = {{ id }} nothing else ties units");
                DiagnosticFinding::error(what, seen, remedy)
            }
        }
    }
}

/// Whether the policy matches the kind of tax in the account.
fn taxes(usage: &AccountUsage, policy: Tax) -> DiagnosticFinding {
    const WHAT: &str = "taxes";
    let (name, needs_details) = match policy {
        Tax::FromInvoice => ("from-invoice", false),
        Tax::SuiteTax => ("suitetax", true),
        Tax::Item => ("item", false),
    };
    match (usage.tax_details, usage.tax_codes) {
        (false, false) => DiagnosticFinding::unknown(
            WHAT,
            "the invoices that were checked carry neither codes nor details",
        ),
        (true, _) if !needs_details => {
            let seen = format!(
                "invoices carry tax details (SuiteTax), but tax = \"{name}\" goes by tax codes"
            );
            DiagnosticFinding::error(WHAT, seen, "set policy tax = \"suitetax\"")
        }
        (false, true) if needs_details => {
            let seen = "invoices carry tax codes (legacy tax), but tax = \"suitetax\" goes by \
                        tax details";
            DiagnosticFinding::error(WHAT, seen, "set policy tax = \"from-invoice\" or \"item\"")
        }
        _ => DiagnosticFinding::ok(WHAT, format!("invoices are taxed as tax = \"{name}\" expects")),
    }
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}
