//! `POST /v1/invoices/create_preview`: the invoice that would come next, without a trace.
//!
//! <https://docs.stripe.com/api/invoices/create_preview>. A change that bills at once is shown alone; otherwise the
//! preview is of the next renewal, with the prorations that would wait for it.

use serde_json::{Value, json};

use crate::{
    billing::{
        change::{Plan, plan},
        draft::{Draft, preview_id},
        line::{Kind, Line},
        periods::{full_periods, in_trial, opening, period_of},
        renewal::renewed,
        wish::Wish,
    },
    call::Call,
    error::ApiError,
    present::text,
    resource::lookup_param,
    store::Store,
    subscriptions::{self, Bill, items_of},
};

pub(crate) fn create(call: &mut Call<'_>) -> Result<Value, ApiError> {
    let mut params = call.take_params();
    let customer = params.text("customer")?;
    let subscription = params.text("subscription")?;
    params.choice("preview_mode", &["next"])?;
    let mut details = params.hash("subscription_details")?.unwrap_or_default();
    let cancels = details.boolean("cancel_at_period_end")?;
    let wish = Wish::read(&mut details, &call.version, call.now)?;
    details.finish()?;
    params.finish()?;
    if let Some(id) = &customer {
        lookup_param(&call.store.customers, "customer", id, "customer")?;
    }
    match (subscription, customer) {
        (Some(id), customer) => {
            let found = lookup_param(&call.store.subscriptions, "subscription", &id, "subscription")?.clone();
            if customer.is_some_and(|customer| found["customer"] != customer) {
                let message = "The subscription does not belong to the customer that you passed.";
                return Err(ApiError::invalid_param("subscription", message));
            }
            of_subscription(call, found, wish, cancels)
        }
        (None, Some(customer)) if wish.changes_items() => of_new_subscription(call, &customer, wish),
        (None, Some(customer)) => {
            let found = next_to_renew(call.store, &customer).ok_or_else(nothing_upcoming)?;
            of_subscription(call, found, wish, cancels)
        }
        (None, None) => Err(ApiError::missing_param("customer")),
    }
}

fn nothing_upcoming() -> ApiError {
    ApiError::coded("invoice_upcoming_none", "No upcoming invoices for customer: there is no subscription that will be billed.")
}

fn next_to_renew(store: &Store, customer: &str) -> Option<Value> {
    let renews = |subscription: &&Value| subscription["customer"] == customer && subscriptions::renews(subscription);
    let end = |subscription: &&Value| items_of(subscription).iter().map(|item| period_of(item).end).min();
    store.subscriptions.values().filter(renews).min_by_key(end).cloned()
}

fn of_subscription(call: &Call<'_>, mut subscription: Value, wish: Wish, cancels: Option<bool>) -> Result<Value, ApiError> {
    check_date(&wish)?;
    if let Some(wanted) = cancels {
        subscription["cancel_at_period_end"] = json!(wanted);
    }
    if subscriptions::is_over(&subscription) {
        return Err(nothing_upcoming());
    }
    let date = wish.proration_date();
    let plan = plan(call.store, &subscription, wish, call.now)?;
    let id = preview_id();
    let bill = Bill::of(call.store, &subscription, &plan, &id);
    let mut lines = bill.lines;
    let (period, created) = if plan.bills_now {
        ((call.now, call.now), call.now)
    } else {
        let (renewal, period) = renewal(call.store, &plan)?;
        lines.extend(renewal.iter().map(|line| line.as_invoice_line(text(&subscription, "id"))));
        (period, period.1)
    };
    if lines.is_empty() {
        return Err(nothing_upcoming());
    }
    let draft = Draft { subscription: &plan.after, lines, reason: "upcoming", period, proration_date: date, now: created };
    Ok(draft.build(call.store, &id))
}

/// A date without anything to prorate is a mistake.
fn check_date(wish: &Wish) -> Result<(), ApiError> {
    if wish.proration_date().is_none() || wish.prorates() {
        return Ok(());
    }
    let message = "You cannot pass `subscription_details.proration_date` when `subscription_details.proration_behavior` is set to `none`.";
    Err(ApiError::invalid_param("subscription_details[proration_date]", message))
}

/// The lines of the period that comes next, and the one that ends with it.
fn renewal(store: &Store, plan: &Plan) -> Result<(Vec<Line>, (i64, i64)), ApiError> {
    let (over, renewing) = renewed(store, &plan.after)?;
    let lines = if subscriptions::renews(&plan.after) { full_periods(store, &plan.after, &renewing) } else { Vec::new() };
    Ok((lines, (over.start, over.end)))
}

/// The first invoice of a subscription that does not exist yet.
fn of_new_subscription(call: &mut Call<'_>, customer: &str, wish: Wish) -> Result<Value, ApiError> {
    let flexible = call.version.flexible_billing_by_default();
    let kind = if flexible { "flexible" } else { "classic" };
    let mut subscription = json!({
        "id": null, "customer": customer, "billing_mode": {"type": kind}, "collection_method": "charge_automatically",
        "billing_cycle_anchor": call.now, "status": "active", "trial_end": null, "metadata": {}, "discounts": [],
        "items": {"data": []},
    });
    let planned = plan(call.store, &subscription, wish, call.now)?;
    let currency = planned.prorations.iter().chain(&planned.cycle).next().map(|line| line.currency.clone());
    subscription = planned.after;
    subscription["currency"] = json!(currency);
    let whole = |line: Line| if in_trial(&subscription, call.now) { Line { kind: Kind::Trial, amount: 0, ..line } } else { line };
    let lines: Vec<Value> =
        opening(call.store, &subscription, true, call.now)?.into_iter().map(whole).map(|line| line.as_invoice_line("")).collect();
    let now = call.now;
    let draft = Draft { subscription: &subscription, lines, reason: "upcoming", period: (now, now), proration_date: None, now };
    Ok(draft.build(call.store, &preview_id()))
}
