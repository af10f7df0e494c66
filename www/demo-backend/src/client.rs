//! Calls to the Worker and to Stripe.

use std::time::Duration;

use axum::body::Bytes;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, LOCATION};
use axum::http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::{Client as HttpClient, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

use crate::error::Problem;

const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Clone, Debug)]
pub(crate) struct Client {
    http: HttpClient<HttpConnector, Full<Bytes>>,
}

/// What came back, whether it was what was asked for or not.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// Where it leads on to.
    pub(crate) location: Option<String>,
    pub(crate) body: Value,
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

    pub(crate) async fn put_json(&self, address: &str, key: &str, body: &Value) -> Result<Value, Problem> {
        self.call(Method::PUT, address, key, Some(("application/json", body.to_string()))).await
    }

    /// What a browser does with a link: nobody's key, and whatever comes of it.
    pub(crate) async fn follow(&self, address: &str) -> Result<Answer, Problem> {
        let request = Request::get(address).body(Full::new(Bytes::new()));
        self.wait(address, request.map_err(|error| Problem::upstream(format!("{address}: {error}")))?).await
    }

    /// Asks for something that may well be refused; asked again with the same `name`, it is done once.
    pub(crate) async fn try_post(&self, address: &str, key: &str, name: &str, body: &Value) -> Result<Answer, Problem> {
        let request = Request::post(address)
            .header(AUTHORIZATION, format!("Bearer {key}"))
            .header(CONTENT_TYPE, "application/json")
            .header("idempotency-key", name)
            .body(Full::new(body.to_string().into()));
        self.wait(address, request.map_err(|error| Problem::upstream(format!("{address}: {error}")))?).await
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
        let Answer { status, body, .. } = self.wait(address, request).await?;
        if status.is_success() && body.is_null() {
            return Err(Problem::upstream(format!("{address} answered {} without JSON", status.as_u16())));
        }
        if status.is_success() { Ok(body) } else { Err(Problem::upstream(format!("{address}: {}", refusal(status, &body)))) }
    }

    async fn wait(&self, address: &str, request: Request<Full<Bytes>>) -> Result<Answer, Problem> {
        match tokio::time::timeout(PATIENCE, self.exchange(request)).await {
            Ok(answer) => answer.map_err(|error| Problem::upstream(format!("{address}: {error:#}"))),
            Err(_) => Err(Problem::upstream(format!("{address} did not answer in time"))),
        }
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> anyhow::Result<Answer> {
        let answer = self.http.request(request).await?;
        let status = answer.status();
        let location = answer.headers().get(LOCATION).and_then(|location| Some(location.to_str().ok()?.to_owned()));
        let body = answer.into_body().collect().await?.to_bytes();
        Ok(Answer { status, location, body: serde_json::from_slice(&body).unwrap_or_default() })
    }
}

/// What the other side says about it: Stripe in `error.message`, Upcue in `detail`.
pub(crate) fn refusal(status: StatusCode, body: &Value) -> String {
    let words = body["error"]["message"].as_str().or_else(|| body["detail"].as_str()).unwrap_or("no reason given");
    format!("{} ({words})", status.as_u16())
}
