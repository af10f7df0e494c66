//! `/v1/products/{id}/features`: which features come with a product.
//!
//! No event tells that a feature was attached or detached, and the product does not change: who caches this has to
//! read it again now and then.

use std::sync::Arc;

use axum::Router;
use serde_json::{Value, json};

use super::features;
use crate::{
    app::App,
    call::{Call, delete, get, post},
    error::ApiError,
    ids,
    pages::Query,
    present::{text, tombstone},
    resource::{lookup, lookup_param, put},
    store::Store,
};

pub(super) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/v1/products/{id}/features", post(attach).merge(get(list)))
        .route("/v1/products/{id}/features/{attachment}", get(retrieve).merge(delete(detach)))
}

/// Stored with ids; this is what clients see.
fn shown(store: &Store, attachment: &Value) -> Value {
    json!({
        "id": attachment["id"],
        "object": "product_feature",
        "entitlement_feature": store.features.get(text(attachment, "feature")),
        "livemode": false,
    })
}

/// The ids of the features that come with a product.
pub(super) fn of_product<'a>(store: &'a Store, product: &'a str) -> impl Iterator<Item = &'a str> {
    let attachments = store.product_features.values().filter(move |attachment| attachment["product"] == *product);
    attachments.map(|attachment| text(attachment, "feature"))
}

fn attach(call: &mut Call<'_>) -> Result<Value, ApiError> {
    let mut params = call.take_params();
    let product = call.id();
    let id = params.required_text("entitlement_feature")?;
    params.finish()?;
    lookup(&call.store.products, "product", &product)?;
    let feature = lookup_param(&call.store.features, features::NOUN, &id, "entitlement_feature")?;
    if feature["active"] != true {
        return Err(ApiError::invalid_param("entitlement_feature", "An archived feature cannot be attached to a product."));
    }
    if of_product(call.store, &product).any(|attached| attached == id) {
        return Err(ApiError::invalid_param("entitlement_feature", "This feature is already attached to the product."));
    }
    let attachment = json!({"id": ids::new_id("prodft"), "product": product, "feature": id});
    put(&mut call.store.product_features, attachment.clone());
    Ok(shown(call.store, &attachment))
}

fn find(call: &Call<'_>) -> Result<Value, ApiError> {
    let id = call.path_ids.get(1).map_or("", String::as_str);
    let attachment = lookup(&call.store.product_features, "product feature", id)?;
    if attachment["product"] == call.id() { Ok(attachment) } else { Err(ApiError::no_such("product feature", id)) }
}

fn retrieve(call: &mut Call<'_>) -> Result<Value, ApiError> {
    call.no_params()?;
    let attachment = find(call)?;
    Ok(shown(call.store, &attachment))
}

fn detach(call: &mut Call<'_>) -> Result<Value, ApiError> {
    call.no_params()?;
    let attachment = find(call)?;
    let id = text(&attachment, "id");
    call.store.product_features.shift_remove(id);
    Ok(tombstone("product_feature", id))
}

fn list(call: &mut Call<'_>) -> Result<Value, ApiError> {
    let mut params = call.take_params();
    let query = Query::read(&mut params)?;
    params.finish()?;
    let product = call.id();
    lookup(&call.store.products, "product", &product)?;
    let of_product = call.store.product_features.values().rev().filter(|attachment| attachment["product"] == product);
    let rows: Vec<Value> = of_product.map(|attachment| shown(call.store, attachment)).collect();
    query.page(&call.url, rows.iter(), |_| true)
}
