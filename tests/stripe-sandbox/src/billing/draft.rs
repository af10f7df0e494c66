//! An invoice before it is issued: its lines added up, discounts and the customer's balance applied.

use serde_json::{Value, json};

use super::currency::minimum;
use crate::{clock::DAY, ids, present::text, store::Store};

/// Members that the sandbox has nothing to say about.
const NULL_MEMBERS: [&str; 28] = [
    "account_tax_ids",
    "application",
    "automatically_finalizes_at",
    "custom_fields",
    "customer_account",
    "customer_tax_ids",
    "default_payment_method",
    "default_source",
    "description",
    "due_date",
    "effective_at",
    "ending_balance",
    "footer",
    "from_invoice",
    "hosted_invoice_url",
    "invoice_pdf",
    "last_finalization_error",
    "latest_revision",
    "next_payment_attempt",
    "number",
    "on_behalf_of",
    "receipt_number",
    "rendering",
    "shipping_cost",
    "shipping_details",
    "statement_descriptor",
    "test_clock",
    "webhooks_delivered_at",
];

/// What an invoice is made of.
#[derive(Debug)]
pub(crate) struct Draft<'a> {
    pub(crate) subscription: &'a Value,
    /// Invoice lines.
    pub(crate) lines: Vec<Value>,
    pub(crate) reason: &'a str,
    /// Start and end of the period that the invoice looks back on.
    pub(crate) period: (i64, i64),
    pub(crate) proration_date: Option<i64>,
    pub(crate) now: i64,
}

impl Draft<'_> {
    /// The invoice as a draft, with the amounts that it will have.
    pub(crate) fn build(self, store: &Store, id: &str) -> Value {
        let customer = store.customers.get(text(self.subscription, "customer")).cloned().unwrap_or_default();
        let subtotal: i64 = self.lines.iter().filter_map(|line| line["amount"].as_i64()).sum();
        let off = off_by_discount(&self.lines);
        let total = subtotal - off.iter().map(|(_, amount)| amount).sum::<i64>();
        let starting_balance = customer["balance"].as_i64().unwrap_or_default();
        let due = amount_due(total, starting_balance, text(self.subscription, "currency"));
        let discounts: Vec<&String> = off.iter().map(|(id, _)| id).collect();
        let taken_off: Vec<Value> = off.iter().map(|(id, amount)| json!({"amount": amount, "discount": id})).collect();
        let mut invoice = json!({
            "id": id,
            "object": "invoice",
            "account_country": "US",
            "account_name": "Sandbox",
            "amount_due": due,
            "amount_overpaid": 0,
            "amount_paid": 0,
            "amount_remaining": due,
            "amount_shipping": 0,
            "attempt_count": 0,
            "attempted": false,
            "auto_advance": true,
            "automatic_tax": {"disabled_reason": null, "enabled": false, "liability": null, "provider": null, "status": null},
            "billing_reason": self.reason,
            "collection_method": self.subscription["collection_method"],
            "created": self.now,
            "currency": self.subscription["currency"],
            "customer": self.subscription["customer"],
            "default_tax_rates": [],
            "discounts": discounts,
            "issuer": {"type": "self"},
            "livemode": false,
            "metadata": {},
            "parent": parent(self.subscription, self.proration_date),
            "payment_settings": {"default_mandate": null, "payment_method_options": null, "payment_method_types": null},
            "period_end": self.period.1,
            "period_start": self.period.0,
            "post_payment_credit_notes_amount": 0,
            "pre_payment_credit_notes_amount": 0,
            "starting_balance": starting_balance,
            "status": "draft",
            "status_transitions": {"finalized_at": null, "marked_uncollectible_at": null, "paid_at": null, "voided_at": null},
            "subtotal": subtotal,
            "subtotal_excluding_tax": subtotal,
            "total": total,
            "total_discount_amounts": taken_off,
            "total_excluding_tax": total,
            "total_pretax_credit_amounts": [],
            "total_taxes": [],
        });
        for name in NULL_MEMBERS {
            invoice[name] = Value::Null;
        }
        // Copied, as the customer may have moved by the time that somebody reads the invoice.
        for name in ["address", "email", "name", "phone", "shipping", "tax_exempt"] {
            invoice[format!("customer_{name}")] = customer[name].clone();
        }
        if self.subscription["collection_method"] == "send_invoice" {
            let days = self.subscription["days_until_due"].as_i64().unwrap_or(30);
            invoice["due_date"] = json!(self.now + days * DAY);
        }
        invoice["lines"] = lines_list(id, self.lines);
        invoice
    }
}

fn parent(subscription: &Value, proration_date: Option<i64>) -> Value {
    let mut details = json!({"metadata": subscription["metadata"], "subscription": subscription["id"]});
    if let Some(date) = proration_date {
        details["subscription_proration_date"] = json!(date);
    }
    json!({"quote_details": null, "subscription_details": details, "type": "subscription_details"})
}

fn lines_list(invoice: &str, mut lines: Vec<Value>) -> Value {
    for line in &mut lines {
        line["invoice"] = json!(invoice);
    }
    json!({
        "object": "list",
        "data": lines,
        "has_more": false,
        "total_count": lines.len(),
        "url": format!("/v1/invoices/{invoice}/lines"),
    })
}

/// What each discount takes off all lines together, in the order of their first appearance.
fn off_by_discount(lines: &[Value]) -> Vec<(String, i64)> {
    let mut sums: Vec<(String, i64)> = Vec::new();
    for off in lines.iter().filter_map(|line| line["discount_amounts"].as_array()).flatten() {
        let (discount, amount) = (text(off, "discount"), off["amount"].as_i64().unwrap_or_default());
        match sums.iter_mut().find(|(id, _)| id == discount) {
            Some((_, sum)) => *sum += amount,
            None => sums.push((discount.to_owned(), amount)),
        }
    }
    sums
}

/// What is to be paid. A negative balance is the customer's credit. What is too little to charge is not due now.
pub(crate) fn amount_due(total: i64, starting_balance: i64, currency: &str) -> i64 {
    let due = if total < 0 { 0 } else { (total + starting_balance).max(0) };
    if due < minimum(currency) { 0 } else { due }
}

/// What the customer's balance becomes with this invoice.
pub(crate) fn ending_balance(invoice: &Value) -> i64 {
    let amount = |name: &str| invoice[name].as_i64().unwrap_or_default();
    amount("starting_balance") + amount("total") - amount("amount_due")
}

/// Previews have ids that nothing is found by.
pub(crate) fn preview_id() -> String {
    ids::new_id("upcoming_in")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credit_and_debt_are_settled_with_the_invoice() {
        // Total, balance before, what is due, balance after.
        let cases = [
            (1_500, 0, 1_500, 0),
            (1_500, -500, 1_000, 0),
            (1_500, -2_000, 0, -500),
            (1_500, 200, 1_700, 0),
            (-334, 0, 0, -334),
            (-334, 500, 0, 166),
            (0, 0, 0, 0),
            // Less than Stripe charges.
            (49, 0, 0, 49),
            (50, 0, 50, 0),
            (20, 40, 60, 0),
        ];
        for (total, before, due, after) in cases {
            assert_eq!(amount_due(total, before, "usd"), due, "{total} with {before}");
            let invoice = json!({"starting_balance": before, "total": total, "amount_due": due});
            assert_eq!(ending_balance(&invoice), after, "{total} with {before}");
        }
    }
}
