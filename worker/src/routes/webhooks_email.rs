//! `POST /webhooks/email/{app}/{provider}`: a mail provider reports what became of mails.

use serde_json::{Value, json};
use worker::{Env, Request, Response};

use super::segment;
use crate::auth;
use crate::host;
use crate::http::{self, read};
use crate::mail::webhook::{Signed, verify};
use crate::mail::{MailAccess, resend_report};
use crate::problem::{ApiError, ApiResult, Code};
use crate::rpc::{AppCall, app_object};

/// The largest report, in bytes. Resend's are of a few kilobytes.
const MAX_BODY: usize = 256 * 1024;

/// The app comes from the path, never from the body. The signature is checked over the bytes as they came, and only then is
/// anything parsed. The app's object has stored what it means before it is acknowledged; events of no meaning here are
/// acknowledged as well, as they would come again otherwise.
pub(super) async fn post(req: &mut Request, env: &Env, path: &str) -> ApiResult<Response> {
    let (id, provider) = (segment(path, 3)?, segment(path, 4)?);
    if provider != "resend" {
        return Err(ApiError::new(Code::NotFound, "of the mail providers only resend reports by webhook; the path ends with /resend"));
    }
    let app = auth::head(env, &id).await?;
    let secrets = match &app.email {
        MailAccess::Resend { webhook_secrets, .. } => webhook_secrets.as_slice(),
        _ => &[],
    };
    let signed = signed(req)?;
    let body = read(req, MAX_BODY).await?;
    let delivery = verify(&body, &signed, secrets, host::now())?;
    let event: Value = http::json(&body)?;
    let report = resend_report(delivery, &event);
    let suppresses = report.as_ref().is_some_and(|report| report.what.ends_the_address());
    if let Some(report) = report {
        app_object(env, &id)?.call::<()>(&AppCall::MailReports(vec![report])).await?;
    }
    http::answer(200, &json!({"received": true, "suppresses": suppresses}))
}

/// The headers that sign a delivery, under Svix's names or the standard's.
fn signed(req: &Request) -> ApiResult<Signed> {
    let headers = req.headers();
    let get = |name: &str| -> ApiResult<Option<String>> {
        Ok(match headers.get(&format!("svix-{name}"))? {
            Some(value) => Some(value),
            None => headers.get(&format!("webhook-{name}"))?,
        })
    };
    Ok(Signed { id: get("id")?, timestamp: get("timestamp")?, signature: get("signature")? })
}
