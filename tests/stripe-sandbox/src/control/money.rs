//! What only customers and time do to invoices, and the changes that took effect.

use std::sync::Arc;

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, Query, State},
    response::IntoResponse,
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{ControlError, optional};
use crate::{app::App, invoices, outside, present::present};

pub(crate) fn router() -> Router<Arc<App>> {
    Router::new().route("/_sandbox/invoices/{id}/pay", post(pay)).route("/_sandbox/changes", get(list).delete(clear))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Card {
    /// A test card to attach and pay with; the default payment method where absent.
    payment_method: Option<String>,
}

/// The customer pays on the invoice's page, and authenticates if asked to. The events carry no request.
async fn pay(State(app): State<Arc<App>>, Path(id): Path<String>, body: Bytes) -> Result<Json<Value>, ControlError> {
    let card: Card = optional(&body)?;
    let invoice = outside::change(&app, |call| {
        let invoice = invoices::pay_as_customer(call, &id, card.payment_method.as_deref())?;
        let mut shown = present(call.store, &invoice);
        call.version.shape(&mut shown);
        Ok(shown)
    })?;
    Ok(Json(invoice))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Of {
    subscription: Option<String>,
}

/// Oldest first.
async fn list(State(app): State<Arc<App>>, Query(of): Query<Of>) -> Json<Value> {
    let store = app.store();
    let wanted = |change: &&Value| of.subscription.as_ref().is_none_or(|id| change["subscription"] == *id);
    let changes: Vec<&Value> = store.changes.iter().filter(wanted).collect();
    Json(json!({"changes": changes}))
}

async fn clear(State(app): State<Arc<App>>) -> impl IntoResponse {
    app.store().changes.clear();
    super::done()
}
