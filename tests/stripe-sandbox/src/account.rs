//! `GET /v1/account`.

use std::sync::Arc;

use axum::Router;
use serde_json::{Value, json};

use crate::{
    app::App,
    call::{Call, get},
    error::ApiError,
};

pub(crate) fn router() -> Router<Arc<App>> {
    Router::new().route("/v1/account", get(retrieve))
}

fn retrieve(call: &mut Call<'_>) -> Result<Value, ApiError> {
    call.no_params()?;
    Ok(json!({
        "id": call.store.account,
        "object": "account",
        "business_profile": {"name": "Stripe sandbox"},
        "charges_enabled": true,
        "country": "US",
        "default_currency": "usd",
        "details_submitted": true,
        "email": null,
        "metadata": {},
        "payouts_enabled": true,
        "settings": {"dashboard": {"display_name": "Stripe sandbox", "timezone": "Etc/UTC"}},
        "type": "standard",
    }))
}
