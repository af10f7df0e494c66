//! Stripe's API, as much of it as is asked. The base URL is a variable, so that the sandbox in this repository can stand in.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::time::Duration;
use upcue_engine::catalogue::{Price, Product};
use upcue_engine::map::Map;
use upcue_engine::subscription::{RawSubscription, Reference, Subscription};
use worker::{AbortController, Delay, Env, Fetch, Headers, Request, web_sys};

use super::event::TENANT_KEY;
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

#[derive(Deserialize)]
struct List<T> {
    data: Vec<T>,
    #[serde(default)]
    has_more: bool,
}

#[derive(Deserialize)]
struct RawProduct {
    id: String,
    name: Option<String>,
    metadata: Option<Map<String>>,
}

#[derive(Deserialize)]
struct RawPrice {
    id: String,
    product: Option<Reference>,
}

#[derive(Deserialize)]
struct RawCustomer {
    metadata: Option<Map<String>>,
}

#[derive(Deserialize)]
struct Failure {
    error: FailureBody,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct FailureBody {
    code: Option<String>,
    message: Option<String>,
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
        let raw: Option<RawCustomer> = self.get(&format!("/v1/customers/{}", escape(customer))).await?;
        Ok(raw.and_then(|c| c.metadata).and_then(|mut m| m.remove(TENANT_KEY)))
    }

    /// The ids of a customer's subscriptions, ended ones included.
    pub(crate) async fn subscriptions_of(&self, customer: &str) -> ApiResult<Vec<String>> {
        let path = format!("/v1/subscriptions?status=all&customer={}", escape(customer));
        let all: Vec<RawSubscription> = self.all(&path, |s: &RawSubscription| s.id.clone().unwrap_or_default()).await?;
        Ok(all.into_iter().filter_map(|s| s.id).collect())
    }

    /// All products, archived ones included: old subscribers still hold them.
    pub(crate) async fn products(&self) -> ApiResult<Vec<Product>> {
        let raw: Vec<RawProduct> = self.all("/v1/products?", |p: &RawProduct| p.id.clone()).await?;
        let product = |p: RawProduct| Product { id: p.id, name: p.name.unwrap_or_default(), metadata: p.metadata.unwrap_or_default() };
        Ok(raw.into_iter().map(product).collect())
    }

    /// All prices, archived ones included.
    pub(crate) async fn prices(&self) -> ApiResult<Vec<Price>> {
        let raw: Vec<RawPrice> = self.all("/v1/prices?", |p: &RawPrice| p.id.clone()).await?;
        let price = |p: RawPrice| Price { id: p.id, product: p.product.map(|r| r.id().to_owned()).unwrap_or_default() };
        Ok(raw.into_iter().map(price).collect())
    }

    async fn all<T: DeserializeOwned>(&self, path: &str, id: impl Fn(&T) -> String) -> ApiResult<Vec<T>> {
        let mut all: Vec<T> = Vec::new();
        for _ in 0..MAX_PAGES {
            let after = all.last().map(|last| format!("&starting_after={}", escape(&id(last)))).unwrap_or_default();
            let Some(page) = self.get::<List<T>>(&format!("{path}&limit=100{after}")).await? else { break };
            let done = !page.has_more || page.data.is_empty();
            all.extend(page.data);
            if done {
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
    let failure = serde_json::from_slice::<Failure>(bytes).map(|f| f.error).unwrap_or_default();
    let code = if status == 429 || status >= 500 { Code::StripeUnavailable } else { Code::StripeRefused };
    let words = failure.message.or(failure.code).unwrap_or_default();
    ApiError::new(code, format!("Stripe answered {status} to {}: {words}", shape(path)))
}

/// A path without what identifies anybody, for messages.
fn shape(path: &str) -> String {
    path.split('?').next().unwrap_or("").split('/').take(3).collect::<Vec<_>>().join("/")
}

fn escape(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
