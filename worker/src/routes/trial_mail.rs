//! `POST /v1/apps/{app}/email/test`: whether the mail provider that an app is set up with takes mail.

use serde::Deserialize;
use serde_json::{Value, json};
use worker::{Env, Request, Response};

use super::segment;
use crate::auth;
use crate::host;
use crate::http::{self, read};
use crate::mail::{self, Delivery, Mail, Mailbox};
use crate::problem::ApiResult;

/// The largest body, in bytes.
const MAX_BODY: usize = 4 * 1024;

/// Who writes to whom.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Trial {
    from: RawMailbox,
    to: RawMailbox,
}

/// Somebody who writes or is written to.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMailbox {
    address: String,
    name: Option<String>,
}

impl From<RawMailbox> for Mailbox {
    fn from(raw: RawMailbox) -> Self {
        Self { address: raw.address, name: raw.name }
    }
}

pub(super) async fn post(req: &mut Request, env: &Env, path: &str) -> ApiResult<Response> {
    auth::operator(req, env)?;
    let app = auth::head(env, &segment(path, 3)?).await?;
    let Trial { from, to } = http::json(&read(req, MAX_BODY).await?)?;
    let key = host::name()?;
    let mail = Mail {
        key: &key,
        from: from.into(),
        reply_to: None,
        to: to.into(),
        subject: "Upcue can send mail",
        html: "<p>This is a test: the mail provider of your app took this mail from Upcue.</p>",
        text: "This is a test: the mail provider of your app took this mail from Upcue.\n",
        headers: Vec::new(),
    };
    let delivery = mail::send(env, &app.email, &mail).await;
    let mut told = told(&delivery);
    if let Some(fields) = told.as_object_mut() {
        fields.insert("provider".to_owned(), json!(app.email.name()));
        fields.insert("idempotent".to_owned(), json!(app.email.is_idempotent()));
    }
    http::answer(200, &told)
}

/// What became of it, in words.
pub(super) fn told(delivery: &Delivery) -> Value {
    match delivery {
        Delivery::Sent { id } => json!({"state": "sent", "id": id}),
        Delivery::Later { detail, wait } => json!({"state": "later", "detail": detail, "wait_ms": wait}),
        Delivery::Unknown { detail } => json!({"state": "unknown", "detail": detail}),
        Delivery::Refused { detail, address } => json!({"state": "refused", "detail": detail, "address": address}),
    }
}
