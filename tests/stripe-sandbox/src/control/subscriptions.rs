//! What only time and payments do to a subscription: forcing its status, dropping its pending update.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, State, rejection::JsonRejection},
    routing::post,
};
use serde::Deserialize;
use serde_json::Value;

use super::ControlError;
use crate::{app::App, error::ApiError, outside, present::present, resource::lookup, subscriptions};

pub(crate) fn router() -> Router<Arc<App>> {
    Router::new().route("/_sandbox/subscriptions/{id}", post(force))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Forced {
    status: Option<String>,
    /// `expire`
    pending_update: Option<String>,
}

/// The events carry no request: at Stripe, it is time or a payment that changes these.
async fn force(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    forced: Result<Json<Forced>, JsonRejection>,
) -> Result<Json<Value>, ControlError> {
    let Json(forced) = forced?;
    let subscription = outside::change(&app, |call| {
        let mut subscription = lookup(&call.store.subscriptions, "subscription", &id)?;
        match forced.pending_update.as_deref() {
            None => {}
            Some("expire") => subscription = subscriptions::expire_pending(call, &subscription)?,
            Some(_) => return Err(ApiError::invalid_param("pending_update", "Invalid pending_update: must be expire")),
        }
        if let Some(status) = &forced.status {
            subscription = subscriptions::force(call, &id, status)?;
        }
        let mut shown = present(call.store, &subscription);
        call.version.shape(&mut shown);
        Ok(shown)
    })?;
    Ok(Json(subscription))
}
