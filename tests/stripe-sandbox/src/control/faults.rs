//! Faults to come.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{State, rejection::JsonRejection},
    response::IntoResponse,
    routing::post,
};
use serde_json::{Value, json};

use super::ControlError;
use crate::{app::App, faults::Fault};

pub(crate) fn router() -> Router<Arc<App>> {
    Router::new().route("/_sandbox/faults", post(add).get(list).delete(clear))
}

async fn add(State(app): State<Arc<App>>, fault: Result<Json<Fault>, JsonRejection>) -> Result<Json<Value>, ControlError> {
    let Json(fault) = fault?;
    fault.act()?;
    app.faults().add(fault);
    Ok(all(&app))
}

async fn list(State(app): State<Arc<App>>) -> Json<Value> {
    all(&app)
}

fn all(app: &App) -> Json<Value> {
    Json(json!({"faults": app.faults().all()}))
}

async fn clear(State(app): State<Arc<App>>) -> impl IntoResponse {
    app.faults().clear();
    super::done()
}
