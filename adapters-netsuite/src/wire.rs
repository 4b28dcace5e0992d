//! Doors for what is measured, fuzzed and held against the schema from outside
//! this crate. Not an interface: nothing here is promised to anybody.

use domain::{Billing, CreditMemo, LinesToClose, RecordId, SalesOrder, Standing, Timestamp};
use ports::RecordKind;

use crate::{
    auth::Credentials,
    books::{self, Books},
    fault::{Context, Failure, classify},
    options::{InvalidOptions, Options},
    reply::{self, Node, Reply},
    request::{self, Operation, Place, RecordType, Request},
};

/// What is written and read for one account, without a network.
pub struct Wire {
    version: String,
    credentials: Credentials,
    books: Books,
}

impl Wire {
    /// Checks the options.
    pub fn new(options: Options) -> Result<Self, InvalidOptions> {
        options.check()?;
        Ok(Self {
            version: options.version.clone(),
            books: Books::new(&options)?,
            credentials: Credentials::new(options.account.parse()?, options),
        })
    }

    /// The request that records a memo, signed.
    #[must_use]
    pub fn add(&self, memo: &CreditMemo, now: Timestamp) -> String {
        self.write(&request::add(memo, &self.books), now)
    }

    /// The request that brings sales-order lines to their targets, signed.
    #[must_use]
    pub fn close_lines(&self, lines: &LinesToClose, now: Timestamp) -> String {
        self.write(&request::close_lines(lines), now)
    }

    /// Every question that is asked about an order of this number and these records, and
    /// about an account, signed.
    #[must_use]
    pub fn questions(&self, number: &str, records: &[RecordId], now: Timestamp) -> Vec<String> {
        let kinds = [RecordType::SalesOrder, RecordType::Invoice, RecordType::CreditMemo];
        let mut requests = vec![
            request::bills_of_number(number),
            request::memos_by_reference(number),
            request::memos_of(records),
            request::voided_memos(records),
            request::page(number, 2),
            request::server_time(),
            request::memo_form(),
            request::some_invoices(None::<&str>),
            request::custom_fields(Place::Body, [number]),
            request::custom_fields(Place::Line, [number]),
            request::memos_since(books::moment(now), Standing::Valid),
            request::memos_since(books::moment(now), Standing::Voided),
        ];
        let shown = RecordKind::ALL.into_iter().filter(|it| !request::types_of(*it).is_empty());
        requests.extend(shown.map(|kind| request::list(kind, records)));
        requests.extend(records.iter().map(request::bills_of));
        for kind in kinds {
            requests.push(request::get_by_external_id(kind, number));
            requests.push(request::get_list(kind, records));
            requests.extend(records.iter().map(|id| request::get(kind, id)));
        }
        requests.iter().map(|it| self.write(it, now)).collect()
    }

    /// The sales order in an answer to `get`.
    #[must_use]
    pub fn sales_order(&self, bytes: &[u8]) -> Option<SalesOrder> {
        let answer = Reply::read(bytes).ok()?.answer(Operation::Get).ok()?;
        let record = reply::found(answer).ok()??;
        reply::sales_order(&record, &self.books).ok()
    }

    /// What is on record by an answer to `search`.
    #[must_use]
    pub fn found(&self, bytes: &[u8]) -> Option<Billing> {
        let answer = Reply::read(bytes).ok()?.answer(Operation::Search).ok()?;
        let mut billing = Billing::default();
        for record in reply::page(answer).ok()?.records {
            match record.kind() {
                Some("Invoice") => {
                    billing.invoices.push(reply::invoice(&record, &self.books).ok()?);
                }
                Some("CreditMemo") => {
                    billing
                        .memos
                        .push(reply::existing(&record, &self.books, Standing::Valid).ok()?);
                }
                _ => {}
            }
        }
        Some(billing)
    }

    /// Reads bytes as everything that an answer can be.
    pub fn read(&self, bytes: &[u8]) {
        for operation in Operation::ALL {
            let answer = || Reply::read(bytes)?.answer(operation);
            let Ok(content) = answer() else { continue };
            drop((reply::written(&content), reply::server_time(&content)));
            let found = reply::found(content).map(|it| it.into_iter().collect());
            let listed = || answer().and_then(reply::listed);
            let page = || answer().and_then(reply::page).map(|it| it.records);
            let each = || {
                let answers = answer().and_then(reply::each)?;
                Ok(answers.into_iter().filter_map(|it| it.ok().flatten()).collect())
            };
            for records in [found, listed(), page(), each()] {
                self.read_records(records);
            }
        }
    }

    fn read_records(&self, records: Result<Vec<Node>, Failure>) {
        let records = match records {
            Ok(records) => records,
            Err(failure) => return drop(format!("{failure} {failure:?}")),
        };
        let mut habits = reply::Habits::default();
        for record in &records {
            habits.learn(record, &self.books);
            drop((
                reply::whole(record, |it| reply::sales_order(it, &self.books)),
                reply::whole(record, |it| reply::invoice(it, &self.books)),
                reply::whole(record, |it| reply::existing(it, &self.books, Standing::Valid)),
                reply::whole(record, |it| reply::identity(it, &self.books)),
                reply::whole(record, |it| reply::confirmed(it, &self.books)),
                reply::whole(record, |it| reply::recorded(it, &self.books, Standing::Valid)),
                reply::whole(record, reply::made_from),
            ));
        }
    }

    fn write(&self, request: &Request, now: Timestamp) -> String {
        request.envelope(&self.version, &self.credentials.passport(now))
    }
}

/// What a code in a fault and in a status means, by name.
#[must_use]
pub fn classes(element: &str, code: &str, message: &str) -> [String; 2] {
    [Context::Fault(element), Context::Status]
        .map(|context| format!("{:?}", classify(context, code, message)))
}
