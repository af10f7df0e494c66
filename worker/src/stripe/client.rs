//! Requests to Stripe's API and their answers. The base URL is a variable, so that the sandbox in this repository can stand in.

use std::time::Duration;

use serde_json::Value;
use upcue_engine::time::DurationMs;
use upcue_engine::upgrade::gateway::{Answer, Verdict, verdict, wait_before};
use worker::{AbortController, Delay, Env, Fetch, Headers, Request, Response, web_sys};

use super::event::text_at;
use crate::host;
use crate::problem::{ApiError, ApiResult, Code};

/// The version whose shapes are asked for; others are understood.
const VERSION: &str = "2026-10-28.endive";
/// How long one request may take, in milliseconds, unless `STRIPE_TIMEOUT_MS` says otherwise.
const TIMEOUT: u64 = 20_000;
/// The most pages read of one list: 10,000 objects.
const MAX_PAGES: usize = 100;

/// Fields of a form, in the order they are sent.
pub(crate) type Form = Vec<(String, String)>;

/// One Stripe account.
#[derive(Clone)]
pub(crate) struct Stripe {
    base: String,
    key: String,
    timeout: Duration,
    /// Whether somebody waits for the answer: then what fails for a moment is asked again.
    insistent: bool,
}

/// An answer of Stripe's, or that none came.
#[derive(Debug, Default)]
pub(crate) struct Reply {
    /// The HTTP status; 0 when no answer came.
    pub(crate) status: u16,
    /// The body; null when it was no JSON.
    pub(crate) body: Value,
    /// What `Stripe-Should-Retry` says.
    pub(crate) should_retry: Option<bool>,
    /// Whether it is the answer to an earlier request under the same key, told again.
    pub(crate) replayed: bool,
    /// How long it took in all, waiting included.
    pub(crate) took: DurationMs,
    /// What the platform said when no answer came.
    pub(crate) failure: String,
}

impl Stripe {
    /// The account that `key` opens.
    pub(crate) fn new(env: &Env, key: &str) -> ApiResult<Self> {
        if key.is_empty() {
            return Err(ApiError::new(Code::StripeNotConfigured, "this app has no Stripe API key yet; set `stripe.api_key`"));
        }
        let base = env.var("STRIPE_API_BASE").map_or_else(|_| "https://api.stripe.com".to_owned(), |v| v.to_string());
        let timeout = env.var("STRIPE_TIMEOUT_MS").ok().and_then(|v| v.to_string().parse().ok()).unwrap_or(TIMEOUT);
        Ok(Self { base, key: key.to_owned(), timeout: Duration::from_millis(timeout), insistent: false })
    }

    /// The same account, asked again when it fails for a moment.
    pub(crate) fn insistent(self) -> Self {
        Self { insistent: true, ..self }
    }

    /// Reads an object. `None` for 404; anything else but success is an error.
    pub(super) async fn get(&self, path: &str) -> ApiResult<Option<Value>> {
        let reply = self.send("GET", path, None, None).await?;
        match reply.status {
            404 => Ok(None),
            _ => reply.success(path).map(Some),
        }
    }

    /// All pages of a list.
    pub(super) async fn all(&self, path: &str) -> ApiResult<Vec<Value>> {
        let mut all: Vec<Value> = Vec::new();
        for _ in 0..MAX_PAGES {
            let last = all.last().and_then(|last| text_at(last, "/id"));
            let after = last.map(|id| format!("&starting_after={}", escape(&id))).unwrap_or_default();
            let Some(mut page) = self.get(&format!("{path}&limit=100{after}")).await? else { break };
            let Some(Value::Array(data)) = page.get_mut("data").map(Value::take) else { break };
            let more = !data.is_empty() && page.get("has_more").and_then(Value::as_bool) == Some(true);
            all.extend(data);
            if !more {
                break;
            }
        }
        Ok(all)
    }

    /// Posts a form. Under the same `key` Stripe does it once, however often it is sent; without one, however often this very
    /// call sends it.
    pub(super) async fn post(&self, path: &str, form: &Form, key: Option<&str>) -> ApiResult<Reply> {
        let own = if key.is_none() { format!("upcue-{}", host::name()?) } else { String::new() };
        self.send("POST", path, Some(form), key.or(Some(&own))).await
    }

    /// Sends a request; again, when that is worth while and harmless.
    async fn send(&self, method: &str, path: &str, form: Option<&Form>, key: Option<&str>) -> ApiResult<Reply> {
        let began = host::now();
        for sent in 1.. {
            let mut reply = self.send_once(self.request(method, path, form, key)?).await;
            reply.took = host::now().since(began);
            let luck = host::random().map_or(0, u32::from_le_bytes);
            let wait = if self.insistent && reply.verdict() == Verdict::Again { wait_before(sent, reply.should_retry, luck) } else { None };
            match wait {
                Some(ms) if reply.status != 0 || sent == 1 => Delay::from(Duration::from_millis(ms.unsigned_abs())).await,
                _ => return Ok(reply),
            }
        }
        Ok(Reply::default())
    }

    fn request(&self, method: &str, path: &str, form: Option<&Form>, key: Option<&str>) -> ApiResult<Request> {
        let headers = Headers::new();
        headers.set("authorization", &format!("Bearer {}", self.key))?;
        headers.set("stripe-version", VERSION)?;
        headers.set("user-agent", concat!("upcue/", env!("CARGO_PKG_VERSION")))?;
        let init = web_sys::RequestInit::new();
        init.set_method(method);
        if let Some(form) = form {
            headers.set("content-type", "application/x-www-form-urlencoded")?;
            let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
            init.set_body(&body.into());
        }
        if let Some(key) = key {
            headers.set("idempotency-key", key)?;
        }
        init.set_headers(&headers.0);
        crate::rpc::request(&format!("{}{path}", self.base), &init)
    }

    async fn send_once(&self, request: Request) -> Reply {
        let controller = AbortController::default();
        let signal = controller.signal();
        let call = async {
            let response = Fetch::Request(request).send_with_signal(&signal).await?;
            Reply::read(response).await
        };
        let timeout = Delay::from(self.timeout);
        futures_util::pin_mut!(call, timeout);
        match futures_util::future::select(call, timeout).await {
            futures_util::future::Either::Left((answer, _)) => answer.unwrap_or_else(|error| Reply::none(error.to_string())),
            futures_util::future::Either::Right(_) => {
                controller.abort();
                Reply::none(format!("no answer within {} ms", self.timeout.as_millis()))
            }
        }
    }
}

impl Reply {
    async fn read(mut response: Response) -> worker::Result<Self> {
        let should_retry = match response.headers().get("stripe-should-retry")?.as_deref() {
            Some("true") => Some(true),
            Some("false") => Some(false),
            _ => None,
        };
        let replayed = response.headers().get("idempotent-replayed")?.as_deref() == Some("true");
        let body = serde_json::from_slice(&response.bytes().await?).unwrap_or_default();
        Ok(Self { status: response.status_code(), body, should_retry, replayed, ..Self::default() })
    }

    fn none(failure: String) -> Self {
        Self { failure, ..Self::default() }
    }

    /// What it means for a change that was asked for.
    pub(crate) fn verdict(&self) -> Verdict {
        let at = |pointer: &str| self.body.pointer(pointer).and_then(Value::as_str).unwrap_or("");
        verdict(&Answer {
            status: self.status,
            should_retry: self.should_retry,
            code: at("/error/code"),
            decline_code: at("/error/decline_code"),
            param: at("/error/param"),
        })
    }

    /// What Stripe says went wrong, in its own words.
    pub(crate) fn words(&self) -> String {
        let words = text_at(&self.body, "/error/message").or_else(|| text_at(&self.body, "/error/code"));
        words.unwrap_or_else(|| self.failure.clone())
    }

    /// The body of a success; anything else is an error that names the `path`.
    pub(super) fn success(self, path: &str) -> ApiResult<Value> {
        let Self { status, body, failure, .. } = &self;
        match status {
            200..=299 if !body.is_null() => Ok(self.body),
            200..=299 => {
                Err(ApiError::new(Code::StripeUnavailable, format!("Stripe's answer to {} is not what it documents", shape(path))))
            }
            0 => Err(ApiError::new(Code::StripeUnavailable, format!("Stripe could not be reached: {failure}"))),
            _ => {
                let code = if *status == 409 || *status == 429 || *status >= 500 { Code::StripeUnavailable } else { Code::StripeRefused };
                Err(ApiError::new(code, format!("Stripe answered {status} to {}: {}", shape(path), self.words())))
            }
        }
    }
}

/// A path without what identifies anybody, for messages.
fn shape(path: &str) -> String {
    path.split('?').next().unwrap_or("").split('/').take(3).collect::<Vec<_>>().join("/")
}

/// A text as part of a path or query.
pub(super) fn escape(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
