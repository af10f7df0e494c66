//! One attempt: render, sign, send, note the answer.

use std::{sync::Arc, time::Duration};

use axum::http::{Request, Uri, header::CONTENT_TYPE};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};

use serde_json::Value;

use super::{Attempt, State, pending_endpoints, signature, thin};
use crate::{app::App, clock, event_destinations, events::EventRecord, present::text, store::Store, version::ApiVersion};

pub(crate) type HttpClient = Client<HttpConnector, Full<axum::body::Bytes>>;

pub(crate) fn client() -> HttpClient {
    Client::builder(TokioExecutor::new()).build_http()
}

struct Prepared {
    url: String,
    signature: String,
    body: Vec<u8>,
}

impl Prepared {
    fn signed(url: &str, secret: &str, body: Vec<u8>) -> Self {
        Self { url: url.to_owned(), signature: signature::header(secret, clock::now(), &body), body }
    }
}

/// Attempts a queued delivery once. True where another attempt is due.
pub(crate) async fn once(app: &Arc<App>, id: &str) -> bool {
    let prepared = prepare(&app.store(), id);
    let Some(prepared) = prepared else {
        give_up(app, id);
        return false;
    };
    let at = clock::now();
    let (status, error) = match tokio::time::timeout(app.options().webhook_timeout, send(app.client(), prepared)).await {
        Ok(Ok(status)) => (Some(status), None),
        Ok(Err(error)) => (None, Some(error.to_string())),
        Err(_) => (None, Some("timed out".to_owned())),
    };
    note(app, id, Attempt { at, status, error })
}

/// None where there is nothing to send: the endpoint was deleted or disabled, or the delivery is already settled.
fn prepare(store: &Store, id: &str) -> Option<Prepared> {
    let delivery = store.deliveries.get(id).filter(|delivery| delivery.state == State::Queued)?;
    let event = store.events.get(&delivery.event)?;
    if let Some(destination) = store.event_destinations.get(&delivery.endpoint) {
        return prepare_thin(destination, event);
    }
    let endpoint = store.webhook_endpoints.get(&delivery.endpoint).filter(|endpoint| endpoint["status"] == "enabled")?;
    let version = endpoint["api_version"].as_str().and_then(|version| ApiVersion::parse(version).ok());
    // The receiver of a resend is pending too, though it may have taken the event before.
    let pending = pending_endpoints(store, &event.id).max(1);
    let body = serde_json::to_vec_pretty(&event.render(&version.unwrap_or_default(), pending)).ok()?;
    Some(Prepared::signed(text(endpoint, "url"), text(endpoint, "secret"), body))
}

fn prepare_thin(destination: &Value, event: &EventRecord) -> Option<Prepared> {
    let (url, secret) = event_destinations::endpoint(destination);
    let body = serde_json::to_vec_pretty(&thin::notification(event)).ok()?;
    (destination["status"] == "enabled").then(|| Prepared::signed(url, secret, body))
}

async fn send(client: &HttpClient, prepared: Prepared) -> anyhow::Result<u16> {
    let request = Request::post(prepared.url.parse::<Uri>()?)
        .header(CONTENT_TYPE, "application/json; charset=utf-8")
        .header("user-agent", "Stripe/1.0 (+https://stripe.com/docs/webhooks)")
        .header("stripe-signature", prepared.signature)
        .body(Full::from(prepared.body))?;
    let response = client.request(request).await?;
    let status = response.status().as_u16();
    // Read to the end, so that the connection can be used again.
    response.into_body().collect().await?;
    Ok(status)
}

fn note(app: &Arc<App>, id: &str, attempt: Attempt) -> bool {
    let mut store = app.store();
    let Some(delivery) = store.deliveries.get_mut(id) else {
        return false;
    };
    let taken = attempt.status.is_some_and(|status| (200..300).contains(&status));
    delivery.attempts.push(attempt);
    delivery.state = if taken {
        State::Delivered
    } else if delivery.attempts.len() >= app.options().webhook_attempts {
        State::Failed
    } else {
        State::Queued
    };
    let again = delivery.state == State::Queued;
    app.delivery_changed();
    again
}

fn give_up(app: &Arc<App>, id: &str) {
    let mut store = app.store();
    if let Some(delivery) = store.deliveries.get_mut(id).filter(|delivery| delivery.state == State::Queued) {
        delivery.state = State::Failed;
    }
    app.delivery_changed();
}

/// Exponential, from the configured first wait up to 20 times as long.
pub(crate) fn backoff(first: Duration, attempts_made: u32) -> Duration {
    let factor = 2_u32.saturating_pow(attempts_made.saturating_sub(1));
    first.saturating_mul(factor.min(20))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_doubles_up_to_a_bound() {
        let first = Duration::from_millis(100);
        for (made, expected) in [(1, 100), (2, 200), (3, 400), (5, 1_600), (6, 2_000), (60, 2_000)] {
            assert_eq!(backoff(first, made), Duration::from_millis(expected), "{made}");
        }
    }
}
