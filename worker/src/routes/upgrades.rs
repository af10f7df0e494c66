//! `POST /v1/upgrades` confirms a quote; `GET /v1/upgrades/{id}` tells what came of it.

use serde::Deserialize;
use serde_json::{Value, json};
use upcue_engine::facts::Role;
use upcue_engine::hash::hash_parts;
use upcue_engine::upgrade::state::{Awaiting, Failed, State, Upgraded};
use worker::{Env, Request, Response};

use super::quotes::{Differences, MAX_BODY, document as quote_document, plan, quote};
use super::{Answer, call_tenant, for_pages, segment};
use crate::auth::{Caller, is_allowed};
use crate::http::{self, read};
use crate::problem::{ApiError, ApiResult, Code};
use crate::rpc::{QuoteWish, TenantCall, UpgradeReport};

/// The longest idempotency key, in bytes.
const MAX_KEY: usize = 255;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Confirmation {
    quote: String,
    return_url: Option<String>,
}

pub(super) async fn post(req: &mut Request, env: &Env) -> Answer {
    for_pages(req, env, async |req, env, caller, tenant| {
        let user = caller.user_in(Role::Admin)?.user.clone();
        let key = idempotency_key(req, &user)?;
        let Confirmation { quote: token, return_url } = http::json(&read(req, MAX_BODY).await?)?;
        let return_url = way_back(req, caller, return_url)?;
        let wish = wish(&token);
        let call = TenantCall::Upgrade { user, token, key, return_url, api_key: caller.app.stripe.api_key.clone() };
        match call_tenant(env, caller, &tenant, call).await.and_then(|report: UpgradeReport| answer(&report)) {
            Err(error) if error.code() == Code::QuoteStale.code() => Err(with_fresh_quote(env, caller, &tenant, error, wish).await),
            other => other,
        }
    })
    .await
}

pub(super) async fn get(req: &mut Request, env: &Env, path: &str) -> Answer {
    for_pages(req, env, async |_, env, caller, tenant| {
        caller.user_in(Role::Admin)?;
        let report: UpgradeReport = {
            let call = TenantCall::UpgradeState { id: segment(path, 3)?, api_key: caller.app.stripe.api_key.clone() };
            call_tenant(env, caller, &tenant, call).await?
        };
        let body = match &report.upgrade.state {
            State::Requested => json!({"status": "pending", "upgrade": report.upgrade.id}),
            State::Failed(failed) => {
                let Failed { code, decline_code, url, .. } = failed;
                let detail = problem(failed).detail();
                json!({
                    "status": "failed", "upgrade": report.upgrade.id, "code": code, "detail": detail, "decline_code": decline_code,
                    "url": url,
                })
            }
            State::Awaiting(awaiting) => awaits(&report, awaiting),
            State::Upgraded(upgraded) => done(&report, upgraded),
        };
        http::answer(200, &body)
    })
    .await
}

fn answer(report: &UpgradeReport) -> ApiResult<Response> {
    match &report.upgrade.state {
        State::Upgraded(upgraded) => http::answer(200, &done(report, upgraded)),
        State::Awaiting(awaiting) => http::answer(200, &awaits(report, awaiting)),
        State::Failed(failed) => Err(problem(failed)),
        State::Requested => {
            let detail = "Stripe has not answered; whether it was done is being found out. Ask again with the same Idempotency-Key: it is never charged twice.";
            Err(ApiError::new(Code::StripeUnavailable, detail).with(&json!({"upgrade": report.upgrade.id})))
        }
    }
}

fn done(report: &UpgradeReport, Upgraded { at, invoice, .. }: &Upgraded) -> Value {
    let UpgradeReport { upgrade, from, to, meters, features } = report;
    let differences = Differences { from: from.as_ref(), to: to.as_ref(), meters, features };
    let charged = invoice.as_ref().map_or(upgrade.quote.amount_due, |i| i.amount_due);
    json!({
        "status": "upgraded", "upgrade": upgrade.id, "upgraded_at": at,
        // Should the plan be gone meanwhile, its id has to do.
        "plan": to.as_ref().map_or_else(|| json!({"id": upgrade.quote.plan, "name": upgrade.quote.plan}), plan), "quantity": upgrade.quote.quantity,
        "amount_charged": charged, "currency": upgrade.quote.currency, "invoice": invoice.as_ref().map(|i| &i.id),
        "features_gained": differences.gained(), "features_lost": differences.lost(), "limits": differences.limits(),
    })
}

fn awaits(report: &UpgradeReport, Awaiting { action, url, .. }: &Awaiting) -> Value {
    json!({"status": "requires_action", "upgrade": report.upgrade.id, "url": url, "reason": action.code()})
}

/// What did not come about, as a problem.
fn problem(failed: &Failed) -> ApiError {
    let Failed { code, decline_code, detail, url, .. } = failed;
    match code.as_str() {
        "payment_failed" => {
            let detail = format!("{detail} Nothing was changed and nothing was charged.");
            ApiError::new(Code::PaymentFailed, detail).with(&json!({"decline_code": decline_code, "url": url}))
        }
        "stripe_unavailable" => ApiError::new(Code::StripeUnavailable, detail),
        "stripe_refused" => ApiError::new(Code::StripeRefused, detail),
        _ => ApiError::new(Code::QuoteStale, detail),
    }
}

/// The hash of the caller's key; two users' keys are different ones. Without a key the quote is its own.
fn idempotency_key(req: &Request, user: &str) -> ApiResult<Option<u64>> {
    match req.headers().get("idempotency-key")? {
        None => Ok(None),
        Some(key) if key.is_empty() || key.len() > MAX_KEY => {
            Err(ApiError::new(Code::InvalidRequest, format!("Idempotency-Key: 1 to {MAX_KEY} characters")))
        }
        Some(key) => Ok(Some(hash_parts(&[user, &key]))),
    }
}

/// Where the browser comes back to: a page of the app's own origins, as nobody should be sent elsewhere in its name.
fn way_back(req: &Request, caller: &Caller, named: Option<String>) -> ApiResult<Option<String>> {
    let Some(url) = named else { return Ok(req.headers().get("origin")?.filter(|o| o != "null").map(|origin| format!("{origin}/"))) };
    let end = url.match_indices('/').nth(2).map_or(url.len(), |(i, _)| i);
    let origin = url.get(..end).unwrap_or_default().split(['?', '#']).next().unwrap_or_default();
    if url.len() <= 2_048 && is_allowed(&caller.app.allowed_origins, origin) {
        return Ok(Some(url));
    }
    Err(ApiError::new(Code::InvalidRequest, "`return_url` must be a page of one of the app's `allowed_origins`"))
}

/// What the token was a quote for, whatever has become of it: so that a fresh one can be made.
fn wish(token: &str) -> Option<QuoteWish> {
    use base64ct::{Base64UrlUnpadded, Encoding};
    let bytes = Base64UrlUnpadded::decode_vec(token.split('.').next()?).ok()?;
    let quote: upcue_engine::upgrade::quote::Quote = upcue_engine::wire::decode(&bytes)?;
    Some(QuoteWish { plan: quote.plan, price: Some(quote.price), quantity: quote.quantity_named.then_some(quote.quantity) })
}

/// A stale quote is answered with a fresh one, where there still is one to be had.
async fn with_fresh_quote(env: &Env, caller: &Caller, tenant: &str, error: ApiError, wish: Option<QuoteWish>) -> ApiError {
    let Some(wish) = wish else { return error };
    let mut fresh = quote(env, caller, tenant, wish.clone()).await;
    if fresh.as_ref().is_err_and(|refusal| refusal.code() == "price_unavailable") {
        // The price was replaced meanwhile: the plan is what is wanted.
        fresh = quote(env, caller, tenant, QuoteWish { price: None, ..wish }).await;
    }
    match fresh {
        Ok(fresh) => error.with(&json!({"quote": quote_document(&fresh)})),
        Err(refusal) if refusal.status() < 500 => refusal,
        Err(_) => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_did_not_come_about_is_a_problem_in_the_banks_words() {
        let failed = |code: &str| Failed {
            decline_code: Some("insufficient_funds".to_owned()),
            ..Failed::new(code, "Your card has insufficient funds.", upcue_engine::time::Millis(0))
        };
        let told = problem(&failed("payment_failed")).document();
        assert_eq!((told["status"].as_u64(), told["decline_code"].as_str()), (Some(402), Some("insufficient_funds")));
        assert_eq!(told["detail"], "Your card has insufficient funds. Nothing was changed and nothing was charged.");
        for (code, expected) in [("stripe_unavailable", 502), ("stripe_refused", 502), ("expired", 409), ("quote_stale", 409)] {
            assert_eq!(problem(&failed(code)).status(), expected, "{code}");
        }
    }
}
