//! What our role may do, one permission at a time.
//!
//! "Does not exist" is what only someone with the right is told about a record
//! that cannot exist.

use domain::NotInvoiced;
use ports::{Finding, told};

use super::{Ended, Examination};
use crate::{
    fault::Class,
    reply,
    request::{self, RecordType},
    rights::NO_RECORD,
};

/// The transactions that are read, with the permission that shows them.
const READ: [(RecordType, &str, &str); 4] = [
    (RecordType::SalesOrder, "read sales orders", "Transactions > Sales Order (view)"),
    (RecordType::Invoice, "read invoices", "Transactions > Invoice (view)"),
    (RecordType::CreditMemo, "read credit memos", "Transactions > Credit Memo (view)"),
    (RecordType::CashSale, "read cash sales", "Transactions > Cash Sale (view)"),
];

const CREATE: &str = "create credit memos";

/// What a form is refused with when there is nothing to make the record from.
const NO_INVOICE: [&str; 4] = [
    "INVALID_INITIALIZE_REF",
    "INVALID_REF_CANT_INITIALIZE",
    "INVALID_KEY_OR_REF",
    "INVALID_REF_KEY",
];

impl Examination<'_> {
    pub(super) async fn rights(&mut self) -> Result<(), Ended> {
        for (kind, what, permission) in READ {
            let request = request::get_by_external_id(kind, NO_RECORD);
            match self.ask(&request).await.and_then(reply::found) {
                Ok(_) => self.fine(what, "permitted"),
                Err(failure) if failure.class == Class::Forbidden => {
                    let seen = told(&failure);
                    self.findings.push(self.missing(kind, what, &seen, permission));
                }
                Err(failure) => self.unchecked(what, &failure)?,
            }
        }
        self.create().await?;
        if self.wants.policy.not_invoiced == NotInvoiced::CloseLines {
            let seen = "cannot be tried without closing a line: see that the integration's role \
                        has Transactions > Sales Order (edit)";
            self.findings.push(Finding::untold("edit sales orders", seen));
        }
        Ok(())
    }

    fn missing(&self, kind: RecordType, what: &str, seen: &str, permission: &str) -> Finding {
        let remedy = format!("give the integration's role the permission {permission}");
        let waits = matches!(self.wants.policy.not_invoiced, NotInvoiced::Wait | NotInvoiced::Park);
        if kind == RecordType::CashSale && waits {
            let seen = format!("{seen}; orders billed by cash sale will look not invoiced");
            return Finding::warning(what, seen, remedy);
        }
        Finding::wrong(what, seen, remedy)
    }

    /// There is no dry run of an `add`. Opening the form comes closest.
    async fn create(&mut self) -> Result<(), Ended> {
        const NO_INVOICE_SAID: &str = "the form is refused for want of an invoice, not of a \
                                       permission; NetSuite has no dry run of saving it";
        let seen = match self.ask(&request::memo_form()).await.and_then(reply::found) {
            Ok(Some(_)) => "the form opens; NetSuite has no dry run of saving it",
            // It looked for the invoice, so it did not mind that we want to enter a memo.
            Ok(None) => NO_INVOICE_SAID,
            Err(failure) if NO_INVOICE.contains(&failure.code()) => NO_INVOICE_SAID,
            Err(failure) if failure.class == Class::Forbidden => {
                let remedy = "give the integration's role the permission Transactions > Credit \
                              Memo (create)";
                self.findings.push(Finding::wrong(CREATE, told(&failure), remedy));
                return Ok(());
            }
            Err(failure) => return self.unchecked(CREATE, &failure),
        };
        self.fine(CREATE, seen);
        Ok(())
    }
}
