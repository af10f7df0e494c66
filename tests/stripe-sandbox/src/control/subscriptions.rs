//! Forcing the status of a subscription.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, State, rejection::JsonRejection},
    routing::post,
};
use serde::Deserialize;
use serde_json::Value;

use super::ControlError;
use crate::{
    app::App,
    call::{Call, Origin},
    clock,
    params::Params,
    present::present,
    subscriptions,
    version::ApiVersion,
};

pub(crate) fn router() -> Router<Arc<App>> {
    Router::new().route("/_sandbox/subscriptions/{id}", post(force))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Forced {
    status: String,
}

/// The events carry no request: at Stripe, it is time or a payment that changes these statuses.
async fn force(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    forced: Result<Json<Forced>, JsonRejection>,
) -> Result<Json<Value>, ControlError> {
    let Json(forced) = forced?;
    let mut store = app.store();
    let mut call = Call {
        store: &mut store,
        params: Params::default(),
        path_ids: Vec::new(),
        method: String::new(),
        url: String::new(),
        now: clock::now(),
        version: ApiVersion::default(),
        origin: Origin::default(),
        delivery: app.delivery_settings(),
    };
    let subscription = subscriptions::force(&mut call, &id, &forced.status)?;
    let subscription = present(call.store, &subscription);
    app.commit_call(&mut store)?;
    Ok(Json(subscription))
}
