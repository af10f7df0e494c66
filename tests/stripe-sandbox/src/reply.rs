//! An answer of the API: JSON and the headers that Stripe's client libraries read.

use axum::{
    Json,
    body::{Body, Bytes},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header::WWW_AUTHENTICATE},
    response::{IntoResponse, Response},
};
use http_body_util::{Full, Limited};
use serde_json::{Map, Value};

use crate::{error::ApiError, idempotency::Replay, incoming::Incoming, version::DEFAULT_VERSION};

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    body: Value,
    headers: HeaderMap,
}

impl Reply {
    pub(crate) fn new(status: StatusCode, body: Value) -> Self {
        Self { status, body, headers: HeaderMap::new() }
    }

    pub(crate) fn error(error: &ApiError) -> Self {
        let mut reply = Self::new(error.status, error.body());
        if error.status == StatusCode::UNAUTHORIZED {
            reply.headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"Stripe\""));
        }
        reply
    }

    pub(crate) fn replayed(replay: Replay) -> Self {
        let mut reply = Self::new(replay.status, replay.body);
        reply.add("idempotent-replayed", "true");
        reply.add("original-request", &replay.original_request);
        reply
    }

    /// Of a call whose answer never gets out.
    pub(crate) fn lost() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, Value::Null)
    }

    /// Ends the connection without an answer: a body that fails at once, before anything has been sent.
    pub(crate) fn reset() -> Response {
        Response::new(Body::new(Limited::new(Full::new(Bytes::from_static(b"more than allowed")), 1)))
    }

    fn add(&mut self, name: &str, value: &str) {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            self.headers.insert(name, value);
        }
    }

    pub(crate) fn add_headers(&mut self, headers: &Map<String, Value>) {
        for (name, value) in headers {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            self.add(name, &text);
        }
    }

    /// Adds what every answer says about its request.
    pub(crate) fn describe(&mut self, incoming: &Incoming) {
        self.add("request-id", &incoming.id);
        self.add("stripe-version", incoming.header("stripe-version").unwrap_or(DEFAULT_VERSION));
        if let Some(key) = incoming.idempotency_key() {
            self.add("idempotency-key", key);
        }
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        (self.status, self.headers, Json(self.body)).into_response()
    }
}
