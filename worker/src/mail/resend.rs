//! Resend (<https://resend.com/docs/api-reference/emails/send-email>). The base URL is a variable, so that a double can stand in.

pub(super) mod report;

use std::time::Duration;

use serde_json::{Map, Value, json};
use upcue_engine::time::{DurationMs, HOUR, SECOND};
use worker::{AbortController, Delay, Env, Fetch, Headers, Request, Response, web_sys};

use super::envelope::Envelope;
use super::provider::Provider;
use super::{Delivery, Handing, Mail, cut};
use crate::problem::ApiResult;

/// Where Resend answers, unless `RESEND_API_BASE` says otherwise.
const BASE: &str = "https://api.resend.com";
/// How long one request may take.
const TIMEOUT: Duration = Duration::from_secs(20);
/// The tag by which reports name the mail.
const TAG: &str = "upcue";

/// An account of Resend's.
pub(super) struct Resend<'a> {
    pub(super) env: &'a Env,
    pub(super) api_key: &'a str,
}

impl Provider for Resend<'_> {
    async fn deliver(&self, mail: &Mail<'_>, envelope: &Envelope, _: &Handing<'_>) -> Delivery {
        let base = self.env.var("RESEND_API_BASE").map_or_else(|_| BASE.to_owned(), |v| v.to_string());
        let request = match request(&base, self.api_key, mail, envelope) {
            Ok(request) => request,
            Err(error) => return Delivery::Later { detail: format!("no request could be made: {}", error.detail()), wait: None },
        };
        match ask(request).await {
            Ok(reply) => reply.verdict(),
            Err(why) => Delivery::Unknown { detail: format!("Resend could not be reached: {}", cut(&why)) },
        }
    }
}

fn request(base: &str, api_key: &str, mail: &Mail<'_>, envelope: &Envelope) -> ApiResult<Request> {
    let headers = Headers::new();
    headers.set("authorization", &format!("Bearer {api_key}"))?;
    headers.set("content-type", "application/json")?;
    headers.set("user-agent", concat!("upcue/", env!("CARGO_PKG_VERSION")))?;
    headers.set("idempotency-key", mail.key)?;
    let init = web_sys::RequestInit::new();
    init.set_method("POST");
    init.set_headers(&headers.0);
    init.set_body(&body(mail, envelope).to_string().into());
    crate::rpc::request(&format!("{base}/emails"), &init)
}

/// What is sent. The same mail has the same body, as Resend compares them under one key.
fn body(mail: &Mail<'_>, envelope: &Envelope) -> Value {
    let headers: Map<_, _> = mail.headers_with_ours().map(|(name, value)| (name.to_owned(), json!(value))).collect();
    let mut body = json!({
        "from": envelope.from.text(), "to": [envelope.to.text()], "subject": envelope.subject,
        "html": mail.html, "text": mail.text, "headers": headers, "tags": [{"name": TAG, "value": mail.key}],
    });
    if let (Some(party), Some(fields)) = (&envelope.reply_to, body.as_object_mut()) {
        fields.insert("reply_to".to_owned(), json!(party.text()));
    }
    body
}

/// An answer of Resend's.
#[derive(Debug, Default)]
struct Reply {
    status: u16,
    body: Value,
    /// What `Retry-After` says.
    retry_after: Option<DurationMs>,
}

async fn ask(request: Request) -> Result<Reply, String> {
    let controller = AbortController::default();
    let signal = controller.signal();
    let call = async { Reply::read(Fetch::Request(request).send_with_signal(&signal).await?).await };
    let timeout = Delay::from(TIMEOUT);
    futures_util::pin_mut!(call, timeout);
    match futures_util::future::select(call, timeout).await {
        futures_util::future::Either::Left((answer, _)) => answer.map_err(|error| error.to_string()),
        futures_util::future::Either::Right(_) => {
            controller.abort();
            Err(format!("no answer within {} s", TIMEOUT.as_secs()))
        }
    }
}

impl Reply {
    async fn read(mut response: Response) -> worker::Result<Self> {
        let seconds = response.headers().get("retry-after")?.and_then(|text| text.trim().parse::<i64>().ok());
        let retry_after = seconds.filter(|s| (0..=86_400).contains(s)).map(|s| s * SECOND);
        let body = serde_json::from_slice(&response.bytes().await?).unwrap_or_default();
        Ok(Self { status: response.status_code(), body, retry_after })
    }

    fn text(&self, field: &str) -> &str {
        self.body.get(field).and_then(Value::as_str).unwrap_or("")
    }

    /// What the answer means for the mail.
    fn verdict(&self) -> Delivery {
        let (name, message) = (self.text("name"), self.text("message"));
        let detail = format!("Resend answered {}{}: {}", self.status, Self::spaced(name), cut(message));
        match (self.status, name) {
            (200..=299, _) => Delivery::Sent { id: Some(self.text("id").to_owned()).filter(|id| !id.is_empty()) },
            // "Already been used on a request that had a different payload": facts moved on between two tries of the same letter.
            // Resend knows only keys of mails that it has taken (<https://resend.com/docs/dashboard/emails/idempotency-keys>), so
            // the letter went with the first. Its other 409, `concurrent_idempotent_requests`, is asked again below.
            (409, "invalid_idempotent_request") => Delivery::Sent { id: None },
            (429, "daily_quota_exceeded" | "monthly_quota_exceeded") => Delivery::Later { detail, wait: self.retry_after.or(Some(HOUR)) },
            // Being asked too often, or twice at once; or a key or domain that the operator can set right.
            (401 | 403 | 408 | 409 | 425 | 429 | 503, _) => Delivery::Later { detail, wait: self.retry_after },
            (400..=499, _) => Delivery::Refused { detail, address: blames_recipient(message) },
            _ => Delivery::Unknown { detail },
        }
    }

    fn spaced(name: &str) -> String {
        if name.is_empty() { String::new() } else { format!(" ({})", cut(name)) }
    }
}

/// Whether a refusal speaks of the recipient: Resend names the field between backquotes.
fn blames_recipient(message: &str) -> bool {
    message.contains("`to`")
}

#[cfg(test)]
mod tests {
    use super::super::Mailbox;
    use super::super::envelope::tests::mail;
    use super::*;

    #[test]
    fn the_body_is_what_resend_documents() {
        let reply_to = Some(Mailbox { address: "support@nimbus.example".to_owned(), name: None });
        let mail = Mail { reply_to, ..mail("ada@acme.example", Some("Byron, Ada"), "Hello") };
        let envelope = Envelope::check(&mail, &|_| None).expect("a good mail");
        let expected = json!({
            "from": "Nimbus <hello@nimbus.example>", "to": ["\"Byron, Ada\" <ada@acme.example>"], "reply_to": "support@nimbus.example",
            "subject": "Hello", "html": "<p>Hello</p>", "text": "Hello",
            "headers": {"List-Unsubscribe": "<https://nimbus.example/u/abc>", "Auto-Submitted": "auto-generated"},
            "tags": [{"name": "upcue", "value": "letter-1"}],
        });
        assert_eq!(body(&mail, &envelope), expected);
    }

    #[test]
    fn every_answer_has_its_meaning() {
        let kind = |delivery: &Delivery| match delivery {
            Delivery::Sent { id } => format!("sent {}", id.as_deref().unwrap_or("-")),
            Delivery::Later { wait, .. } => format!("later {wait:?}"),
            Delivery::Unknown { .. } => "unknown".to_owned(),
            Delivery::Refused { address, .. } => format!("refused {address}"),
        };
        for (status, name, message, after, expected) in [
            (400, "validation_error", "Invalid `to` field. The email address needs to follow the format.", None, "refused true"),
            (422, "validation_error", "Invalid `from` field.", None, "refused false"),
            (422, "missing_required_field", "Missing `subject` field.", None, "refused false"),
            (400, "invalid_idempotency_key", "", None, "refused false"),
            (401, "missing_api_key", "", None, "later None"),
            (403, "invalid_api_key", "API key is invalid", None, "later None"),
            (403, "validation_error", "The nimbus.example domain is not verified.", None, "later None"),
            (409, "concurrent_idempotent_requests", "", None, "later None"),
            (409, "invalid_idempotent_request", "", None, "sent -"),
            (429, "rate_limit_exceeded", "", Some(2 * SECOND), "later Some(2000)"),
            (429, "daily_quota_exceeded", "", None, "later Some(3600000)"),
            (429, "daily_quota_exceeded", "", Some(60 * SECOND), "later Some(60000)"),
            (451, "security_error", "", None, "refused false"),
            (500, "application_error", "", None, "unknown"),
            (503, "", "", None, "later None"),
            (302, "", "", None, "unknown"),
        ] {
            let reply = Reply { status, body: json!({"statusCode": status, "name": name, "message": message}), retry_after: after };
            assert_eq!(kind(&reply.verdict()), expected, "{status} {name}");
        }
        let taken = Reply { status: 200, body: json!({"id": "49a3999c"}), ..Reply::default() };
        assert_eq!(kind(&taken.verdict()), "sent 49a3999c");
        assert_eq!(kind(&Reply { status: 502, body: Value::Null, retry_after: None }.verdict()), "unknown");
    }
}
