//! A request as it came in.

use std::collections::BTreeMap;

use axum::{
    body::to_bytes,
    extract::Request,
    http::{HeaderMap, header::AUTHORIZATION},
};

use crate::{
    auth, clock,
    error::ApiError,
    form::{Form, decode_into},
    ids, json_body,
    request_log::Entry,
};

/// Far above any form that Stripe accepts.
const MAX_BODY: usize = 1 << 20;

#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) id: String,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) form: Form,
    pub(crate) headers: HeaderMap,
}

impl Incoming {
    /// Parameters may come in the query and in the body of any method; client libraries differ for `DELETE`.
    pub(crate) async fn read(request: Request) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        let body = to_bytes(body, MAX_BODY).await.map_err(|_| ApiError::invalid("The request body cannot be read."))?;
        let mut form = Form::new();
        decode_into(&mut form, parts.uri.query().unwrap_or_default().as_bytes())?;
        if parts.uri.path().starts_with("/v2/") {
            json_body::decode_into(&mut form, &body)?;
        } else {
            decode_into(&mut form, &body)?;
        }
        Ok(Self {
            id: ids::new_id("req"),
            method: parts.method.to_string(),
            path: parts.uri.path().to_owned(),
            form,
            headers: parts.headers,
        })
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Only `POST` takes part in idempotency; other methods are idempotent by nature.
    pub(crate) fn idempotency_key(&self) -> Option<&str> {
        self.header("idempotency-key").filter(|key| self.method == "POST" && !key.is_empty())
    }

    /// `products` of `/v1/products/prod_1`.
    pub(crate) fn collection(&self) -> &str {
        self.path.split('/').nth(2).unwrap_or_default()
    }

    pub(crate) fn changes_state(&self) -> bool {
        self.method != "GET"
    }

    pub(crate) fn log_entry(&self) -> Entry {
        let plain = self.headers.iter().filter(|(name, _)| *name != AUTHORIZATION);
        let mut headers: BTreeMap<String, String> =
            plain.filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned()))).collect();
        headers.extend(auth::masked_credentials(&self.headers).map(|shown| (AUTHORIZATION.to_string(), shown)));
        Entry {
            id: self.id.clone(),
            method: self.method.clone(),
            path: self.path.clone(),
            form: self.form.clone(),
            headers,
            at: clock::now(),
            status: None,
        }
    }
}
