//! `POST /v1/upgrade/quotes`: what a change costs, to the cent, for ten minutes.

use serde::Deserialize;
use serde_json::{Value, json};
use upcue_engine::facts::Role;
use upcue_engine::plan::{Feature, Meter, PlanPrice};
use worker::{Env, Request};

use super::plans::limit;
use super::{Answer, call_tenant, for_pages};
use crate::auth::Caller;
use crate::host;
use crate::http::{self, read};
use crate::problem::{ApiError, ApiResult, Code};
use crate::rpc::{QuoteLine, QuoteReport, QuoteWish, Sold, TenantCall};

/// The largest body, in bytes.
pub(super) const MAX_BODY: usize = 16 * 1024;
/// The most of anything that one subscription holds.
const MAX_QUANTITY: u64 = 1_000_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    plan: String,
    price: Option<String>,
    quantity: Option<u64>,
}

pub(super) async fn post(req: &mut Request, env: &Env) -> Answer {
    for_pages(req, env, async |req, env, caller, tenant| {
        caller.user_in(Role::Admin)?;
        let Wish { plan, price, quantity } = http::json(&read(req, MAX_BODY).await?)?;
        if quantity.is_some_and(|q| q == 0 || q > MAX_QUANTITY) {
            return Err(ApiError::new(Code::InvalidRequest, format!("`quantity` must be a whole number from 1 to {MAX_QUANTITY}")));
        }
        let report = quote(env, caller, &tenant, QuoteWish { plan, price, quantity }).await?;
        http::answer(200, &document(&report))
    })
    .await
}

/// Asks the tenant's object for a quote.
pub(super) async fn quote(env: &Env, caller: &Caller, tenant: &str, wish: QuoteWish) -> ApiResult<QuoteReport> {
    call_tenant(env, caller, tenant, TenantCall::Quote { wish, api_key: caller.app.stripe.api_key.clone() }).await
}

/// A quote as JSON.
pub(super) fn document(report: &QuoteReport) -> Value {
    let QuoteReport { token, quote, sums, lines, next, from, to, notes, .. } = report;
    let differences = Differences { from: from.as_ref(), to: Some(to), meters: &report.meters, features: &report.features };
    json!({
        "token": token,
        "flow": if quote.change.is_some() { "change" } else { "checkout" },
        "plan": plan(to), "price": to.plan.prices.first().map(price), "quantity": to.quantity,
        "from": from.as_ref().map(|f| json!({"plan": plan(f), "price": f.plan.prices.first().map(price), "quantity": f.quantity})),
        "currency": quote.currency, "amount_due": quote.amount_due,
        "subtotal": sums.subtotal, "discount": sums.discount, "tax": sums.tax, "total": sums.total,
        "balance_applied": quote.amount_due - sums.total.max(0),
        "lines": lines.iter().map(line).collect::<Vec<_>>(),
        "next_invoice": next.map(|(at, amount)| json!({"at": at, "amount": amount})),
        "proration_date": quote.change.as_ref().and_then(|c| c.proration_date),
        "locked": quote.change.as_ref().is_none_or(|c| c.proration_date.is_some()),
        "expires_at": quote.expires_at, "server_time": host::now(), "per_seat": report.per_seat, "catalogue_version": quote.catalogue,
        "features_gained": differences.gained(), "features_lost": differences.lost(), "limits": differences.limits(),
        "violations": violations(report), "notes": notes,
    })
}

/// A plan's name, as JSON.
pub(super) fn plan(sold: &Sold) -> Value {
    json!({"id": sold.plan.id, "name": sold.plan.name})
}

/// A price as JSON.
pub(super) fn price(price: &PlanPrice) -> Value {
    let PlanPrice { id, currency, unit_amount, interval, interval_count, .. } = price;
    json!({"id": id, "currency": currency, "unit_amount": unit_amount, "interval": interval.word(), "interval_count": interval_count})
}

fn line(line: &QuoteLine) -> Value {
    let QuoteLine { kind, description, amount, quantity, from, until, .. } = line;
    json!({"kind": kind, "description": description, "amount": amount, "quantity": quantity, "from": from, "until": until})
}

fn violations(report: &QuoteReport) -> Vec<Value> {
    let price = report.to.plan.prices.first().map(|p| p.id.as_str());
    let meters = report.meters.iter().zip(&report.used).enumerate();
    let too_small = meters.filter_map(|(i, (meter, used))| {
        let limit = limit(report.to.plan.allowance(i, price).limit).filter(|limit| used > limit)?;
        Some(json!({"meter": meter.key, "label": meter.label, "used": used, "limit": limit}))
    });
    too_small.collect()
}

/// What one plan has that another has not.
pub(super) struct Differences<'a> {
    /// The plan before.
    pub(super) from: Option<&'a Sold>,
    /// The plan after.
    pub(super) to: Option<&'a Sold>,
    /// The meters they number.
    pub(super) meters: &'a [Meter],
    /// The features they number.
    pub(super) features: &'a [Feature],
}

impl Differences<'_> {
    /// Features that come.
    pub(super) fn gained(&self) -> Vec<Value> {
        self.features_of(self.to, self.from)
    }

    /// Features that go.
    pub(super) fn lost(&self) -> Vec<Value> {
        self.features_of(self.from, self.to)
    }

    fn features_of(&self, these: Option<&Sold>, others: Option<&Sold>) -> Vec<Value> {
        let has = |sold: Option<&Sold>, i: usize| sold.is_some_and(|s| s.plan.features.get(i) == Some(&true));
        let features = self.features.iter().enumerate().filter(|(i, _)| has(these, *i) && !has(others, *i));
        features.map(|(_, f)| json!({"key": f.key, "label": f.label})).collect()
    }

    /// Limits that change.
    pub(super) fn limits(&self) -> Vec<Value> {
        let of =
            |sold: Option<&Sold>, i: usize| sold.map(|s| limit(s.plan.allowance(i, s.plan.prices.first().map(|p| p.id.as_str())).limit));
        let meters = self.meters.iter().enumerate().filter_map(|(i, meter)| {
            let (before, after) = (of(self.from, i)?, of(self.to, i)?);
            (before != after)
                .then(|| json!({"meter": meter.key, "label": meter.label, "unit": meter.unit, "before": before, "after": after}))
        });
        meters.collect()
    }
}
