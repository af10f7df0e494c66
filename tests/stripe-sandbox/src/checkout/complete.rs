//! Paying a session: the subscription comes into being with the payment, not before.

use serde_json::{Value, json};

use super::object;
use crate::{
    call::Call,
    customers,
    error::ApiError,
    hosted::cards::{self, Card},
    outside::request,
    params::Params,
    present::text,
    resource::{lookup, put},
    subscriptions,
};

/// Pays with a card whose owner has authenticated, where that was asked for. `email` is what the page asked for, if
/// the session names neither customer nor address.
pub(crate) fn complete(call: &mut Call<'_>, id: &str, card: Card, email: Option<&str>) -> Result<Value, ApiError> {
    let mut session = super::open(call, id)?;
    if card == Card::Declined {
        return Err(cards::declined());
    }
    let customer = customer(call, &session, email)?;
    let subscription = subscribe(call, id, &customer, card)?;
    let free = session["amount_total"] == 0;
    let email = call.store.customers.get(&customer).map_or(Value::Null, |customer| customer["email"].clone());
    session["customer"] = json!(customer);
    session["customer_details"] = object::customer_details(&email);
    session["invoice"] = subscription["latest_invoice"].clone();
    session["payment_status"] = json!(if free { "no_payment_required" } else { "paid" });
    session["status"] = json!("complete");
    session["subscription"] = subscription["id"].clone();
    session["url"] = Value::Null;
    put(&mut call.store.checkout_sessions, session.clone());
    call.emit("checkout.session.completed", &session);
    Ok(session)
}

fn customer(call: &mut Call<'_>, session: &Value, email: Option<&str>) -> Result<String, ApiError> {
    if let Some(id) = session["customer"].as_str() {
        return Ok(id.to_owned());
    }
    let email = session["customer_email"].as_str().or(email);
    let customer = request(call, customers::create, &[], &json!({ "email": email }))?;
    Ok(text(&customer, "id").to_owned())
}

fn subscribe(call: &mut Call<'_>, id: &str, customer: &str, card: Card) -> Result<Value, ApiError> {
    let mut draft = call.store.checkout_drafts.shift_remove(id).unwrap_or_default();
    draft.extend(crate::json_body::form(&cards::subscription_terms(call, customer, card)?)?);
    call.path_ids.clear();
    call.params = Params::new(draft);
    let subscription = subscriptions::create(call)?;
    if subscription["status"] == "incomplete" {
        cards::pay(call, text(&subscription, "latest_invoice"), None)?;
    }
    lookup(&call.store.subscriptions, "subscription", text(&subscription, "id"))
}
