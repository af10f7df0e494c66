//! What time does to a subscription: its periods end, and it is billed for the next ones or is over.

use std::sync::Arc;

use serde_json::Value;

use super::{
    NOUN, cancel,
    carry_out::{PaymentBehavior, carry_out},
    renews, runs,
};
use crate::{
    app::App,
    billing::{payment::foresee, renewal},
    call::Call,
    clock,
    error::ApiError,
    outside,
    present::text,
    resource::lookup,
    store::Store,
};

/// Carries out what has fallen due, the earliest first and each at its own moment.
pub(crate) fn fall_due(app: &Arc<App>) -> Result<(), ApiError> {
    let now = clock::now();
    if earliest(&app.store(), now).is_none() {
        return Ok(());
    }
    outside::changes(app, |call| {
        while let Some((end, id)) = earliest(call.store, now) {
            call.now = end;
            end_period(call, &id)?;
        }
        Ok(())
    })
}

/// The period that ended first of those that have.
fn earliest(store: &Store, now: i64) -> Option<(i64, String)> {
    let due = |subscription: &Value| renewal::next_end(subscription).filter(|end| *end <= now && runs(subscription));
    store.subscriptions.values().filter_map(|subscription| Some((due(subscription)?, text(subscription, "id").to_owned()))).min()
}

fn end_period(call: &mut Call<'_>, id: &str) -> Result<(), ApiError> {
    let before = lookup(&call.store.subscriptions, NOUN, id)?;
    if !renews(&before) {
        cancel::end(call, before);
        return Ok(());
    }
    let plan = renewal::plan(call.store, &before)?;
    // Nobody is there to be refused: an invoice that nothing can pay stays open.
    let can_try = foresee(call.store, &before).method().is_some();
    let behavior = if can_try { PaymentBehavior::Allow } else { PaymentBehavior::Default };
    carry_out(call, &before, plan, behavior, None).map(drop)
}
