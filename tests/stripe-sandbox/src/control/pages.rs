//! The hosted pages without a browser: pay, expire, confirm.

use std::sync::Arc;

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, State},
    routing::post,
};
use serde::Deserialize;
use serde_json::Value;

use super::{ControlError, deliveries::optional};
use crate::{app::App, checkout, hosted::cards::Card, outside, portal, present::present};

pub(super) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/_sandbox/checkout/{id}/complete", post(complete))
        .route("/_sandbox/checkout/{id}/expire", post(expire))
        .route("/_sandbox/portal/{id}/confirm", post(confirm))
}

/// What the customer does on the page.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Done {
    card: Card,
    email: Option<String>,
}

async fn complete(State(app): State<Arc<App>>, Path(id): Path<String>, body: Bytes) -> Result<Json<Value>, ControlError> {
    let done: Done = optional(&body)?;
    let session = outside::change(&app, |call| checkout::complete(call, &id, done.card, done.email.as_deref()))?;
    Ok(shown(&app, &session))
}

async fn expire(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Json<Value>, ControlError> {
    let session = outside::change(&app, |call| checkout::expire(call, &id))?;
    Ok(shown(&app, &session))
}

async fn confirm(State(app): State<Arc<App>>, Path(id): Path<String>, body: Bytes) -> Result<Json<Value>, ControlError> {
    let done: Done = optional(&body)?;
    let session = outside::change(&app, |call| portal::confirm(call, &id, done.card))?;
    Ok(shown(&app, &session))
}

fn shown(app: &Arc<App>, object: &Value) -> Json<Value> {
    Json(present(&app.store(), object))
}
