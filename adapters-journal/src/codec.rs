//! Memos as JSON text, as a claim stores them, so that they can be sent unchanged after any crash.
//!
//! The domain's types deliberately have no serialisation; the structs here mirror them. A memo
//! written by an older version must stay readable for ever, so every change is an optional field or
//! a new variant of [`Stored`], never a change of an existing one.

mod field;
mod line;

use std::error::Error;

use domain::{Application, BodyShipping, CreditMemo, MemoKey, Source, TaxBasis, UnitId};
use serde::{Deserialize, Serialize};

use self::{
    field::FieldDto,
    line::{LineDto, TaxDto},
};

/// Why a part of a stored memo does not fit the domain's types.
type Problem = Box<dyn Error + Send + Sync>;

/// A stored memo cannot be used, or a memo cannot be stored reliably.
#[derive(Debug, thiserror::Error)]
#[error("memo {key} cannot be {doing}")]
pub(crate) struct MemoCodecError {
    key: String,
    doing: &'static str,
    source: Problem,
}

/// The memo as text; an error when it could not be read back as the same memo.
pub(crate) fn encode(memo: &CreditMemo) -> Result<String, MemoCodecError> {
    let key = memo.key.as_str();
    let failed = |source| MemoCodecError { key: key.to_owned(), doing: "stored", source };
    let text = serde_json::to_string(&Stored::V1(MemoDto::from(memo)));
    let text = text.map_err(|error| failed(error.into()))?;
    // Money depends on it: no claim is better than one that cannot be sent later.
    if decode(key, &text)? == *memo {
        return Ok(text);
    }
    Err(failed("it would be read back as another memo".into()))
}

/// The memo that was stored under `key`.
pub(crate) fn decode(key: &str, text: &str) -> Result<CreditMemo, MemoCodecError> {
    let failed = |source| MemoCodecError { key: key.to_owned(), doing: "read", source };
    let Stored::V1(memo) = serde_json::from_str(text).map_err(|it| failed(it.into()))?;
    if memo.key != key {
        return Err(failed(format!("it says that it is {:?}", memo.key).into()));
    }
    memo.try_into().map_err(failed)
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "v")]
enum Stored {
    #[serde(rename = "1")]
    V1(MemoDto),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MemoDto {
    key: String,
    order: String,
    units: Vec<String>,
    source: SourceDto,
    entity: String,
    currency: Option<String>,
    money: String,
    account: Option<String>,
    location: Option<String>,
    department: Option<String>,
    class: Option<String>,
    subsidiary: Option<String>,
    custom_form: Option<String>,
    date: String,
    reference: String,
    text: String,
    tax_item: Option<String>,
    tax_basis: TaxBasisDto,
    lines: Vec<LineDto>,
    shipping: Option<ShippingDto>,
    application: Option<ApplicationDto>,
    fields: Vec<FieldDto>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    cleared: Vec<String>,
    credit: String,
    total: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SourceDto {
    Invoice(String),
    Against(String),
    SalesOrder(String),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum TaxBasisDto {
    Codes,
    Details,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ShippingDto {
    cost: String,
    method: Option<String>,
    tax_code: Option<String>,
    taxes: Vec<TaxDto>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ApplicationDto {
    invoice: String,
    amount: String,
}

impl From<&CreditMemo> for MemoDto {
    fn from(memo: &CreditMemo) -> Self {
        Self {
            key: memo.key.to_string(),
            order: memo.order.to_string(),
            units: texts(&memo.units),
            source: (&memo.source).into(),
            entity: memo.entity.to_string(),
            currency: text(memo.currency.as_ref()),
            money: memo.money.code().to_owned(),
            account: text(memo.account.as_ref()),
            location: text(memo.location.as_ref()),
            department: text(memo.department.as_ref()),
            class: text(memo.class.as_ref()),
            subsidiary: text(memo.subsidiary.as_ref()),
            custom_form: text(memo.custom_form.as_ref()),
            date: memo.date.to_string(),
            reference: memo.reference.clone(),
            text: memo.text.clone(),
            tax_item: text(memo.tax_item.as_ref()),
            tax_basis: memo.tax_basis.into(),
            lines: memo.lines.iter().map(Into::into).collect(),
            shipping: memo.shipping.as_ref().map(Into::into),
            application: memo.application.as_ref().map(Into::into),
            fields: memo.fields.iter().map(Into::into).collect(),
            cleared: memo.cleared.clone(),
            credit: memo.credit.to_string(),
            total: memo.total.to_string(),
        }
    }
}

impl TryFrom<MemoDto> for CreditMemo {
    type Error = Problem;

    fn try_from(dto: MemoDto) -> Result<Self, Problem> {
        Ok(Self {
            key: dto.key.parse::<MemoKey>()?,
            order: dto.order.parse()?,
            units: units(&dto.units)?,
            source: dto.source.try_into()?,
            entity: dto.entity.parse()?,
            currency: parsed(dto.currency)?,
            money: dto.money.parse()?,
            account: parsed(dto.account)?,
            location: parsed(dto.location)?,
            department: parsed(dto.department)?,
            class: parsed(dto.class)?,
            subsidiary: parsed(dto.subsidiary)?,
            custom_form: parsed(dto.custom_form)?,
            date: dto.date.parse()?,
            reference: dto.reference,
            text: dto.text,
            tax_item: parsed(dto.tax_item)?,
            tax_basis: dto.tax_basis.into(),
            lines: all(dto.lines)?,
            shipping: dto.shipping.map(TryInto::try_into).transpose()?,
            application: dto.application.map(TryInto::try_into).transpose()?,
            fields: dto.fields.into_iter().map(Into::into).collect(),
            cleared: dto.cleared,
            credit: dto.credit.parse()?,
            total: dto.total.parse()?,
        })
    }
}

impl From<&Source> for SourceDto {
    fn from(source: &Source) -> Self {
        match source {
            Source::Invoice(id) => Self::Invoice(id.to_string()),
            Source::Against(id) => Self::Against(id.to_string()),
            Source::SalesOrder(id) => Self::SalesOrder(id.to_string()),
        }
    }
}

impl TryFrom<SourceDto> for Source {
    type Error = Problem;

    fn try_from(dto: SourceDto) -> Result<Self, Problem> {
        Ok(match dto {
            SourceDto::Invoice(id) => Self::Invoice(id.parse()?),
            SourceDto::Against(id) => Self::Against(id.parse()?),
            SourceDto::SalesOrder(id) => Self::SalesOrder(id.parse()?),
        })
    }
}

impl From<TaxBasis> for TaxBasisDto {
    fn from(basis: TaxBasis) -> Self {
        match basis {
            TaxBasis::Codes => Self::Codes,
            TaxBasis::Details => Self::Details,
        }
    }
}

impl From<TaxBasisDto> for TaxBasis {
    fn from(dto: TaxBasisDto) -> Self {
        match dto {
            TaxBasisDto::Codes => Self::Codes,
            TaxBasisDto::Details => Self::Details,
        }
    }
}

impl From<&BodyShipping> for ShippingDto {
    fn from(shipping: &BodyShipping) -> Self {
        Self {
            cost: shipping.cost.to_string(),
            method: text(shipping.method.as_ref()),
            tax_code: text(shipping.tax_code.as_ref()),
            taxes: shipping.taxes.iter().map(Into::into).collect(),
        }
    }
}

impl TryFrom<ShippingDto> for BodyShipping {
    type Error = Problem;

    fn try_from(dto: ShippingDto) -> Result<Self, Problem> {
        Ok(Self {
            cost: dto.cost.parse()?,
            method: parsed(dto.method)?,
            tax_code: parsed(dto.tax_code)?,
            taxes: all(dto.taxes)?,
        })
    }
}

impl From<&Application> for ApplicationDto {
    fn from(application: &Application) -> Self {
        Self { invoice: application.invoice.to_string(), amount: application.amount.to_string() }
    }
}

impl TryFrom<ApplicationDto> for Application {
    type Error = Problem;

    fn try_from(dto: ApplicationDto) -> Result<Self, Problem> {
        Ok(Self { invoice: dto.invoice.parse()?, amount: dto.amount.parse()? })
    }
}

fn text(value: Option<&impl ToString>) -> Option<String> {
    value.map(ToString::to_string)
}

fn texts(values: &[impl ToString]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}

fn parsed<T>(raw: Option<String>) -> Result<Option<T>, T::Err>
where
    T: std::str::FromStr,
{
    raw.map(|it| it.parse()).transpose()
}

fn units(raw: &[String]) -> Result<Vec<UnitId>, Problem> {
    raw.iter().map(|it| UnitId::stored(it).map_err(Into::into)).collect()
}

fn all<D, T>(dtos: Vec<D>) -> Result<Vec<T>, Problem>
where
    T: TryFrom<D, Error = Problem>,
{
    dtos.into_iter().map(TryInto::try_into).collect()
}

#[cfg(test)]
mod tests;
