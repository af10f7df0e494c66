//! Updating a subscription.

use serde_json::{Value, json};

use super::{
    NOUN, cancel,
    carry_out::{PaymentBehavior, carry_out},
    create, is_over, pending,
};
use crate::{
    billing::{change, periods::period_of, wish::Wish},
    call::Call,
    coupons,
    error::ApiError,
    metadata,
    params::{Change, Params},
    resource::{lookup, put},
    subscription_schedules,
    subscriptions::items_of,
};

pub(crate) fn update(call: &mut Call<'_>) -> Result<Value, ApiError> {
    let mut params = call.take_params();
    let before = lookup(&call.store.subscriptions, NOUN, &call.id())?;
    let mut changed = before.clone();
    if is_over(&before) {
        update_canceled(params, &mut changed)?;
        put(&mut call.store.subscriptions, changed.clone());
        call.emit_update("customer.subscription.updated", &before, &changed);
        return Ok(changed);
    }
    pending::check_params(&params)?;
    create::apply_plain(&mut params, &mut changed)?;
    create::payment_method(call, &mut params, &mut changed)?;
    create::trial_settings(&mut params, &mut changed)?;
    pause(&mut params, &mut changed)?;
    cancel::read_details(&mut params, &mut changed)?;
    let end = End::read(&mut params)?;
    let discounts = coupons::read_discounts(&mut params)?;
    let behavior = PaymentBehavior::read(&mut params)?.unwrap_or(PaymentBehavior::Allow);
    let wish = Wish::read(&mut params, &call.version, call.now)?;
    params.finish()?;
    end.check(&before)?;
    let undo = (call.store.coupons.clone(), call.store.discounts.clone());
    let after = redeem(call, discounts, &mut changed)
        .and_then(|()| apply(call, &before, &changed, wish, &end, behavior))
        .inspect_err(|_| (call.store.coupons, call.store.discounts) = undo)?;
    subscription_schedules::follow(call, &after);
    Ok(after)
}

fn apply(
    call: &mut Call<'_>,
    before: &Value,
    changed: &Value,
    wish: Wish,
    end: &End,
    behavior: PaymentBehavior,
) -> Result<Value, ApiError> {
    let date = wish.proration_date();
    let mut plan = change::plan(call.store, changed, wish, call.now)?;
    end.apply(&mut plan.after, call.now);
    carry_out(call, before, plan, behavior, date)
}

/// Gives the subscription the discounts that were asked for; an empty list changes nothing, the empty string all.
fn redeem(call: &mut Call<'_>, wanted: Change<Vec<Params>>, subscription: &mut Value) -> Result<(), ApiError> {
    match wanted {
        Change::Set(wanted) if !wanted.is_empty() => {
            let discounts = coupons::redeem(call, wanted, subscription)?;
            subscription["discounts"] = discounts.iter().map(|discount| discount["id"].clone()).collect();
            coupons::keep(call, &discounts);
        }
        Change::Clear => subscription["discounts"] = json!([]),
        _ => {}
    }
    Ok(())
}

/// When the subscription is to end.
struct End {
    with_period: Option<bool>,
    at: Change<i64>,
}

impl End {
    fn read(params: &mut Params) -> Result<Self, ApiError> {
        let at = match params.unsettable("cancel_at")? {
            Change::Keep => Change::Keep,
            Change::Clear => Change::Clear,
            Change::Set(text) => Change::Set(text.parse().map_err(|_| params.bad("cancel_at", format!("Invalid integer: {text}")))?),
        };
        Ok(Self { with_period: params.boolean("cancel_at_period_end")?, at })
    }

    fn check(&self, before: &Value) -> Result<(), ApiError> {
        let asks = self.with_period.is_some() || self.at != Change::Keep;
        if let Some(schedule) = before["schedule"].as_str().filter(|_| asks) {
            return Err(ApiError::invalid(format!(
                "The subscription is managed by the subscription schedule `{schedule}`, and updating any cancelation behavior directly \
                 is not allowed. Please update the schedule instead."
            )));
        }
        let last_end = items_of(before).iter().map(|item| period_of(item).end).max();
        match self.at {
            Change::Set(at) if last_end.is_some_and(|end| at < end) => {
                Err(ApiError::invalid_param("cancel_at", "The sandbox does not end a subscription within its period."))
            }
            _ => Ok(()),
        }
    }

    fn apply(&self, subscription: &mut Value, now: i64) {
        if let Some(wanted) = self.with_period {
            cancel::set_at_period_end(subscription, wanted, now);
        }
        match self.at {
            Change::Keep => {}
            Change::Clear => {
                subscription["cancel_at"] = Value::Null;
                subscription["canceled_at"] = Value::Null;
            }
            Change::Set(at) => {
                subscription["cancel_at"] = json!(at);
                subscription["canceled_at"] = json!(now);
            }
        }
    }
}

/// Canceled is final: only notes can still be made.
fn update_canceled(mut params: Params, subscription: &mut Value) -> Result<(), ApiError> {
    subscription["metadata"] = metadata::merged(&subscription["metadata"], &mut params)?;
    cancel::read_details(&mut params, subscription)?;
    params.finish().map_err(|_| ApiError::invalid("A canceled subscription can only update its cancellation_details and metadata."))
}

fn pause(params: &mut Params, subscription: &mut Value) -> Result<(), ApiError> {
    match params.unsettable_hash("pause_collection")? {
        Change::Keep => {}
        Change::Clear => subscription["pause_collection"] = Value::Null,
        Change::Set(mut pause) => {
            let behavior = pause.choice("behavior", &["keep_as_draft", "mark_uncollectible", "void"])?;
            let behavior = behavior.ok_or_else(|| ApiError::missing_param(&pause.name_of("behavior")))?;
            let resumes_at = pause.integer("resumes_at")?;
            pause.finish()?;
            subscription["pause_collection"] = json!({"behavior": behavior, "resumes_at": resumes_at});
        }
    }
    Ok(())
}
