//! What an invoice bills: a whole period of an item, a trial, or one side of a proration.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{currency::written, discounting::Off};
use crate::{clock::Period, ids, present::text, store::Store};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A whole period, in advance.
    Cycle,
    /// A trial: nothing, but it is on the invoice.
    Trial,
    /// Unused time that is given back.
    Credit,
    /// Remaining time that is charged.
    Charge,
}

/// Where what is credited was billed.
#[derive(Debug, Clone)]
pub(crate) struct Credited {
    pub(crate) invoice: String,
    pub(crate) line: String,
}

#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) kind: Kind,
    pub(crate) item: String,
    pub(crate) price: String,
    pub(crate) product: String,
    pub(crate) currency: String,
    pub(crate) unit_amount: i64,
    pub(crate) quantity: i64,
    pub(crate) amount: i64,
    pub(crate) description: String,
    pub(crate) period: Period,
    /// Taken off on top of `amount`. Empty for prorations, whose amounts hold their discounts already.
    pub(crate) off: Off,
    pub(crate) credited: Option<Credited>,
}

impl Line {
    /// A line about an item of a subscription.
    pub(crate) fn about(store: &Store, item: &Value, kind: Kind, amount: i64, period: Period) -> Self {
        let price = store.prices.get(text(item, "price")).cloned().unwrap_or_default();
        let quantity = quantity(item);
        Self {
            kind,
            item: text(item, "id").to_owned(),
            price: text(&price, "id").to_owned(),
            product: text(&price, "product").to_owned(),
            currency: text(&price, "currency").to_owned(),
            unit_amount: price["unit_amount"].as_i64().unwrap_or_default(),
            quantity,
            amount,
            description: describe(kind, product_name(store, &price), &price, quantity, period.start),
            period,
            off: Off::new(),
            credited: None,
        }
    }

    fn is_proration(&self) -> bool {
        matches!(self.kind, Kind::Credit | Kind::Charge)
    }

    /// The line of an invoice. Prorations go through [`Self::into_item`] first.
    pub(crate) fn as_invoice_line(&self, subscription: &str) -> Value {
        let taken_off: Vec<Value> = self.off.iter().map(|(id, amount)| json!({"amount": amount, "discount": id})).collect();
        let discounts: Vec<&String> = self.off.iter().map(|(id, _)| id).collect();
        json!({
            "id": ids::new_id("il"),
            "object": "line_item",
            "amount": self.amount,
            "currency": self.currency,
            "description": self.description,
            "discount_amounts": taken_off,
            "discountable": !self.is_proration(),
            "discounts": discounts,
            "invoice": null,
            "livemode": false,
            "metadata": {},
            "parent": {
                "invoice_item_details": null,
                "subscription_item_details": {
                    "invoice_item": null,
                    "proration": self.is_proration(),
                    "proration_details": self.is_proration().then(|| json!({"credited_items": self.credited_lines()})),
                    "subscription": subscription,
                    "subscription_item": self.item,
                },
                "type": "subscription_item_details",
            },
            "period": {"end": self.period.end, "start": self.period.start},
            "pretax_credit_amounts": [],
            "pricing": self.pricing(),
            "quantity": self.quantity,
            "quantity_decimal": self.quantity.to_string(),
            "subscription": subscription,
            "subtotal": self.amount,
            "taxes": [],
        })
    }

    /// The invoice item that a proration is kept as, until an invoice takes it up.
    pub(crate) fn as_invoice_item(&self, subscription: &Value, at: i64) -> Value {
        let credited = self.credited_lines().map(|lines| json!({"invoice_line_item_details": lines, "type": "invoice_line_items"}));
        json!({
            "id": ids::new_id("ii"),
            "object": "invoiceitem",
            "amount": self.amount,
            "currency": self.currency,
            "customer": subscription["customer"],
            "customer_account": null,
            "date": at,
            "description": self.description,
            "discountable": false,
            "discounts": [],
            "invoice": null,
            "livemode": false,
            "metadata": {},
            "net_amount": self.amount,
            "parent": {
                "subscription_details": {"subscription": subscription["id"], "subscription_item": self.item},
                "type": "subscription_details",
            },
            "period": {"end": self.period.end, "start": self.period.start},
            "pricing": self.pricing(),
            "proration": true,
            "proration_details": {"credited_items": credited, "discount_amounts": []},
            "quantity": self.quantity,
            "quantity_decimal": self.quantity.to_string(),
            "tax_rates": [],
            "test_clock": null,
        })
    }

    fn credited_lines(&self) -> Option<Value> {
        let Credited { invoice, line } = self.credited.as_ref()?;
        Some(json!({"invoice": invoice, "invoice_line_items": [line]}))
    }

    fn pricing(&self) -> Value {
        json!({
            "price_details": {"price": self.price, "product": self.product},
            "type": "price_details",
            "unit_amount_decimal": self.unit_amount.to_string(),
        })
    }
}

/// The invoice line of a stored invoice item.
pub(crate) fn of_invoice_item(item: &Value) -> Value {
    let details = &item["parent"]["subscription_details"];
    let credited = &item["proration_details"]["credited_items"]["invoice_line_item_details"];
    json!({
        "id": ids::new_id("il"),
        "object": "line_item",
        "amount": item["amount"],
        "currency": item["currency"],
        "description": item["description"],
        "discount_amounts": [],
        "discountable": false,
        "discounts": [],
        "invoice": null,
        "livemode": false,
        "metadata": {},
        "parent": {
            "invoice_item_details": null,
            "subscription_item_details": {
                "invoice_item": item["id"],
                "proration": true,
                "proration_details": {"credited_items": credited},
                "subscription": details["subscription"],
                "subscription_item": details["subscription_item"],
            },
            "type": "subscription_item_details",
        },
        "period": item["period"],
        "pretax_credit_amounts": [],
        "pricing": item["pricing"],
        "quantity": item["quantity"],
        "quantity_decimal": item["quantity_decimal"],
        "subscription": details["subscription"],
        "subtotal": item["amount"],
        "taxes": [],
    })
}

pub(crate) fn quantity(item: &Value) -> i64 {
    item["quantity"].as_i64().unwrap_or(1)
}

fn product_name<'a>(store: &'a Store, price: &Value) -> &'a str {
    store.products.get(text(price, "product")).map_or("", |product| text(product, "name"))
}

/// In Stripe's words, which people know from their invoices.
fn describe(kind: Kind, product: &str, price: &Value, quantity: i64, at: i64) -> String {
    let counted = if quantity == 1 { product.to_owned() } else { format!("{quantity} × {product}") };
    match kind {
        Kind::Credit => format!("Unused time on {counted} after {}", date(at)),
        Kind::Charge => format!("Remaining time on {counted} after {}", date(at)),
        Kind::Trial => format!("Free trial for {quantity} × {product}"),
        Kind::Cycle => {
            let each = written(price["unit_amount"].as_i64().unwrap_or_default(), text(price, "currency"));
            let interval = text(&price["recurring"], "interval");
            let every = match price["recurring"]["interval_count"].as_i64() {
                Some(1) | None => interval.to_owned(),
                Some(count) => format!("every {count} {interval}s"),
            };
            format!("{quantity} × {product} (at {each} / {every})")
        }
    }
}

/// `01 Sep 2020`
fn date(at: i64) -> String {
    Timestamp::from_second(at).map_or_else(|_| String::new(), |at| at.strftime("%d %b %Y").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions_are_stripes() {
        let price = json!({"unit_amount": 3252, "currency": "usd", "recurring": {"interval": "month", "interval_count": 1}});
        let at = 1_598_982_148;
        let cases = [
            (Kind::Credit, 1, "Unused time on Gold after 01 Sep 2020"),
            (Kind::Charge, 5, "Remaining time on 5 × Gold after 01 Sep 2020"),
            (Kind::Cycle, 1, "1 × Gold (at $32.52 / month)"),
            (Kind::Trial, 2, "Free trial for 2 × Gold"),
        ];
        for (kind, quantity, expected) in cases {
            assert_eq!(describe(kind, "Gold", &price, quantity, at), expected);
        }
    }
}
