//! A preview of an invoice: what a change costs, in Stripe's figures, old shapes and new.

use serde_json::Value;
use upcue_engine::time::Millis;

use super::event::text_at;
use super::subscription::time_at;
use crate::rpc::{LineKind, QuoteLine};

/// An invoice that would be made. Amounts in minor units.
#[derive(Debug, Default)]
pub(crate) struct Preview {
    pub(crate) currency: String,
    pub(crate) subtotal: i64,
    /// What coupons take off; at most 0.
    pub(crate) discount: i64,
    pub(crate) tax: i64,
    pub(crate) total: i64,
    /// What is to be paid, after the customer's balance.
    pub(crate) amount_due: i64,
    pub(crate) lines: Vec<QuoteLine>,
}

impl Preview {
    /// Reads an invoice.
    pub(super) fn read(invoice: &Value) -> Option<Self> {
        let number = |key: &str| invoice.get(key).and_then(Value::as_i64);
        let total = number("total")?;
        Some(Self {
            currency: text_at(invoice, "/currency").unwrap_or_default(),
            subtotal: number("subtotal").unwrap_or(total),
            discount: -sum(invoice, "total_discount_amounts"),
            tax: sum(invoice, "total_taxes") + sum(invoice, "total_tax_amounts") + number("tax").unwrap_or(0),
            total,
            amount_due: number("amount_due")?,
            lines: lines(invoice).iter().filter_map(line).collect(),
        })
    }

    /// What the period that follows will cost: everything of this invoice that is no proration, discounts and all.
    pub(crate) fn period(&self) -> Option<(Millis, i64)> {
        let periods = || self.lines.iter().filter(|l| l.kind == LineKind::Period);
        let begins = periods().filter_map(|l| l.from).min()?;
        Some((begins, periods().map(|l| l.amount - l.discount).sum()))
    }
}

fn lines(invoice: &Value) -> &[Value] {
    invoice.pointer("/lines/data").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn line(line: &Value) -> Option<QuoteLine> {
    let amount = line.get("amount")?.as_i64()?;
    let details = ["/parent/subscription_item_details/proration", "/parent/invoice_item_details/proration", "/proration"];
    let is_proration = details.iter().any(|at| line.pointer(at).and_then(Value::as_bool) == Some(true));
    let kind = match (is_proration, amount < 0) {
        (true, true) => LineKind::Credit,
        (true, false) => LineKind::Charge,
        (false, _) => LineKind::Period,
    };
    Some(QuoteLine {
        kind,
        description: text_at(line, "/description").unwrap_or_default(),
        amount,
        discount: sum(line, "discount_amounts"),
        quantity: line.get("quantity").and_then(Value::as_u64).unwrap_or(1),
        from: time_at(line, "/period/start"),
        until: time_at(line, "/period/end"),
    })
}

/// The sum of the amounts of a list.
fn sum(object: &Value, key: &str) -> i64 {
    let list = object.get(key).and_then(Value::as_array).into_iter().flatten();
    list.filter_map(|entry| entry.get("amount").and_then(Value::as_i64)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn old_and_new_shapes_read_the_same() {
        let period = json!({"start": 100, "end": 200});
        let new = json!({
            "currency": "usd", "subtotal": 350, "total": 315, "amount_due": 300, "total_discount_amounts": [{"amount": 35}], "total_taxes": [],
            "lines": {"data": [
                {"amount": -250, "description": "Unused time", "period": period, "quantity": 2, "discount_amounts": [],
                 "parent": {"type": "subscription_item_details", "subscription_item_details": {"proration": true}}},
                {"amount": 600, "description": "Remaining time", "period": period, "quantity": 2, "discount_amounts": [{"amount": 35}],
                 "parent": {"type": "invoice_item_details", "invoice_item_details": {"proration": true}}},
            ]},
        });
        let mut old = new.clone();
        for line in old["lines"]["data"].as_array_mut().expect("lines") {
            line["proration"] = json!(true);
            line["parent"] = Value::Null;
        }
        for invoice in [old, new] {
            let preview = Preview::read(&invoice).expect("an invoice");
            assert_eq!((preview.discount, preview.tax, preview.total, preview.amount_due), (-35, 0, 315, 300));
            let kinds: Vec<_> = preview.lines.iter().map(|l| (l.kind, l.amount, l.quantity)).collect();
            assert_eq!(kinds, [(LineKind::Credit, -250, 2), (LineKind::Charge, 600, 2)]);
            assert_eq!(preview.period(), None, "prorations alone");
        }
    }

    #[test]
    fn the_next_period_is_what_is_no_proration() {
        let line = |amount: i64, proration: bool, start: i64| json!({"amount": amount, "proration": proration, "period": {"start": start, "end": start + 10}, "discount_amounts": [{"amount": 100}]});
        let invoice = json!({"total": 2_300, "amount_due": 2_300, "lines": {"data": [line(-500, true, 5), line(2_900, false, 20), line(300, false, 20)]}});
        let preview = Preview::read(&invoice).expect("an invoice");
        assert_eq!(preview.period(), Some((Millis(20_000), 3_000)));
    }
}
