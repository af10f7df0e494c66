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
        "business_profile": business_profile(),
        "charges_enabled": true,
        "country": "US",
        "default_currency": "usd",
        "details_submitted": true,
        "email": null,
        "metadata": {},
        "payouts_enabled": true,
        "settings": settings(),
        "type": "standard",
    }))
}

fn business_profile() -> Value {
    json!({
        "mcc": null,
        "minority_owned_business_designation": null,
        "name": "Stripe sandbox",
        "specified_commercial_transactions_act_url": null,
        "support_address": null,
        "support_email": null,
        "support_phone": null,
        "support_url": null,
        "url": null,
    })
}

fn settings() -> Value {
    json!({
        "branding": {"icon": null, "logo": null, "primary_color": null, "secondary_color": null},
        "card_payments": {
            "statement_descriptor_prefix": null,
            "statement_descriptor_prefix_kana": null,
            "statement_descriptor_prefix_kanji": null,
        },
        "dashboard": {"display_name": "Stripe sandbox", "timezone": "Etc/UTC"},
        "payments": {
            "statement_descriptor": null,
            "statement_descriptor_kana": null,
            "statement_descriptor_kanji": null,
            "statement_descriptor_prefix_kana": null,
            "statement_descriptor_prefix_kanji": null,
        },
    })
}
