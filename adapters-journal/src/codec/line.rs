//! The lines of a stored memo, with their tax details.

use domain::{InstrumentKey, LineKind, MemoLine, TaxDetail, decimal};
use serde::{Deserialize, Serialize};

use super::{Problem, all, field::FieldDto, parsed, text, texts, units};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LineDto {
    kind: KindDto,
    item: String,
    source_line: Option<u32>,
    quantity: Option<u32>,
    rate: Option<String>,
    amount: String,
    tax_code: Option<String>,
    taxable: Option<bool>,
    location: Option<String>,
    units: Vec<String>,
    taxes: Vec<TaxDto>,
    fields: Vec<FieldDto>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum KindDto {
    Item,
    Discount,
    Shipping,
    Tax,
    Rounding,
    Payment(String),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TaxDto {
    tax_type: String,
    tax_code: String,
    basis: String,
    rate: String,
    amount: String,
}

impl From<&MemoLine> for LineDto {
    fn from(line: &MemoLine) -> Self {
        Self {
            kind: (&line.kind).into(),
            item: line.item.to_string(),
            source_line: line.source_line,
            quantity: line.quantity,
            rate: text(line.rate.as_ref()),
            amount: line.amount.to_string(),
            tax_code: text(line.tax_code.as_ref()),
            taxable: line.taxable,
            location: text(line.location.as_ref()),
            units: texts(&line.units),
            taxes: line.taxes.iter().map(Into::into).collect(),
            fields: line.fields.iter().map(Into::into).collect(),
        }
    }
}

impl TryFrom<LineDto> for MemoLine {
    type Error = Problem;

    fn try_from(dto: LineDto) -> Result<Self, Problem> {
        Ok(Self {
            kind: dto.kind.into(),
            item: dto.item.parse()?,
            source_line: dto.source_line,
            quantity: dto.quantity,
            rate: parsed(dto.rate)?,
            amount: dto.amount.parse()?,
            tax_code: parsed(dto.tax_code)?,
            taxable: dto.taxable,
            location: parsed(dto.location)?,
            units: units(&dto.units)?,
            taxes: all(dto.taxes)?,
            fields: dto.fields.into_iter().map(Into::into).collect(),
        })
    }
}

impl From<&LineKind> for KindDto {
    fn from(kind: &LineKind) -> Self {
        match kind {
            LineKind::Item => Self::Item,
            LineKind::Discount => Self::Discount,
            LineKind::Shipping => Self::Shipping,
            LineKind::Tax => Self::Tax,
            LineKind::Rounding => Self::Rounding,
            LineKind::Payment(instrument) => Self::Payment(instrument.to_string()),
        }
    }
}

impl From<KindDto> for LineKind {
    fn from(dto: KindDto) -> Self {
        match dto {
            KindDto::Item => Self::Item,
            KindDto::Discount => Self::Discount,
            KindDto::Shipping => Self::Shipping,
            KindDto::Tax => Self::Tax,
            KindDto::Rounding => Self::Rounding,
            KindDto::Payment(instrument) => Self::Payment(InstrumentKey::stored(&instrument)),
        }
    }
}

impl From<&TaxDetail> for TaxDto {
    fn from(tax: &TaxDetail) -> Self {
        Self {
            tax_type: tax.tax_type.to_string(),
            tax_code: tax.tax_code.to_string(),
            basis: tax.basis.to_string(),
            rate: tax.rate.to_string(),
            amount: tax.amount.to_string(),
        }
    }
}

impl TryFrom<TaxDto> for TaxDetail {
    type Error = Problem;

    fn try_from(dto: TaxDto) -> Result<Self, Problem> {
        Ok(Self {
            tax_type: dto.tax_type.parse()?,
            tax_code: dto.tax_code.parse()?,
            basis: dto.basis.parse()?,
            rate: decimal(&dto.rate)?,
            amount: dto.amount.parse()?,
        })
    }
}
