//! Calls to the Worker and to Stripe.

use std::time::Duration;

use axum::body::Bytes;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::{Client as HttpClient, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

use crate::error::Problem;

const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Clone, Debug)]
pub(crate) struct Client {
    http: HttpClient<HttpConnector, Full<Bytes>>,
}

impl Client {
    pub(crate) fn new() -> Self {
        Self { http: HttpClient::builder(TokioExecutor::new()).build_http() }
    }

    pub(crate) async fn get(&self, address: &str, key: &str) -> Result<Value, Problem> {
        self.call(Method::GET, address, key, None).await
    }

    pub(crate) async fn post_json(&self, address: &str, key: &str, body: &Value) -> Result<Value, Problem> {
        self.call(Method::POST, address, key, Some(("application/json", body.to_string()))).await
    }

    pub(crate) async fn post_form(&self, address: &str, key: &str, fields: &[(&str, &str)]) -> Result<Value, Problem> {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.call(Method::POST, address, key, Some(("application/x-www-form-urlencoded", form))).await
    }

    pub(crate) async fn delete(&self, address: &str, key: &str) -> Result<Value, Problem> {
        self.call(Method::DELETE, address, key, None).await
    }

    async fn call(&self, method: Method, address: &str, key: &str, body: Option<(&str, String)>) -> Result<Value, Problem> {
        let mut request = Request::builder().method(method).uri(address).header(AUTHORIZATION, format!("Bearer {key}"));
        if let Some((content_type, _)) = &body {
            request = request.header(CONTENT_TYPE, *content_type);
        }
        let body = body.map_or_else(Bytes::new, |(_, text)| text.into());
        let request = request.body(Full::new(body)).map_err(|error| Problem::upstream(format!("{address}: {error}")))?;
        match tokio::time::timeout(PATIENCE, self.exchange(request)).await {
            Ok(answer) => answer.map_err(|error| Problem::upstream(format!("{address}: {error}"))),
            Err(_) => Err(Problem::upstream(format!("{address} did not answer in time"))),
        }
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> anyhow::Result<Value> {
        let answer = self.http.request(request).await?;
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        anyhow::ensure!(status.is_success(), "{}", refusal(status, &body));
        Ok(serde_json::from_slice(&body)?)
    }
}

/// What the other side says about it: Stripe in `error.message`, Upcue in `detail`.
fn refusal(status: StatusCode, body: &[u8]) -> String {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let words = body["error"]["message"].as_str().or_else(|| body["detail"].as_str()).unwrap_or("no reason given");
    format!("{} ({words})", status.as_u16())
}
