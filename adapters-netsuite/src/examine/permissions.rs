//! What the integration's role may do, one permission at a time.
//!
//! NetSuite answers "does not exist" about a record only to a role that has the permission to see
//! it.

use domain::NotInvoiced;
use ports::{DiagnosticFinding, error_chain};

use super::{Ended, Examination};
use crate::{
    fault::Class,
    read_permissions::NO_RECORD,
    reply,
    request::{self, RecordType},
};

/// The transactions that are read, with the permission that shows them.
const READ: [(RecordType, &str, &str); 4] = [
    (RecordType::SalesOrder, "read sales orders", "Transactions > Sales Order (view)"),
    (RecordType::Invoice, "read invoices", "Transactions > Invoice (view)"),
    (RecordType::CreditMemo, "read credit memos", "Transactions > Credit Memo (view)"),
    (RecordType::CashSale, "read cash sales", "Transactions > Cash Sale (view)"),
];

const CREATE: &str = "create credit memos";

/// The codes of a refused form when there is no invoice to make the record from.
const NO_INVOICE: [&str; 4] = [
    "INVALID_INITIALIZE_REF",
    "INVALID_REF_CANT_INITIALIZE",
    "INVALID_KEY_OR_REF",
    "INVALID_REF_KEY",
];

impl Examination<'_> {
    pub(super) async fn permissions(&mut self) -> Result<(), Ended> {
        for (kind, what, permission) in READ {
            let request = request::get_by_external_id(kind, NO_RECORD);
            match self.ask(&request).await.and_then(reply::parse_get) {
                Ok(_) => self.ok(what, "permitted"),
                Err(error) if error.class == Class::Forbidden => {
                    let seen = error_chain(&error);
                    self.findings.push(self.missing(kind, what, &seen, permission));
                }
                Err(error) => self.unchecked(what, &error)?,
            }
        }
        self.create().await?;
        if self.requirements.policy.not_invoiced == NotInvoiced::CloseLines {
            let seen = "cannot be tried without closing a line: see that the integration's role \
                        has Transactions > Sales Order (edit)";
            self.findings.push(DiagnosticFinding::unknown("edit sales orders", seen));
        }
        Ok(())
    }

    fn missing(
        &self,
        kind: RecordType,
        what: &str,
        seen: &str,
        permission: &str,
    ) -> DiagnosticFinding {
        let remedy = format!("give the integration's role the permission {permission}");
        let waits =
            matches!(self.requirements.policy.not_invoiced, NotInvoiced::Wait | NotInvoiced::Park);
        if kind == RecordType::CashSale && waits {
            let seen = format!("{seen}; orders billed by cash sale will look not invoiced");
            return DiagnosticFinding::warning(what, seen, remedy);
        }
        DiagnosticFinding::error(what, seen, remedy)
    }

    /// `add` has no dry run; opening the form is the closest check.
    async fn create(&mut self) -> Result<(), Ended> {
        const NO_INVOICE_SAID: &str = "the form is refused because there is no invoice, not \
                                       because of a permission; NetSuite has no dry run of \
                                       saving it";
        let seen = match self.ask(&request::memo_form()).await.and_then(reply::parse_get) {
            Ok(Some(_)) => "the form opens; NetSuite has no dry run of saving it",
            // NetSuite looked for the invoice, so the role may enter a memo.
            Ok(None) => NO_INVOICE_SAID,
            Err(error) if NO_INVOICE.contains(&error.code()) => NO_INVOICE_SAID,
            Err(error) if error.class == Class::Forbidden => {
                let remedy = "give the integration's role the permission Transactions > Credit \
                              Memo (create)";
                self.findings.push(DiagnosticFinding::error(CREATE, error_chain(&error), remedy));
                return Ok(());
            }
            Err(error) => return self.unchecked(CREATE, &error),
        };
        self.ok(CREATE, seen);
        Ok(())
    }
}
