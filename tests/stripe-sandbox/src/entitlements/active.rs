//! `/v1/entitlements/active_entitlements`: what the running subscriptions of a customer entitle to.
//!
//! Looked at whenever a subscription changes, as at Stripe. Attaching a feature to a product therefore shows with the
//! customer's next change of a subscription, and not before.

use std::sync::Arc;

use axum::Router;
use serde_json::{Value, json};

use super::attachments;
use crate::{
    app::App,
    call::{Call, get},
    error::ApiError,
    events, ids,
    pages::Query,
    present::text,
    resource::{lookup, lookup_param},
    store::Store,
    subscriptions::items_of,
};

/// A customer who is behind with a payment keeps the features until the subscription ends or is unpaid.
const ENTITLING: [&str; 3] = ["active", "trialing", "past_due"];

pub(super) fn router() -> Router<Arc<App>> {
    Router::new().route("/v1/entitlements/active_entitlements", get(list)).route("/v1/entitlements/active_entitlements/{id}", get(retrieve))
}

/// Brings the entitlements of a subscription's customer up to date, and tells of it where they changed.
pub(crate) fn refresh(call: &mut Call<'_>, kind: &str, object: &Value) {
    if !kind.starts_with("customer.subscription.") {
        return;
    }
    let customer = text(object, "customer");
    let wanted = entitled_features(call.store, customer);
    let held = held_features(call.store, customer);
    if wanted == held {
        return;
    }
    let before = summary(call.store, customer);
    call.store.entitlements.retain(|_, entitlement| entitlement["customer"] != *customer || wanted.contains(&feature_of(entitlement)));
    for feature in wanted.iter().filter(|feature| !held.contains(feature)) {
        let id = ids::new_id("ent");
        call.store.entitlements.insert(id.clone(), json!({"id": id, "customer": customer, "feature": feature}));
    }
    let after = summary(call.store, customer);
    events::record(call, "entitlements.active_entitlement_summary.updated", after, Some(before));
}

fn feature_of(entitlement: &Value) -> String {
    text(entitlement, "feature").to_owned()
}

/// Sorted, so that two looks compare.
fn entitled_features(store: &Store, customer: &str) -> Vec<String> {
    let running = store
        .subscriptions
        .values()
        .filter(|subscription| subscription["customer"] == *customer && ENTITLING.iter().any(|status| subscription["status"] == **status));
    let prices = running.flat_map(items_of).filter_map(|item| store.prices.get(text(item, "price")));
    let features = prices.flat_map(|price| attachments::of_product(store, text(price, "product")));
    sorted(features.map(str::to_owned).collect())
}

fn held_features(store: &Store, customer: &str) -> Vec<String> {
    sorted(of_customer(store, customer).map(feature_of).collect())
}

fn sorted(mut features: Vec<String>) -> Vec<String> {
    features.sort_unstable();
    features.dedup();
    features
}

fn of_customer<'a>(store: &'a Store, customer: &'a str) -> impl DoubleEndedIterator<Item = &'a Value> {
    store.entitlements.values().filter(move |entitlement| entitlement["customer"] == *customer)
}

/// Stored with its customer; this is what clients see.
fn shown(store: &Store, entitlement: &Value) -> Value {
    let feature = store.features.get(text(entitlement, "feature"));
    json!({
        "id": entitlement["id"],
        "object": "entitlements.active_entitlement",
        "feature": entitlement["feature"],
        "livemode": false,
        "lookup_key": feature.map(|feature| &feature["lookup_key"]),
    })
}

fn summary(store: &Store, customer: &str) -> Value {
    let entitlements: Vec<Value> = of_customer(store, customer).map(|entitlement| shown(store, entitlement)).collect();
    json!({
        "object": "entitlements.active_entitlement_summary",
        "customer": customer,
        "entitlements": {
            "object": "list",
            "data": entitlements,
            "has_more": false,
            "url": format!("/v1/customer/{customer}/entitlements"),
        },
        "livemode": false,
    })
}

fn retrieve(call: &mut Call<'_>) -> Result<Value, ApiError> {
    call.no_params()?;
    let entitlement = lookup(&call.store.entitlements, "active entitlement", &call.id())?;
    Ok(shown(call.store, &entitlement))
}

fn list(call: &mut Call<'_>) -> Result<Value, ApiError> {
    let mut params = call.take_params();
    let query = Query::read(&mut params)?;
    let customer = params.required_text("customer")?;
    params.finish()?;
    lookup_param(&call.store.customers, "customer", &customer, "customer")?;
    let rows: Vec<Value> = of_customer(call.store, &customer).rev().map(|entitlement| shown(call.store, entitlement)).collect();
    query.page(&call.url, rows.iter(), |_| true)
}
