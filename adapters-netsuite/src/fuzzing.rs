//! Hooks for benchmarks, fuzz targets and the schema check. Not part of the public API.

use domain::{Billing, CreditMemo, LinesToClose, RecordId, SalesOrder, Standing, Timestamp};
use ports::RecordKind;

use crate::{
    account_conventions::{self, AccountConventions},
    auth::Credentials,
    fault::{CodeSource, NetSuiteError, classify},
    options::{Options, OptionsError},
    reply::{self, Node, Reply},
    request::{self, FieldPlace, Operation, RecordType, Request},
};

/// The requests and replies of one account, without a network.
pub struct Codec {
    version: String,
    credentials: Credentials,
    conventions: AccountConventions,
}

impl Codec {
    /// Checks the options.
    pub fn new(options: Options) -> Result<Self, OptionsError> {
        options.check()?;
        Ok(Self {
            version: options.version.clone(),
            conventions: AccountConventions::new(&options)?,
            credentials: Credentials::new(options.account.parse()?, options),
        })
    }

    /// The request that records a memo, signed.
    #[must_use]
    pub fn add(&self, memo: &CreditMemo, now: Timestamp) -> String {
        self.write(&request::add(memo, &self.conventions), now)
    }

    /// The request that brings sales-order lines to their targets, signed.
    #[must_use]
    pub fn close_lines(&self, lines: &LinesToClose, now: Timestamp) -> String {
        self.write(&request::close_lines(lines), now)
    }

    /// Every query about an order of this number and these records, and about an account, signed.
    #[must_use]
    pub fn queries(&self, number: &str, records: &[RecordId], now: Timestamp) -> Vec<String> {
        let kinds = [RecordType::SalesOrder, RecordType::Invoice, RecordType::CreditMemo];
        let mut requests = vec![
            request::sales_documents_of_number(number),
            request::memos_by_reference(number),
            request::memos_of(records),
            request::voided_memos(records),
            request::page(number, 2),
            request::server_time(),
            request::memo_form(),
            request::some_invoices(None::<&str>),
            request::custom_fields(FieldPlace::Body, [number]),
            request::custom_fields(FieldPlace::Line, [number]),
            request::memos_since(account_conventions::moment(now), Standing::Valid),
            request::memos_since(account_conventions::moment(now), Standing::Voided),
        ];
        let shown = RecordKind::ALL.into_iter().filter(|it| !request::types_of(*it).is_empty());
        requests.extend(shown.map(|kind| request::list(kind, records)));
        requests.extend(records.iter().map(request::sales_documents_of));
        for kind in kinds {
            requests.push(request::get_by_external_id(kind, number));
            requests.push(request::get_list(kind, records));
            requests.extend(records.iter().map(|id| request::get(kind, id)));
        }
        requests.iter().map(|request| self.write(request, now)).collect()
    }

    /// The sales order in an answer to `get`.
    #[must_use]
    pub fn sales_order(&self, bytes: &[u8]) -> Option<SalesOrder> {
        let answer = Reply::read(bytes).ok()?.answer(Operation::Get).ok()?;
        let record = reply::parse_get(answer).ok()??;
        reply::sales_order(&record, &self.conventions).ok()
    }

    /// The records in an answer to `search`.
    #[must_use]
    pub fn found(&self, bytes: &[u8]) -> Option<Billing> {
        let answer = Reply::read(bytes).ok()?.answer(Operation::Search).ok()?;
        let mut billing = Billing::default();
        for record in reply::page(answer).ok()?.records {
            match record.kind() {
                Some("Invoice") => {
                    billing.invoices.push(reply::invoice(&record, &self.conventions).ok()?);
                }
                Some("CreditMemo") => {
                    billing
                        .memos
                        .push(reply::existing(&record, &self.conventions, Standing::Valid).ok()?);
                }
                _ => {}
            }
        }
        Some(billing)
    }

    /// Reads bytes as every kind of answer.
    pub fn read(&self, bytes: &[u8]) {
        for operation in Operation::ALL {
            let answer = || Reply::read(bytes)?.answer(operation);
            let Ok(content) = answer() else { continue };
            drop((reply::parse_write(&content), reply::server_time(&content)));
            let found = reply::parse_get(content).map(|it| it.into_iter().collect());
            let listed = || answer().and_then(reply::parse_get_list);
            let page = || answer().and_then(reply::page).map(|it| it.records);
            let each = || {
                let answers = answer().and_then(reply::parse_each)?;
                Ok(answers.into_iter().filter_map(|answer| answer.ok().flatten()).collect())
            };
            for records in [found, listed(), page(), each()] {
                self.read_records(records);
            }
        }
    }

    fn read_records(&self, records: Result<Vec<Node>, NetSuiteError>) {
        let records = match records {
            Ok(records) => records,
            Err(error) => return drop(format!("{error} {error:?}")),
        };
        let mut habits = reply::AccountUsage::default();
        for record in &records {
            habits.record(record, &self.conventions);
            drop((
                reply::parse_record(record, |it| reply::sales_order(it, &self.conventions)),
                reply::parse_record(record, |it| reply::invoice(it, &self.conventions)),
                reply::parse_record(record, |it| {
                    reply::existing(it, &self.conventions, Standing::Valid)
                }),
                reply::parse_record(record, |it| reply::identity(it, &self.conventions)),
                reply::parse_record(record, |it| reply::confirmed(it, &self.conventions)),
                reply::parse_record(record, |it| {
                    reply::recorded(it, &self.conventions, Standing::Valid)
                }),
                reply::parse_record(record, reply::made_from),
            ));
        }
    }

    fn write(&self, request: &Request, now: Timestamp) -> String {
        request.envelope(&self.version, &self.credentials.passport(now))
    }
}

/// The class of a code in a fault and in a status, by name.
#[must_use]
pub fn classes(element: &str, code: &str, message: &str) -> [String; 2] {
    [CodeSource::Fault(element), CodeSource::Status]
        .map(|context| format!("{:?}", classify(context, code, message)))
}
