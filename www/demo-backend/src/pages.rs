//! The built pages, with headers that leave a page nothing but its own scripts and the Worker to talk to.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use axum::extract::State;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::Response;
use tower_http::services::ServeDir;

const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

/// Files below `directory`, and nothing above it.
pub(crate) fn service(directory: &Path) -> ServeDir {
    ServeDir::new(directory).append_index_html_on_directories(true)
}

/// What a page may load.
#[derive(Debug)]
pub(crate) struct Policy(HeaderValue);

impl Policy {
    pub(crate) fn new(worker: &str) -> anyhow::Result<Self> {
        let worker = worker.trim_end_matches('/');
        let socket = worker.replacen("http", "ws", 1);
        let policy = format!(
            "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; \
             connect-src 'self' {worker} {socket}; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; \
             require-trusted-types-for 'script'"
        );
        Ok(Self(HeaderValue::from_str(&policy).context("--worker is no address")?))
    }
}

pub(crate) async fn secure(State(policy): State<Arc<Policy>>, mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(OPENER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(PERMISSIONS_POLICY, HeaderValue::from_static("camera=(), geolocation=(), microphone=(), payment=()"));
    headers.insert(CONTENT_SECURITY_POLICY, policy.0.clone());
    // A rebuilt page is there at the next reload; answers of the API are never stored.
    let is_json = headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().ends_with(b"json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(if is_json { "no-store" } else { "no-cache" }));
    response
}
