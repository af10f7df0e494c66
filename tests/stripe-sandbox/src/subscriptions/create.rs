//! Creating a subscription.

use serde_json::{Value, json};

use super::{
    carry_out::{PaymentBehavior, settlement},
    items, object,
    start::Start,
};
use crate::{
    billing::{
        debits,
        draft::Draft,
        issue::{Settlement, collects, issue},
        line::Kind,
        payment::{Outlook, foresee},
        periods::opening,
    },
    call::Call,
    coupons,
    error::ApiError,
    ids, metadata,
    params::{Change, Params},
    payment_methods,
    present::text,
    resource::{copy_texts, lookup_param, put},
    store::Store,
};

pub(crate) fn create(call: &mut Call<'_>) -> Result<Value, ApiError> {
    let mut params = call.take_params();
    let customer = params.required_text("customer")?;
    let behavior = PaymentBehavior::read(&mut params)?;
    if behavior == Some(PaymentBehavior::Pending) {
        let message = "`pending_if_incomplete` is only used with updates and cannot be passed when creating a Subscription.";
        return Err(params.bad("payment_behavior", message));
    }
    let prorate = params.choice("proration_behavior", &["always_invoice", "create_prorations", "none"])?.as_deref() != Some("none");
    let inputs = params.hashes("items")?.ok_or_else(|| ApiError::missing_param("items"))?;
    let start = Start::read(&mut params, call.now)?;
    let flexible = flexible_billing(&mut params, call.version.flexible_billing_by_default())?;
    let mut subscription = object::construct(&customer, &start, flexible, call.now);
    apply_plain(&mut params, &mut subscription)?;
    payment_method(call, &mut params, &mut subscription)?;
    trial_settings(&mut params, &mut subscription)?;
    let discounts = coupons::read_discounts(&mut params)?;
    let cancel = params.boolean("cancel_at_period_end")?.unwrap_or(false);
    let currency = params.text("currency")?;
    params.finish()?;

    lookup_param(&call.store.customers, "customer", &customer, "customer")?;
    let prices = &call.store.prices;
    let terms = items::Terms {
        prices,
        subscription: text(&subscription, "id"),
        currency: currency.as_deref(),
        one_cadence: !flexible,
        now: call.now,
    };
    let mut items = items::apply(&terms, &[], inputs)?;
    start.check_anchor(prices, &items, call.now)?;
    items::schedule(prices, start.anchor(call.now), &[], &mut items, call.now)?;
    let first_price = prices.get(text(&items[0], "price")).cloned().unwrap_or_default();
    subscription["currency"] = first_price["currency"].clone();
    subscription["items"] = object::items_list(&items, text(&subscription, "id"));
    super::cancel::set_at_period_end(&mut subscription, cancel, call.now);
    let discounts = match discounts {
        Change::Set(wanted) => coupons::redeem(call, wanted, &subscription)?,
        _ => Vec::new(),
    };
    subscription["discounts"] = discounts.iter().map(|discount| discount["id"].clone()).collect();
    let undo = (call.store.coupons.clone(), call.store.discounts.clone());
    coupons::keep(call, &discounts);
    begin(call, subscription, behavior, prorate).inspect_err(|_| (call.store.coupons, call.store.discounts) = undo)
}

/// Bills the first period and stores the subscription.
fn begin(call: &mut Call<'_>, mut subscription: Value, behavior: Option<PaymentBehavior>, prorate: bool) -> Result<Value, ApiError> {
    let lines = opening(call.store, &subscription, prorate, call.now)?;
    if lines.is_empty() {
        put(&mut call.store.subscriptions, subscription.clone());
        call.emit("customer.subscription.created", &subscription);
        return Ok(subscription);
    }
    let id = ids::new_id("in");
    let invoice_lines: Vec<Value> = lines.iter().map(|line| line.as_invoice_line(text(&subscription, "id"))).collect();
    let place = |line: &Value| Some((id.clone(), text(line, "id").to_owned()));
    let debits = debits::of_lines(lines.iter().zip(invoice_lines.iter().map(place)));
    let draft = Draft {
        subscription: &subscription,
        lines: invoice_lines,
        reason: "subscription_create",
        period: (call.now, call.now),
        proration_date: None,
        now: call.now,
    };
    let invoice = draft.build(call.store, &id);
    let settlement = first_settlement(call.store, &subscription, &invoice, behavior)?;
    let pays = matches!(settlement, Settlement::OutOfBand | Settlement::Attempt(Outlook::Succeeds { .. }));
    subscription["latest_invoice"] = json!(id);
    if collects(&subscription) && invoice["amount_due"] != 0 && !pays {
        subscription["status"] = json!("incomplete");
    }
    if lines.iter().any(|line| line.kind == Kind::Cycle) {
        coupons::spend(call, &mut subscription);
    }
    put(&mut call.store.subscriptions, subscription.clone());
    call.emit("customer.subscription.created", &subscription);
    debits::keep(call.store, debits);
    issue(call, &subscription, invoice, &settlement);
    Ok(subscription)
}

/// A customer with nothing to charge is let in, unless the caller asked for the payment: as if the first invoice had
/// been paid out of band. Stripe refuses; demo and tests of other things need no cards this way.
fn first_settlement(
    store: &Store,
    subscription: &Value,
    invoice: &Value,
    behavior: Option<PaymentBehavior>,
) -> Result<Settlement, ApiError> {
    let asked = matches!(behavior, Some(PaymentBehavior::Error | PaymentBehavior::Default));
    let due = invoice["amount_due"] != 0 && collects(subscription);
    if due && !asked && foresee(store, subscription) == Outlook::NoMethod {
        return Ok(Settlement::OutOfBand);
    }
    settlement(store, subscription, invoice, behavior.unwrap_or(PaymentBehavior::Allow))
}

/// The subscription's own payment method has to be its customer's.
pub(crate) fn payment_method(call: &Call<'_>, params: &mut Params, subscription: &mut Value) -> Result<(), ApiError> {
    let name = "default_payment_method";
    match params.unsettable(name)? {
        Change::Keep => {}
        Change::Clear => subscription[name] = Value::Null,
        Change::Set(id) => {
            subscription[name] = json!(payment_methods::of_customer(call, &id, text(subscription, "customer"), name)?);
        }
    }
    Ok(())
}

/// What is to happen when a trial ends without anything to charge; noted, as no trial ends by itself.
pub(crate) fn trial_settings(params: &mut Params, subscription: &mut Value) -> Result<(), ApiError> {
    let Some(mut settings) = params.hash("trial_settings")? else {
        return Ok(());
    };
    if let Some(mut end) = settings.hash("end_behavior")? {
        if let Some(behavior) = end.choice("missing_payment_method", &["cancel", "create_invoice", "pause"])? {
            subscription["trial_settings"]["end_behavior"]["missing_payment_method"] = json!(behavior);
        }
        end.finish()?;
    }
    settings.finish()
}

fn flexible_billing(params: &mut Params, default: bool) -> Result<bool, ApiError> {
    let Some(mut mode) = params.hash("billing_mode")? else {
        return Ok(default);
    };
    let kind = mode.choice("type", &["classic", "flexible"])?;
    mode.finish()?;
    Ok(kind.map_or(default, |kind| kind == "flexible"))
}

/// What is only stored and given back, on creation and on update.
pub(crate) fn apply_plain(params: &mut Params, subscription: &mut Value) -> Result<(), ApiError> {
    copy_texts(params, subscription, &["description"])?;
    if let Some(method) = params.choice("collection_method", &["charge_automatically", "send_invoice"])? {
        subscription["collection_method"] = json!(method);
    }
    if let Some(days) = params.integer_within("days_until_due", 0, 365)? {
        subscription["days_until_due"] = json!(days);
    }
    // Every test card behaves the same with its holder and without.
    params.boolean("off_session")?;
    subscription["metadata"] = metadata::merged(&subscription["metadata"], params)?;
    Ok(())
}
