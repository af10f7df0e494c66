//! `/v1/webhook_endpoints`.

use std::{net::IpAddr, sync::Arc};

use axum::{Router, http::Uri};
use serde_json::{Value, json};

use crate::{
    app::App,
    call::{Call, delete, get, post},
    error::ApiError,
    ids, metadata,
    pages::Query,
    params::Params,
    present::tombstone,
    resource::{copy_texts, lookup, put},
    store::Store,
    version::ApiVersion,
};

const NOUN: &str = "webhook endpoint";

pub(crate) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/v1/webhook_endpoints", post(create).merge(get(list)))
        .route("/v1/webhook_endpoints/{id}", get(retrieve).merge(post(update)).merge(delete(remove)))
}

fn construct(url: &str, now: i64) -> Value {
    json!({
        "id": ids::new_id("we"),
        "object": "webhook_endpoint",
        "api_version": null,
        "application": null,
        "created": now,
        "description": null,
        "enabled_events": [],
        "livemode": false,
        "metadata": {},
        "secret": ids::new_signing_secret(),
        "status": "enabled",
        "url": url,
    })
}

/// The ids of the enabled endpoints that want events of this type.
pub(crate) fn listening(store: &Store, kind: &str) -> Vec<String> {
    let wants = |endpoint: &Value| {
        let mut events = endpoint["enabled_events"].as_array().into_iter().flatten();
        endpoint["status"] == "enabled" && events.any(|event| event == "*" || event == kind)
    };
    store.webhook_endpoints.iter().filter(|(_, endpoint)| wants(endpoint)).map(|(id, _)| id.clone()).collect()
}

/// The secret is shown once, in the answer to the creation.
fn without_secret(mut endpoint: Value) -> Value {
    if let Some(members) = endpoint.as_object_mut() {
        members.remove("secret");
    }
    endpoint
}

/// The double must never reach out of the machine that it runs on.
pub(crate) fn check_url(url: &str) -> Result<(), ApiError> {
    let parsed: Option<Uri> = url.parse().ok();
    let loopback = |host: &str| {
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    };
    let fits = parsed.is_some_and(|uri| uri.scheme_str() == Some("http") && uri.host().is_some_and(loopback));
    if fits {
        return Ok(());
    }
    let message = "Invalid URL: the sandbox delivers to loopback addresses over http only, such as http://127.0.0.1:8787/webhooks.";
    Err(ApiError::invalid_coded("url_invalid", "url", message))
}

fn apply(params: &mut Params, endpoint: &mut Value) -> Result<(), ApiError> {
    if let Some(events) = params.texts("enabled_events")? {
        check_events(&events)?;
        endpoint["enabled_events"] = json!(events);
    }
    copy_texts(params, endpoint, &["description"])?;
    endpoint["metadata"] = metadata::merged(&endpoint["metadata"], params)?;
    Ok(())
}

/// Shape only; the sandbox does not know the list of all of Stripe's event types.
pub(crate) fn check_events(events: &[String]) -> Result<(), ApiError> {
    let named = |event: &str| {
        let segment =
            |segment: &str| !segment.is_empty() && segment.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        event == "*" || (event.contains('.') && event.split('.').all(segment))
    };
    match events.iter().find(|event| !named(event)) {
        Some(event) => Err(ApiError::invalid_param("enabled_events", format!("Invalid enabled_events: {event}"))),
        None if events.is_empty() => Err(ApiError::missing_param("enabled_events")),
        None => Ok(()),
    }
}

fn create(call: &mut Call<'_>) -> Result<Value, ApiError> {
    let mut params = call.take_params();
    let url = params.required_text("url")?;
    check_url(&url)?;
    let mut endpoint = construct(&url, call.now);
    if let Some(version) = params.text("api_version")? {
        endpoint["api_version"] = json!(ApiVersion::parse(&version)?.to_string());
    }
    params.boolean("connect")?;
    apply(&mut params, &mut endpoint)?;
    params.finish()?;
    if endpoint["enabled_events"] == json!([]) {
        return Err(ApiError::missing_param("enabled_events"));
    }
    put(&mut call.store.webhook_endpoints, endpoint.clone());
    Ok(endpoint)
}

fn retrieve(call: &mut Call<'_>) -> Result<Value, ApiError> {
    call.no_params()?;
    lookup(&call.store.webhook_endpoints, NOUN, &call.id()).map(without_secret)
}

fn update(call: &mut Call<'_>) -> Result<Value, ApiError> {
    let mut params = call.take_params();
    let mut endpoint = lookup(&call.store.webhook_endpoints, NOUN, &call.id())?;
    if let Some(url) = params.text("url")? {
        check_url(&url)?;
        endpoint["url"] = json!(url);
    }
    if let Some(disabled) = params.boolean("disabled")? {
        endpoint["status"] = json!(if disabled { "disabled" } else { "enabled" });
    }
    apply(&mut params, &mut endpoint)?;
    params.finish()?;
    put(&mut call.store.webhook_endpoints, endpoint.clone());
    Ok(without_secret(endpoint))
}

fn list(call: &mut Call<'_>) -> Result<Value, ApiError> {
    let mut params = call.take_params();
    let query = Query::read(&mut params)?;
    params.finish()?;
    let endpoints: Vec<Value> = call.store.webhook_endpoints.values().rev().cloned().map(without_secret).collect();
    query.page(&call.url, endpoints.iter(), |_| true)
}

fn remove(call: &mut Call<'_>) -> Result<Value, ApiError> {
    call.no_params()?;
    let id = call.id();
    lookup(&call.store.webhook_endpoints, NOUN, &id)?;
    call.store.webhook_endpoints.shift_remove(&id);
    Ok(tombstone("webhook_endpoint", &id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_is_delivered_to() {
        for (url, accepted) in [
            ("http://127.0.0.1:8787/webhooks/stripe/app", true),
            ("http://localhost:1/x", true),
            ("http://[::1]:80/", true),
            ("http://127.9.9.9/", true),
            ("https://127.0.0.1/", false),
            ("http://example.com/", false),
            ("http://127.0.0.1.example.com/", false),
            ("http://10.0.0.1/", false),
            ("http://user@example.com/", false),
            ("/relative", false),
            ("", false),
        ] {
            assert_eq!(check_url(url).is_ok(), accepted, "{url}");
        }
    }

    #[test]
    fn event_names_are_whole_names_or_everything() {
        for (events, accepted) in [
            (vec!["*"], true),
            (vec!["product.created", "customer.subscription.updated"], true),
            (vec!["customer.*"], false),
            (vec!["product"], false),
            (vec![], false),
        ] {
            let events: Vec<String> = events.into_iter().map(str::to_owned).collect();
            assert_eq!(check_events(&events).is_ok(), accepted, "{events:?}");
        }
    }
}
