//! `/v1/billing_portal/sessions`: pages on which a customer changes what they have. The page is in [`crate::hosted`].

mod confirm;
mod flow;

use std::sync::Arc;

use axum::Router;
use serde_json::{Value, json};

pub(crate) use self::confirm::{confirm, preview};
use crate::{
    app::App,
    call::{Call, post},
    error::ApiError,
    ids,
    resource::{lookup, lookup_param, put},
};

const NOUN: &str = "billing_portal.session";
/// Stands for the account's default; the sandbox has no others.
const DEFAULT_CONFIGURATION: &str = "bpc_sandboxdefault";

pub(crate) fn router() -> Router<Arc<App>> {
    Router::new().route("/v1/billing_portal/sessions", post(create))
}

pub(crate) fn find(call: &Call<'_>, id: &str) -> Result<Value, ApiError> {
    lookup(&call.store.portal_sessions, NOUN, id)
}

fn create(call: &mut Call<'_>) -> Result<Value, ApiError> {
    let mut params = call.take_params();
    let customer = params.required_text("customer")?;
    let return_url = params.text("return_url")?;
    let configuration = params.text("configuration")?;
    let locale = params.text("locale")?;
    let flow = params.hash("flow_data")?;
    lookup_param(&call.store.customers, "customer", &customer, "customer")?;
    let flow = match flow {
        Some(flow) => flow::read(call, flow, &customer)?,
        None => Value::Null,
    };
    params.finish()?;
    let id = ids::new_id("bps");
    let session = json!({
        "id": id,
        "object": "billing_portal.session",
        "configuration": configuration.unwrap_or_else(|| DEFAULT_CONFIGURATION.to_owned()),
        "created": call.now,
        "customer": customer,
        "customer_account": null,
        "flow": flow,
        "livemode": false,
        "locale": locale,
        "on_behalf_of": null,
        "return_url": return_url,
        "url": format!("{}/p/session/{id}", call.store.base_url),
    });
    put(&mut call.store.portal_sessions, session.clone());
    Ok(session)
}
