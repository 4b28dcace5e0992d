//! Applies a memo to invoices.

use rust_decimal::Decimal;

use super::{
    Application, Kind, Record, Standing,
    account::Books,
    number::round,
    read::{Apply, Draft},
    reply::Refusal,
};

/// The applications of a memo, computed before it is recorded.
pub(super) fn decide(books: &Books, draft: &Draft) -> Result<Vec<Application>, Refusal> {
    let memo = &draft.record;
    match &draft.apply {
        Apply::Listed(list) => {
            let list: Vec<_> = list.iter().filter(|it| !it.amount.is_zero()).cloned().collect();
            let total: Decimal = list.iter().map(|it| it.amount).sum();
            for application in &list {
                check(books, memo, application)?;
            }
            if memo.total < total {
                return Err(unbalanced());
            }
            Ok(list)
        }
        Apply::Oldest => {
            let open = books.records().filter(|it| appliable(memo, it));
            Ok(open.min_by_key(|it| it.date).map(|it| most(memo, it)).into_iter().collect())
        }
        Apply::Source => {
            let source = memo.created_from.as_ref().and_then(|it| books.record(it));
            Ok(source
                .filter(|it| appliable(memo, it))
                .map(|it| most(memo, it))
                .into_iter()
                .collect())
        }
        Apply::Nothing => Ok(Vec::new()),
    }
}

/// Subtracts a memo's applications from the open amounts of the invoices.
pub(super) fn settle(books: &mut Books, memo: &str) {
    let applied = books.record(memo).map(|it| it.applied.clone()).unwrap_or_default();
    for Application { doc, amount } in applied {
        books.edit(&doc, |invoice| invoice.remaining = Some(invoice.open() - amount));
    }
}

fn check(books: &Books, memo: &Record, application: &Application) -> Result<(), Refusal> {
    let invoice = books.record(&application.doc).filter(|it| it.kind == Kind::Invoice);
    let Some(invoice) = invoice.filter(|it| it.standing == Standing::Valid) else {
        return Err(Refusal::invalid_reference("doc", &application.doc));
    };
    if invoice.entity != memo.entity || invoice.currency != memo.currency {
        return Err(Refusal::invalid_reference("doc", &application.doc));
    }
    if invoice.account.is_some() && memo.account != invoice.account {
        let message =
            "The account of a credit memo must be the one of the invoice it is applied to.";
        return Err(Refusal::user(message));
    }
    // An open amount may differ by the error of a binary fraction.
    let open = round(invoice.open(), books.decimals(&invoice.currency));
    if application.amount.is_sign_negative() || open < application.amount {
        return Err(unbalanced());
    }
    Ok(())
}

fn appliable(memo: &Record, invoice: &Record) -> bool {
    invoice.kind == Kind::Invoice
        && invoice.standing == Standing::Valid
        && invoice.entity == memo.entity
        && invoice.currency == memo.currency
        && invoice.open() > Decimal::ZERO
}

fn most(memo: &Record, invoice: &Record) -> Application {
    Application { doc: invoice.id.clone(), amount: memo.total.min(invoice.open()) }
}

fn unbalanced() -> Refusal {
    Refusal::new("TRANS_APPLIED_AMTS_UNBALNCD", "The applied amounts do not balance.")
}
