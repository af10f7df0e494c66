//! What Nimbus's staff would do in Stripe's dashboard: change the tenant's plan or card there, behind Upcue's back. Upcue
//! hears of it as it always does, from Stripe. What users do about their plan, they do through Upcue.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::cards::Card;
use crate::client::Client;
use crate::error::Problem;

/// Where the customer's metadata says which test card is in use.
const CARD: &str = "nimbus_card";

#[derive(Debug)]
pub(crate) struct Billing {
    client: Client,
    stripe: String,
    key: String,
    tenant: &'static str,
}

/// How the tenant stands at Stripe.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Standing {
    /// The price that is paid now.
    current: Option<String>,
    status: Option<String>,
    card: Card,
    /// Lowest rank first, and of a plan the cheapest first.
    prices: Vec<Price>,
}

/// One of a plan's prices.
#[derive(Debug, PartialEq, Serialize)]
struct Price {
    id: String,
    product: String,
    name: String,
    rank: i64,
    amount: i64,
    currency: String,
    interval: String,
}

/// Which price is wanted; none ends the subscription.
#[derive(Debug, Deserialize)]
pub(crate) struct Wish {
    price: Option<String>,
}

impl Billing {
    pub(crate) fn new(client: Client, stripe: String, key: String, tenant: &'static str) -> Self {
        Self { client, stripe, key, tenant }
    }

    pub(crate) async fn standing(&self) -> Result<Standing, Problem> {
        let prices = self.on_offer().await?;
        let customer = self.customer().await?;
        let subscription = self.subscription(text(&customer, "id")).await?;
        let current = subscription.as_ref().map(|s| price_of(first_item(s)).to_owned());
        let status = subscription.as_ref().map(|s| text(s, "status").to_owned());
        Ok(Standing { current, status, card: card_of(&customer), prices })
    }

    /// Moves the tenant to the price that is wanted; without a subscription it starts one.
    pub(crate) async fn change(&self, wish: &Wish) -> Result<(), Problem> {
        let customer = self.customer().await?;
        let customer = text(&customer, "id");
        let subscription = self.subscription(customer).await?;
        let Some(wanted) = &wish.price else {
            return match subscription {
                Some(subscription) => self.client.delete(&self.address(&subscription), &self.key).await.map(drop),
                None => Ok(()),
            };
        };
        if !self.on_offer().await?.iter().any(|price| price.id == *wanted) {
            return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "unknown_price", "no such price is on offer"));
        }
        let Some(subscription) = subscription else {
            let fields = [("customer", customer), ("items[0][price]", wanted), ("metadata[upcue_tenant]", self.tenant)];
            return self.post("/v1/subscriptions", &fields).await.map(drop);
        };
        self.move_to(&subscription, wanted).await
    }

    async fn move_to(&self, subscription: &Value, price: &str) -> Result<(), Problem> {
        let item = first_item(subscription);
        if price_of(item) == price {
            return Ok(());
        }
        // Without the item's id Stripe adds a second item; without the quantity it sets it back to 1.
        let quantity = item["quantity"].as_u64().unwrap_or(1).to_string();
        let fields = [
            ("items[0][id]", text(item, "id")),
            ("items[0][price]", price),
            ("items[0][quantity]", &quantity),
            ("proration_behavior", "always_invoice"),
            ("payment_behavior", "error_if_incomplete"),
        ];
        self.client.post_form(&self.address(subscription), &self.key, &fields).await.map(drop)
    }

    /// Has the tenant pay with another card from now on.
    pub(crate) async fn pay_with(&self, card: Card) -> Result<(), Problem> {
        let customer = self.customer().await?;
        let customer = text(&customer, "id");
        let method = match card.test_method() {
            Some(method) => {
                let attached = self.post(&format!("/v1/payment_methods/{method}/attach"), &[("customer", customer)]).await?;
                text(&attached, "id").to_owned()
            }
            None => String::new(),
        };
        let kept = format!("metadata[{CARD}]");
        let fields = [("invoice_settings[default_payment_method]", method.as_str()), (&kept, card.kept())];
        self.post(&format!("/v1/customers/{customer}"), &fields).await.map(drop)
    }

    async fn on_offer(&self) -> Result<Vec<Price>, Problem> {
        let products = self.list("/v1/products?active=true&limit=100").await?;
        let prices = self.list("/v1/prices?active=true&limit=100").await?;
        Ok(offers(&products, &prices))
    }

    async fn customer(&self) -> Result<Value, Problem> {
        let customers = self.list("/v1/customers?limit=100").await?;
        let ours = customers.into_iter().find(|c| c["metadata"]["upcue_tenant"] == self.tenant);
        ours.ok_or_else(|| Problem::new(StatusCode::CONFLICT, "no_customer", "the demo is not seeded: Stripe knows no customer for it"))
    }

    /// The newest that has not ended.
    async fn subscription(&self, customer: &str) -> Result<Option<Value>, Problem> {
        Ok(self.list(&format!("/v1/subscriptions?customer={customer}")).await?.into_iter().next())
    }

    fn address(&self, subscription: &Value) -> String {
        format!("{}/v1/subscriptions/{}", self.stripe, text(subscription, "id"))
    }

    async fn list(&self, path: &str) -> Result<Vec<Value>, Problem> {
        let mut answer = self.client.get(&format!("{}{path}", self.stripe), &self.key).await?;
        match answer["data"].take() {
            Value::Array(rows) => Ok(rows),
            _ => Err(Problem::upstream(format!("Stripe's answer to {path} is no list"))),
        }
    }

    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Result<Value, Problem> {
        self.client.post_form(&format!("{}{path}", self.stripe), &self.key, fields).await
    }
}

/// Recurring prices of products with a rank.
fn offers(products: &[Value], prices: &[Value]) -> Vec<Price> {
    let mut offers: Vec<Price> = prices.iter().filter_map(|price| offer(price, products)).collect();
    offers.sort_by_key(|price| (price.rank, price.amount));
    offers
}

fn offer(price: &Value, products: &[Value]) -> Option<Price> {
    let product = products.iter().find(|product| product["id"] == price["product"])?;
    Some(Price {
        id: text(price, "id").to_owned(),
        product: text(product, "id").to_owned(),
        name: text(product, "name").to_owned(),
        rank: product["metadata"]["upcue_rank"].as_str()?.parse().ok()?,
        amount: price["unit_amount"].as_i64()?,
        currency: text(price, "currency").to_owned(),
        interval: price["recurring"]["interval"].as_str()?.to_owned(),
    })
}

/// The card the tenant pays with; the seeded one works and is noted nowhere.
fn card_of(customer: &Value) -> Card {
    let has_method = customer["invoice_settings"]["default_payment_method"].is_string();
    let kept = customer["metadata"][CARD].as_str().and_then(Card::from_kept);
    if has_method { kept.filter(|card| *card != Card::None).unwrap_or(Card::Works) } else { Card::None }
}

fn first_item(subscription: &Value) -> &Value {
    &subscription["items"]["data"][0]
}

fn price_of(item: &Value) -> &str {
    text(&item["price"], "id")
}

fn text<'a>(object: &'a Value, name: &str) -> &'a str {
    object[name].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn offers_are_recurring_prices_of_products_with_a_rank() {
        let products = [
            json!({"id": "pro", "name": "Pro", "metadata": {"upcue_rank": "2"}}),
            json!({"id": "mug", "name": "Mug", "metadata": {}}),
            json!({"id": "free", "name": "Free", "metadata": {"upcue_rank": "1"}}),
        ];
        let price = |id: &str, product: &str, amount: i64, interval: &str| json!({"id": id, "product": product, "unit_amount": amount, "currency": "usd", "recurring": {"interval": interval}});
        let once = json!({"id": "once", "product": "pro", "unit_amount": 1, "currency": "usd", "recurring": null});
        let prices = [
            once,
            price("pro_yearly", "pro", 9000, "year"),
            price("pro_monthly", "pro", 900, "month"),
            price("free", "free", 0, "month"),
            price("mug", "mug", 5, "month"),
        ];
        let seen: Vec<String> = offers(&products, &prices).into_iter().map(|price| format!("{} {}", price.id, price.interval)).collect();
        assert_eq!(seen, ["free month", "pro_monthly month", "pro_yearly year"]);
    }

    #[test]
    fn the_card_is_what_stripe_would_charge() {
        let customer =
            |method: Value, kept: &str| json!({"invoice_settings": {"default_payment_method": method}, "metadata": {CARD: kept}});
        assert_eq!(card_of(&customer(json!("pm_1"), "")), Card::Works);
        assert_eq!(card_of(&customer(json!("pm_1"), "pm_card_authenticationRequired")), Card::NeedsAuthentication);
        assert_eq!(card_of(&customer(json!("pm_1"), "none")), Card::Works, "a hosted page has added one since");
        assert_eq!(card_of(&customer(Value::Null, "pm_card_visa")), Card::None);
    }
}
