//! `/v1/checkout/sessions`: pages on which a customer subscribes. The page itself is in [`crate::hosted`].

mod complete;
mod create;
mod object;

use std::sync::Arc;

use axum::Router;
use serde_json::{Value, json};

pub(crate) use self::{
    complete::complete,
    object::{line_items, line_items_id},
};
use crate::{
    app::App,
    call::{Call, get, post},
    error::ApiError,
    pages::Query,
    present::text,
    resource::{lookup, put},
};

const NOUN: &str = "checkout.session";
const STATUSES: [&str; 3] = ["open", "complete", "expired"];

pub(crate) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/v1/checkout/sessions", post(create::create).merge(get(list)))
        .route("/v1/checkout/sessions/{id}", get(retrieve))
        .route("/v1/checkout/sessions/{id}/expire", post(expire_called))
        .route("/v1/checkout/sessions/{id}/line_items", get(list_line_items))
}

/// The session if it can still be paid. Time passes without the sandbox noticing, so this looks at the clock.
pub(crate) fn open(call: &Call<'_>, id: &str) -> Result<Value, ApiError> {
    let session = lookup(&call.store.checkout_sessions, NOUN, id)?;
    let late = session["expires_at"].as_i64().is_some_and(|end| end <= call.now);
    if session["status"] == "open" && !late {
        return Ok(session);
    }
    Err(ApiError::invalid(format!(
        "Only Checkout Sessions with a status in [\"open\"] can be used. This Checkout Session has a status of {}.",
        if late { "expired" } else { text(&session, "status") }
    )))
}

/// Ends an open session, whether by the API, by the control API or by time.
pub(crate) fn expire(call: &mut Call<'_>, id: &str) -> Result<Value, ApiError> {
    let mut session = lookup(&call.store.checkout_sessions, NOUN, id)?;
    if session["status"] != "open" {
        let message = format!(
            "Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout Session has a status of {}.",
            text(&session, "status")
        );
        return Err(ApiError::invalid(message));
    }
    session["status"] = json!("expired");
    session["url"] = Value::Null;
    put(&mut call.store.checkout_sessions, session.clone());
    call.store.checkout_drafts.shift_remove(id);
    call.emit("checkout.session.expired", &session);
    Ok(session)
}

fn expire_called(call: &mut Call<'_>) -> Result<Value, ApiError> {
    call.no_params()?;
    let id = call.id();
    expire(call, &id)
}

fn retrieve(call: &mut Call<'_>) -> Result<Value, ApiError> {
    call.no_params()?;
    lookup(&call.store.checkout_sessions, NOUN, &call.id())
}

fn list(call: &mut Call<'_>) -> Result<Value, ApiError> {
    let mut params = call.take_params();
    let query = Query::read(&mut params)?;
    let customer = params.text("customer")?;
    let subscription = params.text("subscription")?;
    let status = params.choice("status", &STATUSES)?;
    params.finish()?;
    let same = |wanted: &Option<String>, value: &Value| wanted.as_ref().is_none_or(|wanted| value == wanted.as_str());
    query.page(&call.url, call.store.checkout_sessions.values().rev(), |session| {
        same(&customer, &session["customer"]) && same(&subscription, &session["subscription"]) && same(&status, &session["status"])
    })
}

/// In the order of the page, as at Stripe.
fn list_line_items(call: &mut Call<'_>) -> Result<Value, ApiError> {
    let mut params = call.take_params();
    let query = Query::read(&mut params)?;
    params.finish()?;
    let id = call.id();
    lookup(&call.store.checkout_sessions, NOUN, &id)?;
    query.page(&call.url, line_items(call.store, &id).iter(), |_| true)
}
