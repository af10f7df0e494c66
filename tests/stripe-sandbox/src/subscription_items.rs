//! `GET /v1/subscription_items`. Items are changed through their subscription.

use std::sync::Arc;

use axum::Router;
use serde_json::Value;

use crate::{
    app::App,
    call::{Call, get},
    error::ApiError,
    pages::Query,
    resource::lookup_param,
    subscriptions::items_of,
};

pub(crate) fn router() -> Router<Arc<App>> {
    Router::new().route("/v1/subscription_items", get(list))
}

fn list(call: &mut Call<'_>) -> Result<Value, ApiError> {
    let mut params = call.take_params();
    let query = Query::read(&mut params)?;
    let id = params.required_text("subscription")?;
    params.finish()?;
    let subscription = lookup_param(&call.store.subscriptions, "subscription", &id, "subscription")?;
    // The one list that Stripe gives oldest first, as the items stand on the subscription.
    query.page(&call.url, items_of(subscription).iter(), |_| true)
}
