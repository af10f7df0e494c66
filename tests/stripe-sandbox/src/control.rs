//! The control API under `/_sandbox/`: what a test or a demo may do to the sandbox that nobody could do to Stripe.
//!
//! JSON in and out, no credentials; described in the crate's README.

mod clock;
mod deliveries;
mod faults;
mod latency;
mod money;
mod pages;
mod requests;
mod subscriptions;

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::rejection::JsonRejection,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;

use self::deliveries::optional;
use crate::{app::App, error::ApiError};

pub(crate) fn router() -> Router<Arc<App>> {
    clock::router()
        .merge(deliveries::router())
        .merge(faults::router())
        .merge(latency::router())
        .merge(money::router())
        .merge(pages::router())
        .merge(requests::router())
        .merge(subscriptions::router())
}

/// Errors of the control API have the shape of Stripe's.
#[derive(Debug)]
pub(crate) struct ControlError(ApiError);

impl From<ApiError> for ControlError {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

impl From<JsonRejection> for ControlError {
    fn from(rejection: JsonRejection) -> Self {
        Self(ApiError::invalid(rejection.body_text()))
    }
}

impl IntoResponse for ControlError {
    fn into_response(self) -> Response {
        (self.0.status, Json(self.0.body())).into_response()
    }
}

fn done() -> (StatusCode, Json<serde_json::Value>) {
    (StatusCode::OK, Json(json!({"ok": true})))
}
