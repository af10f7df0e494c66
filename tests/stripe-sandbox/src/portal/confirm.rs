//! What a portal session brings about when the customer confirms.

use serde_json::{Value, json};

use crate::{
    call::Call,
    error::ApiError,
    hosted::cards::{self, Card},
    invoices,
    outside::request,
    present::text,
    subscriptions,
};

/// Carries out the session's flow. The customer is there, so a card that wants them to authenticate is satisfied; a
/// card that is declined changes nothing.
pub(crate) fn confirm(call: &mut Call<'_>, id: &str, card: Card) -> Result<Value, ApiError> {
    let session = super::find(call, id)?;
    match text(&session["flow"], "type") {
        "subscription_update_confirm" => {
            let update = &session["flow"]["subscription_update_confirm"];
            let subscription = text(update, "subscription");
            let updated = request(call, subscriptions::update, &[subscription], &parameters(update))?;
            if !updated["pending_update"].is_null() {
                cards::pay(call, text(&updated, "latest_invoice"), None)?;
            }
        }
        "payment_method_update" if card == Card::Declined => return Err(cards::declined()),
        "payment_method_update" => cards::make_default(call, text(&session, "customer"), card)?,
        _ => return Err(ApiError::invalid("This portal session has no flow to confirm.")),
    }
    Ok(session)
}

/// What the update would cost now.
pub(crate) fn preview(call: &mut Call<'_>, session: &Value) -> Result<Value, ApiError> {
    let update = &session["flow"]["subscription_update_confirm"];
    let mut details = parameters(update);
    details["payment_behavior"] = Value::Null;
    request(call, invoices::preview, &[], &json!({"subscription": update["subscription"], "subscription_details": details}))
}

/// The update of the subscription, as the portal asks for it.
fn parameters(update: &Value) -> Value {
    let mut items = update["items"].clone();
    for item in items.as_array_mut().into_iter().flatten() {
        // Left out, Stripe would set the quantity of a new price to 1, and so does the portal.
        item["quantity"] = item.get("quantity").cloned().unwrap_or_else(|| json!(1));
    }
    json!({"items": items, "payment_behavior": "pending_if_incomplete", "proration_behavior": "always_invoice"})
}
