//! A general latency, and Stripe's limit on new invoices.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::{State, rejection::JsonRejection},
    routing::put,
};
use serde::{Deserialize, Serialize};

use super::ControlError;
use crate::app::App;

pub(crate) fn router() -> Router<Arc<App>> {
    Router::new().route("/_sandbox/latency", put(set_latency).get(show_latency)).route("/_sandbox/limits", put(set_limits).get(show_limits))
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Latency {
    ms: u64,
}

async fn set_latency(State(app): State<Arc<App>>, latency: Result<Json<Latency>, JsonRejection>) -> Result<Json<Latency>, ControlError> {
    let Json(latency) = latency?;
    app.set_latency(Duration::from_millis(latency.ms));
    Ok(Json(latency))
}

async fn show_latency(State(app): State<Arc<App>>) -> Json<Latency> {
    Json(Latency { ms: u64::try_from(app.latency().as_millis()).unwrap_or(u64::MAX) })
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Limits {
    /// 10 new invoices a minute and 20 a day for each subscription.
    invoices: bool,
}

async fn set_limits(State(app): State<Arc<App>>, limits: Result<Json<Limits>, JsonRejection>) -> Result<Json<Limits>, ControlError> {
    let Json(limits) = limits?;
    app.store().without_invoice_limits = !limits.invoices;
    Ok(Json(limits))
}

async fn show_limits(State(app): State<Arc<App>>) -> Json<Limits> {
    Json(Limits { invoices: !app.store().without_invoice_limits })
}
