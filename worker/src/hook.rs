//! Messages for an app's own systems, by Standard Webhooks (<https://www.standardwebhooks.com>): their names, bodies and signatures, and
//! one attempt to deliver one.
//!
//! Redirects are not followed: they would lead to an address that nobody judged. Nothing of an answer is read but its status and
//! `Retry-After`.

use std::time::Duration;

use base64ct::{Base64, Base64UrlUnpadded, Encoding};
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use upcue_engine::hook::{Answer, Endpoint, MAX_BODY, check, iso8601};
use upcue_engine::time::{DurationMs, Millis, SECOND};
use upcue_engine::wire;
use worker::{AbortController, Delay, Env, Fetch, Headers, Request, Response, web_sys};

use crate::auth::sha256;
use crate::hook_events::Event;
use crate::host;
use crate::problem::{ApiError, ApiResult, Code};

/// Whether the machine that Upcue runs on may be called.
pub(crate) const OWN_MACHINE: bool = cfg!(feature = "dev-tools");
/// How long an endpoint may take to answer.
const TIMEOUT: Duration = Duration::from_secs(15);
/// The binding of a network that deliveries leave by, where the Worker's own is not to be used: self-hosted, one that reaches public
/// addresses only.
const NETWORK: &str = "HOOKS";
/// What a secret begins with, and a message's name.
const SECRET: &str = "whsec_";
const MESSAGE: &str = "msg_";

/// A secret as people copy it.
pub(crate) fn secret(key: &[u8; 32]) -> String {
    format!("{SECRET}{}", Base64::encode_string(key))
}

/// The name of the message that tells of an event: the same whenever it is made, and however often the fact comes in.
pub(crate) fn name_of(app: &str, event: &Event) -> String {
    let parts = ((app.to_owned(), event.tenant.clone()), (event.number, event.at));
    let hash = sha256(&wire::encode(&parts));
    format!("{MESSAGE}{}", Base64UrlUnpadded::encode_string(hash.get(..15).unwrap_or_default()))
}

/// The name of a message that no fact of a tenant has caused.
pub(crate) fn new_name() -> ApiResult<String> {
    Ok(format!("{MESSAGE}{}", host::name()?))
}

/// What is sent of an event.
pub(crate) fn body(event: &Event) -> String {
    let Event { kind, tenant, number, at, data } = event;
    let write = |data: &Value| json!({"type": kind, "timestamp": iso8601(*at), "data": data}).to_string();
    let mut data = data.clone();
    if let Some(fields) = data.as_object_mut().filter(|_| !tenant.is_empty()) {
        fields.insert("tenant".to_owned(), json!(tenant));
        fields.insert("seq".to_owned(), json!(number));
    }
    let body = write(&data);
    if body.len() <= MAX_BODY { body } else { write(&json!({"tenant": tenant, "seq": number, "truncated": true})) }
}

/// The header that signs a message: a signature for each key.
pub(crate) fn sign<'k>(keys: impl Iterator<Item = &'k [u8; 32]>, id: &str, timestamp: i64, body: &str) -> ApiResult<String> {
    let mut signatures = Vec::new();
    for key in keys {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(|_| ApiError::new(Code::Internal, "every length of key is a key"))?;
        for part in [id, ".", &timestamp.to_string(), ".", body] {
            mac.update(part.as_bytes());
        }
        signatures.push(format!("v1,{}", Base64::encode_string(&mac.finalize().into_bytes())));
    }
    Ok(signatures.join(" "))
}

/// Tries to deliver a message at `now`.
pub(crate) async fn send(env: &Env, endpoint: &Endpoint, id: &str, body: &str, now: Millis) -> Answer {
    let answer = match attempt(env, endpoint, id, body, now).await {
        Ok(answer) => answer,
        Err(failure) => Answer { failure, ..Answer::default() },
    };
    Answer { took: host::now().since(now).max(0), ..answer }
}

async fn attempt(env: &Env, endpoint: &Endpoint, id: &str, body: &str, now: Millis) -> Result<Answer, String> {
    check(&endpoint.url, OWN_MACHINE).map_err(|why| format!("not sent: {why}"))?;
    let controller = AbortController::default();
    let signal = controller.signal();
    let request = request(endpoint, id, body, now, &signal).map_err(|error| format!("not sent: {}", error.detail()))?;
    let call = async {
        let response = match env.service(NETWORK) {
            Ok(network) => network.fetch_request(request).await?,
            Err(_) => Fetch::Request(request).send().await?,
        };
        read(response, now)
    };
    let timeout = Delay::from(TIMEOUT);
    futures_util::pin_mut!(call, timeout);
    match futures_util::future::select(call, timeout).await {
        // What the platform says would tell about the network around us.
        futures_util::future::Either::Left((answer, _)) => answer.map_err(|_| "could not be reached".to_owned()),
        futures_util::future::Either::Right(_) => {
            controller.abort();
            Err(format!("no answer within {} s", TIMEOUT.as_secs()))
        }
    }
}

fn request(endpoint: &Endpoint, id: &str, body: &str, now: Millis, signal: &web_sys::AbortSignal) -> ApiResult<Request> {
    let timestamp = now.0.div_euclid(SECOND);
    let headers = Headers::new();
    headers.set("content-type", "application/json")?;
    headers.set("user-agent", concat!("upcue/", env!("CARGO_PKG_VERSION")))?;
    headers.set("webhook-id", id)?;
    headers.set("webhook-timestamp", &timestamp.to_string())?;
    headers.set("webhook-signature", &sign(endpoint.keys(now), id, timestamp, body)?)?;
    let init = web_sys::RequestInit::new();
    init.set_method("POST");
    init.set_headers(&headers.0);
    init.set_body(&body.into());
    init.set_redirect(web_sys::RequestRedirect::Manual);
    init.set_signal(Some(signal));
    crate::rpc::request(&endpoint.url, &init)
}

fn read(response: Response, now: Millis) -> worker::Result<Answer> {
    let status = response.status_code();
    let retry_after = response.headers().get("retry-after")?.and_then(|text| retry_after(&text, now));
    if let Some(body) = web_sys::Response::from(response).body() {
        let _whatever_it_was = body.cancel();
    }
    Ok(Answer { status: Some(status), retry_after, ..Answer::default() })
}

/// How long `Retry-After` asks for: seconds, or a date (RFC 9110, 10.2.3).
fn retry_after(text: &str, now: Millis) -> Option<DurationMs> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(i64::from(seconds) * SECOND);
    }
    let date = js_sys::Date::parse(text);
    #[expect(clippy::cast_possible_truncation, reason = "a date's milliseconds fit, and what is no date was left out")]
    date.is_finite().then(|| Millis(date as i64).since(now).max(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(tenant: &str, number: u64) -> Event {
        let data = json!({"signal": "api_quota_80", "score": 60});
        Event { kind: "signal.detected", tenant: tenant.to_owned(), number, at: Millis(1_735_689_599_007), data }
    }

    /// The vector of the standard's own libraries, with a key of our length in the second place.
    #[test]
    fn the_standards_own_example_is_signed_alike() {
        let mut key = [0; 32];
        let given = Base64::decode_vec("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("base64");
        key[..given.len()].copy_from_slice(&given); // HMAC fills a shorter key up with zeros
        let signature = sign([&key, &[7; 32]].into_iter(), "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        let signature = signature.expect("signed");
        let (first, second) = signature.split_once(' ').expect("two");
        assert_eq!(first, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert!(second.starts_with("v1,") && second != first);
    }

    #[test]
    fn a_message_has_one_name_for_each_fact() {
        let name = name_of("demo", &event("acme", 3));
        assert_eq!(name, name_of("demo", &event("acme", 3)));
        assert!(name.len() == 24 && name.starts_with("msg_"));
        for other in [name_of("demo", &event("acme", 4)), name_of("demo", &event("acm", 3)), name_of("other", &event("acme", 3))] {
            assert_ne!(name, other);
        }
        assert_ne!(name, name_of("demo", &Event { at: Millis(0), ..event("acme", 3) }), "numbers begin anew when a tenant is erased");
    }

    #[test]
    fn a_body_says_type_time_and_whom_it_is_about() {
        let body = body(&event("acme", 3));
        let expected = json!({
            "type": "signal.detected", "timestamp": "2024-12-31T23:59:59.007Z",
            "data": {"tenant": "acme", "seq": 3, "signal": "api_quota_80", "score": 60},
        });
        assert_eq!(serde_json::from_str::<Value>(&body).ok(), Some(expected));
    }

    #[test]
    fn a_body_that_is_too_long_says_so_instead() {
        let long = Event { data: json!({"plan": "x".repeat(MAX_BODY)}), ..event("acme", 3) };
        let body: Value = serde_json::from_str(&body(&long)).expect("JSON");
        assert_eq!(body["data"], json!({"tenant": "acme", "seq": 3, "truncated": true}));
    }

    #[test]
    fn a_secret_is_written_as_the_standard_has_it() {
        assert_eq!(secret(&[0; 32]), "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    }
}
