//! The tax of a line: the invoice's codes, memobridge's tax details, or none.

use rust_decimal::Decimal;

use super::{DecisionInput, assemble::untaxed, shipping::ShippingDue};
use crate::{
    Amount, BillingLine, Invoice, LineTax, Reason, RecordId, Tax, TaxDetail, maps::unmapped,
};

/// How one line is taxed.
#[derive(Debug, Clone, Default)]
pub(super) struct LineTaxes {
    pub(super) code: Option<RecordId>,
    pub(super) taxable: Option<bool>,
    pub(super) details: Vec<TaxDetail>,
}

impl LineTaxes {
    /// For items with this net amount and tax, as the billing line is taxed.
    pub(super) fn of(
        input: &DecisionInput<'_>,
        line: &BillingLine,
        net: Amount,
        tax: Amount,
    ) -> Result<Self, Reason> {
        Ok(match input.policy.tax {
            Tax::FromInvoice => {
                Self { code: line.tax_code.clone(), taxable: line.taxable, details: Vec::new() }
            }
            Tax::Item => Self { code: untaxed(input)?, taxable: Some(false), details: Vec::new() },
            Tax::SuiteTax => Self {
                details: details(input, &line.taxes, net, tax, &format!("line {}", line.line))?,
                ..Self::default()
            },
        })
    }

    /// For shipping, as the invoice's shipping is taxed.
    pub(super) fn of_shipping(
        input: &DecisionInput<'_>,
        invoice: Option<&Invoice>,
        due: &ShippingDue<'_>,
    ) -> Result<Self, Reason> {
        let line_code = due.line.and_then(|it| it.tax_code.clone());
        let body_code = || invoice.and_then(|it| it.shipping_tax_code.clone());
        Ok(match input.policy.tax {
            Tax::FromInvoice => Self {
                code: line_code.or_else(body_code),
                taxable: due.line.and_then(|it| it.taxable),
                details: Vec::new(),
            },
            Tax::Item => Self { code: untaxed(input)?, taxable: Some(false), details: Vec::new() },
            Tax::SuiteTax => {
                let body = invoice.map(|it| it.shipping_taxes.as_slice()).unwrap_or_default();
                let taxes = due.line.map_or(body, |it| it.taxes.as_slice());
                let (net, tax) = (due.charge.net(), due.charge.tax);
                Self { details: details(input, taxes, net, tax, "shipping")?, ..Self::default() }
            }
        })
    }
}

/// Splits `tax` over the invoice's tax codes in the invoice's proportions.
fn details(
    input: &DecisionInput<'_>,
    taxes: &[LineTax],
    net: Amount,
    tax: Amount,
    what: &str,
) -> Result<Vec<TaxDetail>, Reason> {
    if tax.is_zero() {
        return Ok(Vec::new());
    }
    let Some((last, others)) = taxes.split_last() else {
        return Err(unmapped("the invoice's tax details", what, input.order));
    };
    let whole: Amount = taxes.iter().map(|it| it.amount).sum();
    let mut left = tax;
    let mut parts = Vec::new();
    for line_tax in others {
        let part = input.order.currency.round(tax.share(line_tax.amount.value(), whole.value()));
        left -= part;
        parts.push(detail(line_tax, net, part));
    }
    parts.push(detail(last, net, left));
    Ok(parts)
}

fn detail(line_tax: &LineTax, net: Amount, tax: Amount) -> TaxDetail {
    let hundred = Decimal::ONE_HUNDRED;
    let computed_rate = || tax.share(hundred, net.value()).value().round_dp(4);
    TaxDetail {
        tax_type: line_tax.tax_type.clone(),
        tax_code: line_tax.tax_code.clone(),
        basis: net,
        rate: line_tax.rate.unwrap_or_else(computed_rate),
        amount: tax,
    }
}
