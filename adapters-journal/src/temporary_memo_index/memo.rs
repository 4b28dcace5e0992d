//! Converts memos to rows and back.

use std::{collections::BTreeSet, str::FromStr};

use domain::{
    ExistingLine, ExistingMemo, ItemRef, RecordId, RecordedMemo, Standing, UnitId, decimal,
};
use rusqlite::{Connection, Row, params};

use super::{Failure, MemoLookupKey};

/// Keeps a memo with its lookup keys, and replaces what was kept of it before.
pub(super) fn keep(db: &Connection, recorded: &RecordedMemo) -> Result<(), Failure> {
    let RecordedMemo { memo, reference, currency } = recorded;
    let record = memo.id.as_str();
    let mut insert = db.prepare_cached(
        "INSERT OR REPLACE INTO memo (record, external_id, created_from, applied_to, total, \
                                      shipping, number, reference, currency, voided, entity) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?;
    insert.execute(params![
        record,
        memo.external_id,
        memo.created_from.as_ref().map(RecordId::as_str),
        joined(&memo.applied_to, RecordId::as_str),
        memo.total.to_string(),
        memo.shipping_cost.to_string(),
        memo.number,
        reference,
        currency.as_ref().map(RecordId::as_str),
        memo.standing == Standing::Voided,
        memo.entity.as_ref().map(RecordId::as_str),
    ])?;
    db.prepare_cached("DELETE FROM line WHERE record = ?1")?.execute([record])?;
    let mut insert = db.prepare_cached(
        "INSERT INTO line (record, nth, item, external_id, name, source_line, quantity, amount, \
                           units) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    for (nth, line) in memo.lines.iter().enumerate() {
        insert.execute(params![
            record,
            i64::try_from(nth)?,
            line.item.id.as_str(),
            line.item.external_id,
            line.item.name,
            line.source_line,
            line.quantity.map(|it| it.to_string()),
            line.amount.to_string(),
            joined(&line.units, UnitId::as_str),
        ])?;
    }
    let mut insert = db.prepare_cached(
        "INSERT INTO lookup_key (name, record) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
    )?;
    for key in MemoLookupKey::of(recorded) {
        insert.execute([key.as_str(), record])?;
    }
    Ok(())
}

/// The memos that have any of these keys, sorted by record id.
pub(super) fn find(
    db: &Connection,
    keys: &BTreeSet<MemoLookupKey>,
) -> Result<Vec<RecordedMemo>, Failure> {
    let mut select = db.prepare_cached("SELECT record FROM lookup_key WHERE name = ?1")?;
    let mut records: BTreeSet<String> = BTreeSet::new();
    for key in keys {
        let mut rows = select.query([key.as_str()])?;
        while let Some(row) = rows.next()? {
            records.insert(row.get(0)?);
        }
    }
    let mut select = db.prepare_cached("SELECT * FROM memo WHERE record = ?1")?;
    let read = |record: &String| {
        let mut rows = select.query([record])?;
        let row = rows.next()?.ok_or("a lookup key belongs to a memo that was not kept")?;
        let lines = lines(db, record)?;
        recorded(row, lines)
    };
    records.iter().map(read).collect()
}

fn recorded(row: &Row<'_>, lines: Vec<ExistingLine>) -> Result<RecordedMemo, Failure> {
    let text = |column: &str| row.get::<_, String>(column);
    let id = |column: &str| -> Result<Option<RecordId>, Failure> {
        Ok(row.get::<_, Option<String>>(column)?.map(|it| it.parse()).transpose()?)
    };
    let memo = ExistingMemo {
        id: text("record")?.parse()?,
        external_id: row.get("external_id")?,
        number: row.get("number")?,
        entity: id("entity")?,
        standing: if row.get("voided")? { Standing::Voided } else { Standing::Valid },
        created_from: id("created_from")?,
        applied_to: split(&text("applied_to")?, RecordId::from_str)?,
        total: text("total")?.parse()?,
        shipping_cost: text("shipping")?.parse()?,
        lines,
    };
    Ok(RecordedMemo { memo, reference: row.get("reference")?, currency: id("currency")? })
}

fn lines(db: &Connection, record: &str) -> Result<Vec<ExistingLine>, Failure> {
    let mut select = db.prepare_cached("SELECT * FROM line WHERE record = ?1 ORDER BY nth")?;
    let mut rows = select.query([record])?;
    let mut lines = Vec::new();
    while let Some(row) = rows.next()? {
        let text = |column: &str| row.get::<_, String>(column);
        let quantity: Option<String> = row.get("quantity")?;
        lines.push(ExistingLine {
            item: ItemRef {
                id: text("item")?.parse()?,
                external_id: row.get("external_id")?,
                name: row.get("name")?,
            },
            source_line: row.get("source_line")?,
            quantity: quantity.map(|it| decimal(&it)).transpose()?,
            amount: text("amount")?.parse()?,
            units: split(&text("units")?, UnitId::stored)?,
        });
    }
    Ok(lines)
}

/// Ids in one text: none of them has a line break.
fn joined<'a, T>(ids: &'a [T], text: fn(&'a T) -> &'a str) -> String {
    ids.iter().map(text).collect::<Vec<_>>().join("\n")
}

fn split<T, E>(text: &str, parse: fn(&str) -> Result<T, E>) -> Result<Vec<T>, E> {
    text.lines().map(parse).collect()
}
