//! Stripe's API, as much of it as is asked. The base URL is a variable, so that the sandbox in this repository can stand in.

use serde::de::DeserializeOwned;
use serde_json::Value;
use std::time::Duration;
use upcue_engine::catalogue::{Price, Product};
use upcue_engine::subscription::{RawSubscription, Subscription};
use worker::{AbortController, Delay, Env, Fetch, Headers, Request, web_sys};

use super::event::{TENANT_KEY, id_at, text_at};
use crate::problem::{ApiError, ApiResult, Code};

/// The version whose shapes are asked for; others are understood.
const VERSION: &str = "2026-10-28.endive";
/// How long one call may take.
const TIMEOUT: Duration = Duration::from_secs(20);
/// The most pages read of one list: 10,000 objects.
const MAX_PAGES: usize = 100;

/// One Stripe account.
pub(crate) struct Stripe {
    base: String,
    key: String,
}

impl Stripe {
    /// The account that `key` opens.
    pub(crate) fn new(env: &Env, key: &str) -> ApiResult<Self> {
        if key.is_empty() {
            return Err(ApiError::new(Code::StripeNotConfigured, "this app has no Stripe API key yet; set `stripe.api_key`"));
        }
        let base = env.var("STRIPE_API_BASE").map_or_else(|_| "https://api.stripe.com".to_owned(), |v| v.to_string());
        Ok(Self { base, key: key.to_owned() })
    }

    /// A subscription as it is now; `None` when Stripe has none of this id or it is not readable as one.
    pub(crate) async fn subscription(&self, id: &str) -> ApiResult<Option<Subscription>> {
        let raw: Option<RawSubscription> = self.get(&format!("/v1/subscriptions/{}", escape(id))).await?;
        Ok(raw.and_then(|raw| raw.read()))
    }

    /// The tenant that a customer's metadata names.
    pub(crate) async fn tenant_of(&self, customer: &str) -> ApiResult<Option<String>> {
        let customer: Option<Value> = self.get(&format!("/v1/customers/{}", escape(customer))).await?;
        Ok(customer.and_then(|c| text_at(&c, &format!("/metadata/{TENANT_KEY}"))))
    }

    /// The ids of a customer's subscriptions, ended ones included.
    pub(crate) async fn subscriptions_of(&self, customer: &str) -> ApiResult<Vec<String>> {
        let all = self.all(&format!("/v1/subscriptions?status=all&customer={}", escape(customer))).await?;
        Ok(all.iter().filter_map(|s| text_at(s, "/id")).collect())
    }

    /// All products, archived ones included: old subscribers still hold them.
    pub(crate) async fn products(&self) -> ApiResult<Vec<Product>> {
        let all = self.all("/v1/products?").await?;
        let product = |p: &Value| {
            let metadata = p.get("metadata").and_then(Value::as_object).into_iter().flatten();
            let metadata = metadata.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect();
            Some(Product { id: text_at(p, "/id")?, name: text_at(p, "/name").unwrap_or_default(), metadata })
        };
        Ok(all.iter().filter_map(product).collect())
    }

    /// All prices, archived ones included.
    pub(crate) async fn prices(&self) -> ApiResult<Vec<Price>> {
        let all = self.all("/v1/prices?").await?;
        let price = |p: &Value| Some(Price { id: text_at(p, "/id")?, product: id_at(p, "/product").unwrap_or_default() });
        Ok(all.iter().filter_map(price).collect())
    }

    /// All pages of a list.
    async fn all(&self, path: &str) -> ApiResult<Vec<Value>> {
        let mut all: Vec<Value> = Vec::new();
        for _ in 0..MAX_PAGES {
            let last = all.last().and_then(|last| text_at(last, "/id"));
            let after = last.map(|id| format!("&starting_after={}", escape(&id))).unwrap_or_default();
            let Some(mut page) = self.get::<Value>(&format!("{path}&limit=100{after}")).await? else { break };
            let Some(Value::Array(data)) = page.get_mut("data").map(Value::take) else { break };
            let more = !data.is_empty() && page.get("has_more").and_then(Value::as_bool) == Some(true);
            all.extend(data);
            if !more {
                break;
            }
        }
        Ok(all)
    }

    /// `None` for 404; anything else but success is an error.
    async fn get<T: DeserializeOwned>(&self, path: &str) -> ApiResult<Option<T>> {
        let headers = Headers::new();
        headers.set("authorization", &format!("Bearer {}", self.key))?;
        headers.set("stripe-version", VERSION)?;
        let init = web_sys::RequestInit::new();
        init.set_headers(&headers.0);
        let request = crate::rpc::request(&format!("{}{path}", self.base), &init)?;
        let (status, bytes) = fetch(request).await?;
        match status {
            200..=299 => serde_json::from_slice(&bytes).map(Some).map_err(|error| {
                ApiError::new(Code::StripeUnavailable, format!("Stripe's answer to {} is not what it documents: {error}", shape(path)))
            }),
            404 => Ok(None),
            _ => Err(refusal(status, path, &bytes)),
        }
    }
}

async fn fetch(request: Request) -> ApiResult<(u16, Vec<u8>)> {
    let controller = AbortController::default();
    let signal = controller.signal();
    let call = async {
        let mut response = Fetch::Request(request).send_with_signal(&signal).await?;
        Ok::<_, worker::Error>((response.status_code(), response.bytes().await?))
    };
    let timeout = Delay::from(TIMEOUT);
    futures_util::pin_mut!(call, timeout);
    match futures_util::future::select(call, timeout).await {
        futures_util::future::Either::Left((answer, _)) => {
            answer.map_err(|error| ApiError::new(Code::StripeUnavailable, format!("Stripe could not be reached: {error}")))
        }
        futures_util::future::Either::Right(_) => {
            controller.abort();
            Err(ApiError::new(Code::StripeUnavailable, format!("Stripe did not answer within {} seconds", TIMEOUT.as_secs())))
        }
    }
}

fn refusal(status: u16, path: &str, bytes: &[u8]) -> ApiError {
    let failure: Value = serde_json::from_slice(bytes).unwrap_or_default();
    let code = if status == 429 || status >= 500 { Code::StripeUnavailable } else { Code::StripeRefused };
    let words = text_at(&failure, "/error/message").or_else(|| text_at(&failure, "/error/code")).unwrap_or_default();
    ApiError::new(code, format!("Stripe answered {status} to {}: {words}", shape(path)))
}

/// A path without what identifies anybody, for messages.
fn shape(path: &str) -> String {
    path.split('?').next().unwrap_or("").split('/').take(3).collect::<Vec<_>>().join("/")
}

fn escape(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
