//! The billing portal: what can be bought, what is bought, and the change from one to the other. Upcue hears of a change
//! as it always does, from Stripe.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::client::Client;
use crate::error::Problem;

#[derive(Debug)]
pub(crate) struct Billing {
    client: Client,
    stripe: String,
    key: String,
    tenant: &'static str,
}

/// What the portal shows.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Plans {
    /// The price that is paid now.
    current: Option<String>,
    status: Option<String>,
    /// Lowest rank first.
    #[serde(rename = "plans")]
    on_offer: Vec<Plan>,
}

#[derive(Debug, PartialEq, Serialize)]
struct Plan {
    product: String,
    price: String,
    name: String,
    description: String,
    rank: i64,
    amount: i64,
    currency: String,
    interval: String,
    /// By meter: a number, or `unlimited`.
    limits: BTreeMap<String, String>,
    features: Vec<String>,
}

/// Which plan is wanted, by price or by product.
#[derive(Debug, Deserialize)]
pub(crate) struct Wish {
    price: Option<String>,
    product: Option<String>,
}

impl Billing {
    pub(crate) fn new(client: Client, stripe: String, key: String, tenant: &'static str) -> Self {
        Self { client, stripe, key, tenant }
    }

    pub(crate) async fn plans(&self) -> Result<Plans, Problem> {
        let on_offer = self.on_offer().await?;
        let customer = self.customer().await?;
        let subscription = self.subscription(text(&customer, "id")).await?;
        let current = subscription.as_ref().map(|s| price_of(first_item(s)).to_owned());
        Ok(Plans { current, status: subscription.as_ref().map(|s| text(s, "status").to_owned()), on_offer })
    }

    /// Moves the tenant to the plan that is wanted; without a subscription it starts one.
    pub(crate) async fn change(&self, wish: &Wish) -> Result<(), Problem> {
        let plans = self.on_offer().await?;
        let wanted = plans.iter().find(|p| wish.price.as_ref() == Some(&p.price) || wish.product.as_ref() == Some(&p.product));
        let Some(Plan { price, .. }) = wanted else {
            return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "unknown_plan", "no such price or product is on offer"));
        };
        let customer = self.customer().await?;
        let customer = text(&customer, "id");
        let Some(subscription) = self.subscription(customer).await? else {
            let fields = [("customer", customer), ("items[0][price]", price), ("metadata[upcue_tenant]", self.tenant)];
            return self.post("/v1/subscriptions", &fields).await;
        };
        let item = first_item(&subscription);
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
        ];
        self.post(&format!("/v1/subscriptions/{}", text(&subscription, "id")), &fields).await
    }

    async fn on_offer(&self) -> Result<Vec<Plan>, Problem> {
        let products = self.list("/v1/products?active=true&limit=100").await?;
        let prices = self.list("/v1/prices?active=true&limit=100").await?;
        Ok(plans(&products, &prices))
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

    async fn list(&self, path: &str) -> Result<Vec<Value>, Problem> {
        let mut answer = self.client.get(&format!("{}{path}", self.stripe), &self.key).await?;
        match answer["data"].take() {
            Value::Array(rows) => Ok(rows),
            _ => Err(Problem::upstream(format!("Stripe's answer to {path} is no list"))),
        }
    }

    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Result<(), Problem> {
        self.client.post_form(&format!("{}{path}", self.stripe), &self.key, fields).await.map(drop)
    }
}

/// Products with a rank, each with its first recurring price.
fn plans(products: &[Value], prices: &[Value]) -> Vec<Plan> {
    let mut plans: Vec<Plan> = products.iter().filter_map(|product| plan(product, prices)).collect();
    plans.sort_by_key(|plan| plan.rank);
    plans
}

fn plan(product: &Value, prices: &[Value]) -> Option<Plan> {
    let metadata = product["metadata"].as_object()?;
    let rank = metadata.get("upcue_rank")?.as_str()?.parse().ok()?;
    let price = prices.iter().find(|price| price["product"] == product["id"] && price["recurring"].is_object())?;
    let named = |prefix: &'static str| metadata.iter().filter_map(move |(key, value)| Some((key.strip_prefix(prefix)?, value.as_str()?)));
    Some(Plan {
        product: text(product, "id").to_owned(),
        price: text(price, "id").to_owned(),
        name: text(product, "name").to_owned(),
        description: text(product, "description").to_owned(),
        rank,
        amount: price["unit_amount"].as_i64()?,
        currency: text(price, "currency").to_owned(),
        interval: text(&price["recurring"], "interval").to_owned(),
        limits: named("upcue_limit_").map(|(meter, limit)| (meter.to_owned(), limit.to_owned())).collect(),
        features: named("upcue_feature_").filter(|(_, on)| *on == "true").map(|(feature, _)| feature.to_owned()).collect(),
    })
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
    fn plans_are_products_with_a_rank_and_a_recurring_price() {
        let products = [
            json!({"id": "pro", "name": "Pro", "metadata": {"upcue_rank": "2", "upcue_limit_seats": "unlimited", "upcue_feature_sso": "true"}}),
            json!({"id": "mug", "name": "Mug", "metadata": {}}),
            json!({"id": "free", "name": "Free", "description": "To try.", "metadata": {"upcue_rank": "1", "upcue_feature_sso": "false"}}),
            json!({"id": "dear", "name": "Unpriced", "metadata": {"upcue_rank": "3"}}),
        ];
        let price = |id: &str, product: &str| json!({"id": id, "product": product, "unit_amount": 900, "currency": "usd", "recurring": {"interval": "month"}});
        let once = json!({"id": "once", "product": "pro", "unit_amount": 1, "currency": "usd", "recurring": null});
        let plans = plans(&products, &[once, price("price_pro", "pro"), price("price_free", "free")]);
        let seen: Vec<_> = plans.iter().map(|p| (p.name.as_str(), p.price.as_str(), p.features.len())).collect();
        assert_eq!(seen, [("Free", "price_free", 0), ("Pro", "price_pro", 1)]);
        assert_eq!(plans[1].limits["seats"], "unlimited");
    }
}
