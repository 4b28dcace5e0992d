//! Writes records into answers, fields in the schema's order.

use jiff::{Timestamp, civil::Date};

use super::{
    Application, Field, Kind, Line, Record, Standing, TaxBasis,
    account::Books,
    number::double,
    request::Lines,
    xml::{COMMON, CORE, CUSTOMERS, SALES, Xml},
};

/// All transactions are in one accounting period.
pub(super) const PERIOD: &str = "212";

/// The record as the element `name`, which is in scope of the prefix `platformCore`.
pub(super) fn record(books: &Books, record: &Record, name: &str, lines: Lines) -> String {
    let mut out = Writer { books, xml: Xml::default(), prefix: prefix(record.kind) };
    let class = format!("{}:{}", out.prefix, class(record.kind));
    let namespace = format!("xmlns:{}", out.prefix);
    let mut attributes = vec![
        (namespace.as_str(), if record.kind == Kind::CreditMemo { CUSTOMERS } else { SALES }),
        ("xmlns:platformCore", CORE),
        ("xsi:type", class.as_str()),
    ];
    if !record.id.is_empty() {
        attributes.push(("internalId", record.id.as_str()));
    }
    attributes.extend(record.external_id.as_deref().map(|it| ("externalId", it)));
    out.xml.open(name, &attributes);
    match record.kind {
        Kind::SalesOrder => out.sales_order(record),
        Kind::Invoice => out.invoice(record),
        Kind::CashSale => out.cash_sale(record),
        Kind::CreditMemo => out.credit_memo(record),
    }
    if lines == Lines::Included {
        out.lists(record);
    }
    out.fields(&record.fields);
    out.xml.close(name);
    out.xml.finish()
}

/// The status as text, in the user's language.
pub(super) fn status(record: &Record) -> &'static str {
    let open = !record.open().is_zero();
    match (record.standing, record.kind) {
        (Standing::Voided, _) => "Voided",
        (_, Kind::SalesOrder) => {
            let item_lines = || record.lines.iter().filter(|line| line.quantity.is_some());
            if item_lines().all(|it| it.closed) {
                "Closed"
            } else if item_lines().all(|it| it.closed || Some(it.billed) == it.quantity) {
                "Billed"
            } else {
                "Pending Fulfillment"
            }
        }
        (_, Kind::CashSale) => "Deposited",
        (_, Kind::CreditMemo | Kind::Invoice) if open => "Open",
        (_, Kind::CreditMemo) => "Fully Applied",
        (_, Kind::Invoice) => "Paid In Full",
    }
}

/// Midnight of a day in the user's time zone, with milliseconds and offset.
pub(super) fn midnight(books: &Books, date: Date) -> String {
    let zoned = date.to_zoned(books.time_zone.clone());
    zoned.map_or_else(|_| format!("{date}T00:00:00.000Z"), |it| it.strftime(STAMP).to_string())
}

/// An instant in the user's time zone.
pub(super) fn moment(books: &Books, at: Timestamp) -> String {
    at.to_zoned(books.time_zone.clone()).strftime(STAMP).to_string()
}

const STAMP: &str = "%Y-%m-%dT%H:%M:%S.%3f%:z";

fn prefix(kind: Kind) -> &'static str {
    if kind == Kind::CreditMemo { "tranCust" } else { "tranSales" }
}

fn class(kind: Kind) -> &'static str {
    match kind {
        Kind::SalesOrder => "SalesOrder",
        Kind::Invoice => "Invoice",
        Kind::CashSale => "CashSale",
        Kind::CreditMemo => "CreditMemo",
    }
}

struct Writer<'a> {
    books: &'a Books,
    xml: Xml,
    prefix: &'static str,
}

impl Writer<'_> {
    fn sales_order(&mut self, it: &Record) {
        self.leaf("createdDate", &moment(self.books, it.last_modified));
        self.reference("entity", Some(&it.entity));
        self.reference("currency", Some(&it.currency));
        self.leaf("tranDate", &midnight(self.books, it.date));
        self.leaf("tranId", &it.number);
        self.maybe("otherRefNum", it.other_ref_num.as_deref());
        self.maybe("memo", it.memo.as_deref());
        self.reference("taxItem", it.tax_item.as_deref());
        self.shipping(it);
        self.totals(it);
        self.reference("class", it.class.as_deref());
        self.reference("department", it.department.as_deref());
        self.reference("subsidiary", it.subsidiary.as_deref());
        self.leaf("lastModifiedDate", &moment(self.books, it.last_modified));
        self.reference("location", it.location.as_deref());
        self.leaf("status", status(it));
    }

    fn invoice(&mut self, it: &Record) {
        self.stamps(it);
        self.overridden(it);
        self.reference("entity", Some(&it.entity));
        self.leaf("tranDate", &midnight(self.books, it.date));
        self.leaf("tranId", &it.number);
        self.created_from(it);
        self.reference("postingPeriod", Some(PERIOD));
        self.reference("department", it.department.as_deref());
        self.reference("class", it.class.as_deref());
        self.reference("location", it.location.as_deref());
        self.reference("subsidiary", it.subsidiary.as_deref());
        self.reference("currency", Some(&it.currency));
        self.maybe("otherRefNum", it.other_ref_num.as_deref());
        self.maybe("memo", it.memo.as_deref());
        self.leaf("amountPaid", &self.books.money(it.total - it.open()));
        self.leaf("amountRemaining", &self.books.money(it.open()));
        self.reference("account", it.account.as_deref());
        self.reference("taxItem", it.tax_item.as_deref());
        self.shipping(it);
        self.totals(it);
        self.leaf("status", status(it));
    }

    fn cash_sale(&mut self, it: &Record) {
        self.stamps(it);
        self.reference("entity", Some(&it.entity));
        self.leaf("tranDate", &midnight(self.books, it.date));
        self.leaf("tranId", &it.number);
        self.created_from(it);
        self.maybe("otherRefNum", it.other_ref_num.as_deref());
        self.reference("currency", Some(&it.currency));
        self.reference("account", it.account.as_deref());
        self.totals(it);
        self.leaf("status", status(it));
    }

    fn credit_memo(&mut self, it: &Record) {
        self.stamps(it);
        self.overridden(it);
        self.reference("customForm", it.custom_form.as_deref());
        self.reference("currency", Some(&it.currency));
        self.reference("entity", Some(&it.entity));
        self.leaf("tranDate", &midnight(self.books, it.date));
        self.leaf("tranId", &it.number);
        self.created_from(it);
        self.reference("department", it.department.as_deref());
        self.reference("class", it.class.as_deref());
        self.reference("location", it.location.as_deref());
        self.reference("subsidiary", it.subsidiary.as_deref());
        self.maybe("otherRefNum", it.other_ref_num.as_deref());
        self.maybe("memo", it.memo.as_deref());
        self.reference("account", it.account.as_deref());
        self.leaf("amountRemaining", &self.books.money(it.open()));
        self.reference("taxItem", it.tax_item.as_deref());
        self.leaf("unapplied", &self.books.money(it.open()));
        self.leaf("autoApply", "false");
        self.leaf("applied", &self.books.money(it.total - it.open()));
        self.shipping(it);
        self.totals(it);
        self.leaf("status", status(it));
    }

    fn lists(&mut self, it: &Record) {
        self.open("itemList");
        for line in &it.lines {
            self.open("item");
            match it.kind {
                Kind::SalesOrder => self.order_line(line),
                Kind::Invoice => self.invoice_line(line),
                Kind::CashSale => self.cash_sale_line(line),
                Kind::CreditMemo => self.memo_line(line),
            }
            self.fields(&line.fields);
            self.close("item");
        }
        self.close("itemList");
        if it.kind == Kind::CreditMemo && !it.applied.is_empty() {
            self.open("applyList");
            it.applied.iter().for_each(|row| self.applied(row));
            self.close("applyList");
        }
        self.tax_details(it);
    }

    fn order_line(&mut self, line: &Line) {
        self.item(line);
        self.quantity(line);
        self.rate(line);
        self.leaf("amount", &self.books.money(line.amount));
        self.taxable(line);
        self.reference("location", line.location.as_deref());
        self.leaf("isClosed", if line.closed { "true" } else { "false" });
        self.leaf("line", &line.line.to_string());
        self.leaf("quantityBilled", &double(line.billed));
        self.leaf("quantityFulfilled", &double(line.fulfilled));
        self.reference("taxCode", line.tax_code.as_deref());
        self.maybe("taxDetailsReference", line.tax_reference.as_deref());
    }

    fn invoice_line(&mut self, line: &Line) {
        self.item(line);
        self.leaf("line", &line.line.to_string());
        self.leaf("amount", &self.books.money(line.amount));
        self.taxable(line);
        self.quantity(line);
        self.rate(line);
        if let Some(source) = line.order_line {
            self.leaf("orderLine", &source.to_string());
        }
        self.reference("location", line.location.as_deref());
        self.maybe("taxDetailsReference", line.tax_reference.as_deref());
        self.tax_code(line);
    }

    fn cash_sale_line(&mut self, line: &Line) {
        self.item(line);
        self.leaf("line", &line.line.to_string());
        self.quantity(line);
        self.rate(line);
        self.leaf("amount", &self.books.money(line.amount));
        if let Some(source) = line.order_line {
            self.leaf("orderLine", &source.to_string());
        }
        self.taxable(line);
        self.reference("location", line.location.as_deref());
        self.maybe("taxDetailsReference", line.tax_reference.as_deref());
        self.tax_code(line);
    }

    fn memo_line(&mut self, line: &Line) {
        self.item(line);
        if let Some(source) = line.order_line {
            self.leaf("orderLine", &source.to_string());
        }
        self.leaf("line", &line.line.to_string());
        self.quantity(line);
        self.rate(line);
        self.leaf("amount", &self.books.money(line.amount));
        self.taxable(line);
        self.tax_code(line);
        self.reference("location", line.location.as_deref());
        self.maybe("taxDetailsReference", line.tax_reference.as_deref());
    }

    fn tax_code(&mut self, line: &Line) {
        if let Some(code) = &line.tax_code {
            self.reference("taxCode", Some(code));
            self.leaf("taxRate1", &double(self.books.tax_rate(code)));
        }
    }

    fn item(&mut self, line: &Line) {
        let name = self.name("item");
        self.xml.open(&name, &[("internalId", &line.item)]);
        if let Some(item) = self.books.items.get(&line.item) {
            self.xml.leaf("platformCore:name", &item.name);
        }
        self.xml.close(&name);
    }

    fn quantity(&mut self, line: &Line) {
        if let Some(quantity) = line.quantity {
            self.leaf("quantity", &double(quantity));
        }
    }

    fn rate(&mut self, line: &Line) {
        if let Some(rate) = line.rate {
            self.leaf("rate", &rate.normalize().to_string());
        }
    }

    fn taxable(&mut self, line: &Line) {
        if let Some(taxable) = line.taxable {
            self.leaf("isTaxable", if taxable { "true" } else { "false" });
        }
    }

    fn applied(&mut self, row: &Application) {
        self.open("apply");
        self.leaf("apply", "true");
        self.leaf("doc", &row.doc);
        if let Some(invoice) = self.books.record(&row.doc) {
            self.leaf("type", "Invoice");
            self.leaf("refNum", &invoice.number);
            self.leaf("total", &self.books.money(invoice.total));
            self.leaf("due", &self.books.money(invoice.open()));
        }
        self.leaf("amount", &self.books.money(row.amount));
        self.leaf("line", "0");
        self.close("apply");
    }

    fn tax_details(&mut self, it: &Record) {
        if it.tax_details.is_empty() {
            return;
        }
        let list = self.name("taxDetailsList");
        self.xml.open(&list, &[("xmlns:platformCommon", COMMON)]);
        for detail in &it.tax_details {
            self.xml.open("platformCommon:taxDetails", &[]);
            self.xml.leaf("platformCommon:taxDetailsReference", &detail.reference);
            self.xml.empty("platformCommon:taxType", &[("internalId", &detail.tax_type)]);
            self.xml.empty("platformCommon:taxCode", &[("internalId", &detail.tax_code)]);
            self.xml.leaf("platformCommon:taxBasis", &double(detail.basis));
            self.xml.leaf("platformCommon:taxRate", &double(detail.rate));
            self.xml.leaf("platformCommon:taxAmount", &double(detail.amount));
            self.xml.close("platformCommon:taxDetails");
        }
        self.xml.close(&list);
    }

    fn fields(&mut self, fields: &[Field]) {
        if fields.is_empty() {
            return;
        }
        self.open("customFieldList");
        for field in fields {
            let kind = format!("platformCore:{}", field.kind);
            let attributes = [("xsi:type", kind.as_str()), ("scriptId", &field.script_id)];
            self.xml.open("platformCore:customField", &attributes);
            for value in &field.values {
                if field.kind.contains("Select") {
                    self.xml.empty("platformCore:value", &[("internalId", value)]);
                } else {
                    self.xml.leaf("platformCore:value", value);
                }
            }
            self.xml.close("platformCore:customField");
        }
        self.close("customFieldList");
    }

    fn stamps(&mut self, it: &Record) {
        let at = moment(self.books, it.last_modified);
        self.leaf("createdDate", &at);
        self.leaf("lastModifiedDate", &at);
    }

    fn overridden(&mut self, it: &Record) {
        if it.tax_basis == TaxBasis::Details {
            self.leaf("taxDetailsOverride", "true");
        }
    }

    fn created_from(&mut self, it: &Record) {
        let Some(id) = &it.created_from else { return };
        let name = self.name("createdFrom");
        self.xml.open(&name, &[("internalId", id)]);
        if let Some(source) = self.books.record(id) {
            let shown = format!("{} #{}", source.kind.title(), source.number);
            self.xml.leaf("platformCore:name", &shown);
        }
        self.xml.close(&name);
    }

    fn shipping(&mut self, it: &Record) {
        self.reference("shipMethod", it.ship_method.as_deref());
        if let Some(cost) = it.shipping_cost {
            self.leaf("shippingCost", &self.books.money(cost));
        }
        self.reference("shippingTaxCode", it.shipping_tax_code.as_deref());
        if let Some(cost) = it.handling_cost {
            self.leaf("handlingCost", &double(cost));
        }
    }

    fn totals(&mut self, it: &Record) {
        let lines = it.lines.iter().map(|line| line.amount).sum();
        self.leaf("subTotal", &self.books.money(lines));
        self.leaf("taxTotal", &self.books.money(it.tax_total));
        self.leaf("total", &self.books.money(it.total));
    }

    fn reference(&mut self, name: &str, id: Option<&str>) {
        if let Some(id) = id {
            let name = self.name(name);
            self.xml.empty(&name, &[("internalId", id)]);
        }
    }

    fn leaf(&mut self, name: &str, value: &str) {
        let name = self.name(name);
        self.xml.leaf(&name, value);
    }

    fn maybe(&mut self, name: &str, value: Option<&str>) {
        let name = self.name(name);
        self.xml.maybe(&name, value);
    }

    fn open(&mut self, name: &str) {
        let name = self.name(name);
        self.xml.open(&name, &[]);
    }

    fn close(&mut self, name: &str) {
        let name = self.name(name);
        self.xml.close(&name);
    }

    fn name(&self, name: &str) -> String {
        format!("{}:{name}", self.prefix)
    }
}
