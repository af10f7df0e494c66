//! A small HTTP client for services on this machine.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use ureq::Agent;
use ureq::http::Request;

const TIMEOUT: Duration = Duration::from_secs(30);

/// One service and the key it knows us by.
#[derive(Debug)]
pub(crate) struct Api {
    agent: Agent,
    base: String,
    key: String,
}

#[derive(Debug, Clone)]
pub(crate) struct Answer {
    request: String,
    pub(crate) status: u16,
    pub(crate) etag: Option<String>,
    /// The JSON body; a JSON string when it was something else.
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn expect_success(self, remedy: &str) -> Result<Self> {
        if !(200..300).contains(&self.status) {
            bail!("{} answered {}: {}\n  {remedy}", self.request, self.status, self.body);
        }
        Ok(self)
    }
}

impl Api {
    pub(crate) fn new(base: String, key: &str) -> Self {
        let config = Agent::config_builder().timeout_global(Some(TIMEOUT)).http_status_as_error(false).build();
        Self { agent: config.into(), base, key: key.to_owned() }
    }

    pub(crate) fn get(&self, path: &str) -> Result<Answer> {
        self.send("GET", path, None, &[])
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        self.json("POST", path, body, &[])
    }

    pub(crate) fn patch(&self, path: &str, body: &Value) -> Result<Answer> {
        self.json("PATCH", path, body, &[])
    }

    pub(crate) fn put(&self, path: &str, body: &Value, headers: &[(&str, &str)]) -> Result<Answer> {
        self.json("PUT", path, body, headers)
    }

    /// POSTs a form, as Stripe's API takes it.
    pub(crate) fn form(&self, path: &str, fields: &[(&str, &str)]) -> Result<Answer> {
        let pairs: Vec<String> = fields.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
        self.send("POST", path, Some(("application/x-www-form-urlencoded", pairs.join("&"))), &[])
    }

    fn json(&self, method: &str, path: &str, body: &Value, headers: &[(&str, &str)]) -> Result<Answer> {
        self.send(method, path, Some(("application/json", body.to_string())), headers)
    }

    fn send(&self, method: &str, path: &str, body: Option<(&str, String)>, headers: &[(&str, &str)]) -> Result<Answer> {
        let url = format!("{}{path}", self.base);
        let mut request = Request::builder().method(method).uri(&url);
        request = request.header("Authorization", format!("Bearer {}", self.key));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = match body {
            Some((kind, body)) => self.agent.run(request.header("Content-Type", kind).body(body)?),
            None => self.agent.run(request.body(())?),
        };
        let mut response = response.with_context(|| format!("{method} {url} got no answer"))?;
        let body = response.body_mut().read_to_string().with_context(|| format!("{method} {url} broke off"))?;
        let etag = response.headers().get("etag").and_then(|etag| etag.to_str().ok()).map(str::to_owned);
        Ok(Answer {
            request: format!("{method} {url}"),
            status: response.status().as_u16(),
            etag,
            body: serde_json::from_str(&body).unwrap_or(Value::String(body)),
        })
    }
}

/// Percent-encodes all but unreserved characters.
fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.extend(['%', hex_digit(byte >> 4), hex_digit(byte & 15)]);
        }
    }
    encoded
}

fn hex_digit(value: u8) -> char {
    char::from_digit(value.into(), 16).unwrap_or('0').to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use super::encoded;

    #[test]
    fn form_fields_are_percent_encoded() {
        assert_eq!(encoded("metadata[a b]"), "metadata%5Ba%20b%5D");
        assert_eq!(encoded("é+&="), "%C3%A9%2B%26%3D");
    }
}
