//! `/v1/products`.

use std::sync::Arc;

use axum::Router;
use serde_json::{Value, json};

use crate::{
    app::App,
    call::{Call, delete, get, post},
    error::ApiError,
    ids, metadata,
    pages::Query,
    params::Params,
    present::{text, tombstone},
    prices,
    resource::{copy_boolean, copy_texts, lookup, lookup_param, put},
};

const NOUN: &str = "product";

pub(crate) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/v1/products", post(create).merge(get(list)))
        .route("/v1/products/{id}", get(retrieve).merge(post(update)).merge(delete(remove)))
}

fn construct(id: &str, name: &str, now: i64) -> Value {
    json!({
        "id": id,
        "object": "product",
        "active": true,
        "created": now,
        "default_price": null,
        "description": null,
        "images": [],
        "livemode": false,
        "marketing_features": [],
        "metadata": {},
        "name": name,
        "package_dimensions": null,
        "shippable": null,
        "statement_descriptor": null,
        "tax_code": null,
        "tax_details": null,
        "type": "service",
        "unit_label": null,
        "updated": now,
        "url": null,
    })
}

/// Makes a product of these parameters, without its default price; prices use it for `product_data`.
pub(crate) fn build(params: &mut Params, now: i64) -> Result<Value, ApiError> {
    let name = params.required_text("name")?;
    let id = params.text("id")?.unwrap_or_else(|| ids::new_id("prod"));
    let mut product = construct(&id, &name, now);
    apply(params, &mut product)?;
    Ok(product)
}

fn apply(params: &mut Params, product: &mut Value) -> Result<(), ApiError> {
    copy_boolean(params, product, "active")?;
    copy_boolean(params, product, "shippable")?;
    copy_texts(params, product, &["description", "statement_descriptor", "tax_code", "unit_label", "url"])?;
    if let Some(images) = params.texts("images")? {
        product["images"] = json!(images);
    }
    if let Some(features) = params.hashes("marketing_features")? {
        product["marketing_features"] = marketing_features(features)?;
    }
    product["metadata"] = metadata::merged(&product["metadata"], params)?;
    Ok(())
}

fn marketing_features(features: Vec<Params>) -> Result<Value, ApiError> {
    let named = |mut feature: Params| {
        let name = feature.required_text("name")?;
        feature.finish()?;
        Ok(json!({ "name": name }))
    };
    features.into_iter().map(named).collect()
}

fn create(call: &mut Call<'_>) -> Result<Value, ApiError> {
    let mut params = call.take_params();
    let product = build(&mut params, call.now)?;
    let price = match params.hash("default_price_data")? {
        Some(data) => Some(prices::build(data, text(&product, "id"), call.now)?),
        None => None,
    };
    params.finish()?;
    refuse_existing(call, text(&product, "id"))?;
    put(&mut call.store.products, product.clone());
    call.emit("product.created", &product);
    match price {
        Some(price) => Ok(add_default_price(call, &product, price)),
        None => Ok(product),
    }
}

pub(crate) fn refuse_existing(call: &Call<'_>, id: &str) -> Result<(), ApiError> {
    if call.store.products.contains_key(id) {
        return Err(ApiError::invalid_coded("resource_already_exists", "id", "Product already exists."));
    }
    Ok(())
}

/// Stripe, too, tells this as three events: the product, its price, then the product that has a default price.
fn add_default_price(call: &mut Call<'_>, product: &Value, price: Value) -> Value {
    call.emit("price.created", &price);
    let mut updated = product.clone();
    updated["default_price"] = price["id"].clone();
    put(&mut call.store.prices, price);
    put(&mut call.store.products, updated.clone());
    call.emit_update("product.updated", product, &updated);
    updated
}

fn retrieve(call: &mut Call<'_>) -> Result<Value, ApiError> {
    call.no_params()?;
    lookup(&call.store.products, NOUN, &call.id())
}

fn update(call: &mut Call<'_>) -> Result<Value, ApiError> {
    let mut params = call.take_params();
    let before = lookup(&call.store.products, NOUN, &call.id())?;
    let mut product = before.clone();
    if let Some(name) = params.text("name")? {
        product["name"] = json!(name);
    }
    copy_texts(&mut params, &mut product, &["default_price"])?;
    apply(&mut params, &mut product)?;
    params.finish()?;
    if let Some(price) = product["default_price"].as_str() {
        check_default_price(call, &product, price)?;
    }
    if product != before {
        product["updated"] = json!(call.now);
    }
    put(&mut call.store.products, product.clone());
    call.emit_update("product.updated", &before, &product);
    Ok(product)
}

fn check_default_price(call: &Call<'_>, product: &Value, price: &str) -> Result<(), ApiError> {
    let price = lookup_param(&call.store.prices, "price", price, "default_price")?;
    if price["product"] == product["id"] {
        return Ok(());
    }
    Err(ApiError::invalid_param("default_price", "The price specified belongs to another product."))
}

fn list(call: &mut Call<'_>) -> Result<Value, ApiError> {
    let mut params = call.take_params();
    let query = Query::read(&mut params)?;
    let active = params.boolean("active")?;
    let shippable = params.boolean("shippable")?;
    let ids = params.texts("ids")?;
    let url = params.text("url")?;
    params.finish()?;
    query.page(&call.url, call.store.products.values().rev(), |product| {
        active.is_none_or(|active| product["active"] == active)
            && shippable.is_none_or(|shippable| product["shippable"] == shippable)
            && ids.as_ref().is_none_or(|ids| ids.iter().any(|id| product["id"] == *id))
            && url.as_ref().is_none_or(|url| product["url"] == *url)
    })
}

/// Prices cannot be deleted, so neither can a product that has one.
fn remove(call: &mut Call<'_>) -> Result<Value, ApiError> {
    call.no_params()?;
    let id = call.id();
    let product = lookup(&call.store.products, NOUN, &id)?;
    if call.store.prices.values().any(|price| text(price, "product") == id) {
        return Err(ApiError::invalid("This product cannot be deleted because it has one or more user-created prices."));
    }
    call.store.products.shift_remove(&id);
    call.emit("product.deleted", &product);
    Ok(tombstone("product", &id))
}
