//! The log of API requests.

use std::sync::Arc;

use axum::{Json, Router, extract::State, response::IntoResponse, routing::get};
use serde_json::{Value, json};

use crate::app::App;

pub(crate) fn router() -> Router<Arc<App>> {
    Router::new().route("/_sandbox/requests", get(list).delete(clear))
}

async fn list(State(app): State<Arc<App>>) -> Json<Value> {
    Json(json!({"requests": app.log().entries()}))
}

async fn clear(State(app): State<Arc<App>>) -> impl IntoResponse {
    app.log().clear();
    super::done()
}
