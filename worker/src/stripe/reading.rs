//! What is read from Stripe: subscriptions, customers, the catalogue, billing meters.

use serde_json::Value;
use upcue_engine::catalogue::{Price, Product};
use upcue_engine::map::Map;
use upcue_engine::plan::Interval;
use upcue_engine::subscription::Subscription;
use upcue_engine::time::{MINUTE, SECOND};
use upcue_engine::usage::Bounds;

use super::client::{Stripe, escape};
use super::event::{Subject, TENANT_KEY, id_at, of_object, text_at};
use super::subscription::read;
use crate::problem::ApiResult;

/// Products asked about at a time.
const AT_A_TIME: usize = 10;

impl Stripe {
    /// A subscription as it is now, with its newest invoice; `None` when Stripe has none of this id or it is not readable as
    /// one.
    pub(crate) async fn subscription(&self, id: &str) -> ApiResult<Option<Subscription>> {
        let found = self.get(&format!("/v1/subscriptions/{}?expand[0]=latest_invoice", escape(id))).await?;
        Ok(found.as_ref().and_then(read))
    }

    /// What the invoice or Checkout session at `path` is about.
    pub(crate) async fn related(&self, path: &str) -> ApiResult<Subject> {
        Ok(self.get(path).await?.as_ref().map_or(Subject::Other, of_object))
    }

    /// A page of all subscriptions that have not ended, each with the tenant that it or its customer names, after the one of
    /// the id `after`; and whether there are more.
    pub(crate) async fn subscriptions_after(&self, after: &str) -> ApiResult<(Vec<(Subscription, Option<String>)>, bool)> {
        let after = if after.is_empty() { String::new() } else { format!("&starting_after={}", escape(after)) };
        let path = format!("/v1/subscriptions?limit=100{after}&expand[0]=data.latest_invoice&expand[1]=data.customer");
        let page = self.get(&path).await?.unwrap_or_default();
        let data = page.get("data").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let named = |s: &Value| {
            let at = |owner: &str| text_at(s, &format!("{owner}/metadata/{TENANT_KEY}"));
            Some((read(s)?, at("").or_else(|| at("/customer"))))
        };
        Ok((data.iter().filter_map(named).collect(), page.get("has_more").and_then(Value::as_bool) == Some(true)))
    }

    /// The tenant that a customer's metadata names.
    pub(crate) async fn tenant_of(&self, customer: &str) -> ApiResult<Option<String>> {
        let customer = self.get(&format!("/v1/customers/{}", escape(customer))).await?;
        Ok(customer.and_then(|c| text_at(&c, &format!("/metadata/{TENANT_KEY}"))))
    }

    /// Whether there is such a customer.
    pub(crate) async fn has_customer(&self, customer: &str) -> ApiResult<bool> {
        Ok(self.get(&format!("/v1/customers/{}", escape(customer))).await?.is_some())
    }

    /// The ids of a customer's subscriptions, ended ones included.
    pub(crate) async fn subscriptions_of(&self, customer: &str) -> ApiResult<Vec<String>> {
        let all = self.all(&format!("/v1/subscriptions?status=all&customer={}", escape(customer))).await?;
        Ok(all.iter().filter_map(|s| text_at(s, "/id")).collect())
    }

    /// All products, archived ones included: old subscribers still hold them. Those that are plans with the features attached
    /// to them; no event tells of an attachment, so they are read every time.
    pub(crate) async fn products(&self) -> ApiResult<Vec<Product>> {
        let mut products: Vec<Product> = self.all("/v1/products?").await?.iter().filter_map(product).collect();
        let mut plans: Vec<&mut Product> = products.iter_mut().filter(|p| p.is_plan()).collect();
        for some in plans.chunks_mut(AT_A_TIME) {
            let attached = futures_util::future::join_all(some.iter().map(|plan| self.features_of(&plan.id))).await;
            for (plan, features) in some.iter_mut().zip(attached) {
                plan.features = features?;
            }
        }
        Ok(products)
    }

    /// The lookup keys of the features attached to a product.
    async fn features_of(&self, product: &str) -> ApiResult<Vec<String>> {
        let attached = self.all(&format!("/v1/products/{}/features?", escape(product))).await?;
        Ok(attached.iter().filter_map(|a| text_at(a, "/entitlement_feature/lookup_key")).collect())
    }

    /// All prices, archived ones included.
    pub(crate) async fn prices(&self) -> ApiResult<Vec<Price>> {
        Ok(self.all("/v1/prices?").await?.iter().filter_map(price).collect())
    }

    /// The ids of the billing meters that count, by the name of their events.
    pub(crate) async fn billing_meters(&self) -> ApiResult<Map<String>> {
        let all = self.all("/v1/billing/meters?status=active").await?;
        Ok(all.iter().filter_map(|m| Some((text_at(m, "/event_name")?, text_at(m, "/id")?))).collect())
    }

    /// What a billing meter adds up to for a customer. Stripe takes whole minutes only: the minute that the period begins in
    /// counts in full.
    pub(crate) async fn metered(&self, meter: &str, customer: &str, bounds: Bounds) -> ApiResult<u64> {
        let minute = |ms: i64| ms.div_euclid(MINUTE) * (MINUTE / SECOND);
        let (start, end) = (minute(bounds.start.0), minute(bounds.end.0 + MINUTE - 1));
        let (meter, customer) = (escape(meter), escape(customer));
        let path = format!("/v1/billing/meters/{meter}/event_summaries?customer={customer}&start_time={start}&end_time={end}");
        let summaries = self.all(&path).await?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates; sums of usage are whole and not negative")]
        let whole = |v: &Value| v.as_u64().or_else(|| v.as_f64().map(|f| f.round() as u64));
        Ok(summaries.iter().filter_map(|s| s.get("aggregated_value").and_then(whole)).fold(0, u64::saturating_add))
    }
}

fn product(p: &Value) -> Option<Product> {
    Some(Product {
        id: text_at(p, "/id")?,
        name: text_at(p, "/name").unwrap_or_default(),
        description: text_at(p, "/description").unwrap_or_default(),
        active: is_active(p),
        metadata: metadata(p),
        features: Vec::new(),
    })
}

fn price(p: &Value) -> Option<Price> {
    let interval = text_at(p, "/recurring/interval");
    let count = p.pointer("/recurring/interval_count").and_then(Value::as_u64).unwrap_or(1);
    let is_metered = text_at(p, "/recurring/usage_type").as_deref() == Some("metered");
    Some(Price {
        id: text_at(p, "/id")?,
        product: id_at(p, "/product").unwrap_or_default(),
        currency: text_at(p, "/currency").unwrap_or_default(),
        unit_amount: p.get("unit_amount").and_then(Value::as_i64).filter(|_| !is_metered),
        interval: interval.and_then(|word| Interval::parse(&word)),
        interval_count: u32::try_from(count).unwrap_or(1),
        active: is_active(p),
        metadata: metadata(p),
    })
}

fn is_active(object: &Value) -> bool {
    object.get("active").and_then(Value::as_bool).unwrap_or(true)
}

fn metadata(object: &Value) -> Map<String> {
    let metadata = object.get("metadata").and_then(Value::as_object).into_iter().flatten();
    metadata.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}
