//! `/v1/entitlements/features`: the features themselves.

use std::sync::Arc;

use axum::Router;
use serde_json::{Value, json};

use crate::{
    app::App,
    call::{Call, get, post},
    error::ApiError,
    ids, metadata,
    pages::Query,
    params::Params,
    resource::{lookup, put},
};

pub(super) const NOUN: &str = "feature";
const MAX_LENGTH: usize = 80;

pub(super) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/v1/entitlements/features", post(create).merge(get(list)))
        .route("/v1/entitlements/features/{id}", get(retrieve).merge(post(update)))
}

fn create(call: &mut Call<'_>) -> Result<Value, ApiError> {
    let mut params = call.take_params();
    let lookup_key = short_text(&mut params, "lookup_key")?.ok_or_else(|| ApiError::missing_param("lookup_key"))?;
    let name = short_text(&mut params, "name")?.ok_or_else(|| ApiError::missing_param("name"))?;
    let metadata = metadata::merged(&Value::Null, &mut params)?;
    params.finish()?;
    // An archived feature gives its key free.
    let taken = |feature: &Value| feature["lookup_key"] == *lookup_key && feature["active"] == true;
    if call.store.features.values().any(taken) {
        let message = format!("A feature with lookup_key `{lookup_key}` already exists.");
        return Err(ApiError::invalid_coded("resource_already_exists", "lookup_key", message));
    }
    let feature = json!({
        "id": ids::new_id("feat"),
        "object": "entitlements.feature",
        "active": true,
        "livemode": false,
        "lookup_key": lookup_key,
        "metadata": metadata,
        "name": name,
    });
    put(&mut call.store.features, feature.clone());
    Ok(feature)
}

fn short_text(params: &mut Params, name: &str) -> Result<Option<String>, ApiError> {
    match params.text(name)? {
        Some(text) if text.chars().count() > MAX_LENGTH => Err(params.bad(name, format!("{name} may be at most {MAX_LENGTH} characters."))),
        text => Ok(text),
    }
}

fn retrieve(call: &mut Call<'_>) -> Result<Value, ApiError> {
    call.no_params()?;
    lookup(&call.store.features, NOUN, &call.id())
}

/// Archiving is for good, and no event tells of any change: Stripe has no `entitlements.feature.*` events.
fn update(call: &mut Call<'_>) -> Result<Value, ApiError> {
    let mut params = call.take_params();
    let mut feature = lookup(&call.store.features, NOUN, &call.id())?;
    let active = params.boolean("active")?;
    if let Some(name) = short_text(&mut params, "name")? {
        feature["name"] = json!(name);
    }
    feature["metadata"] = metadata::merged(&feature["metadata"], &mut params)?;
    params.finish()?;
    if feature["active"] == false {
        return Err(ApiError::invalid("This feature is archived and can no longer be changed."));
    }
    feature["active"] = json!(active.unwrap_or(true));
    put(&mut call.store.features, feature.clone());
    Ok(feature)
}

/// Without `archived`, only what can still be attached.
fn list(call: &mut Call<'_>) -> Result<Value, ApiError> {
    let mut params = call.take_params();
    let query = Query::read(&mut params)?;
    let archived = params.boolean("archived")?.unwrap_or(false);
    let lookup_key = params.text("lookup_key")?;
    params.finish()?;
    query.page(&call.url, call.store.features.values().rev(), |feature| {
        feature["active"] != archived && lookup_key.as_ref().is_none_or(|key| feature["lookup_key"] == **key)
    })
}
