//! How many invoices a subscription may get: 10 in a minute and 20 in a day.
//!
//! <https://docs.stripe.com/rate-limits>

use serde_json::Value;

use crate::{clock::DAY, error::ApiError, present::text, store::Store};

const PER_MINUTE: usize = 10;
const PER_DAY: usize = 20;

pub(crate) fn check(store: &Store, subscription: &Value, now: i64) -> Result<(), ApiError> {
    if store.without_invoice_limits {
        return Ok(());
    }
    let id = text(subscription, "id");
    let own = |invoice: &&Value| invoice["parent"]["subscription_details"]["subscription"] == id;
    let created = |invoice: &Value| invoice["created"].as_i64().unwrap_or_default();
    let recent = || store.invoices.values().rev().map_while(|invoice| (now - created(invoice) < DAY).then_some(invoice)).filter(own);
    let last_minute = recent().filter(|invoice| now - created(invoice) < 60).count();
    if last_minute >= PER_MINUTE || recent().count() >= PER_DAY {
        return Err(ApiError::rate_limit(
            "You have exceeded the number of new invoices for this subscription: 10 per minute and 20 per day. \
             You can learn more about rate limits at https://stripe.com/docs/rate-limits.",
        ));
    }
    Ok(())
}
