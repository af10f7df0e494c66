//! Creating a session: everything is read and checked now, so that the page can only fail for the card.

use serde_json::{Map, Value, json};

use super::object::{self, Line};
use crate::{
    call::Call,
    clock::DAY,
    error::ApiError,
    ids, json_body, metadata,
    params::Params,
    present::text,
    resource::{copy_texts, lookup_param, put},
};

const HALF_AN_HOUR: i64 = 30 * 60;

pub(super) fn create(call: &mut Call<'_>) -> Result<Value, ApiError> {
    let mut params = call.take_params();
    check_mode(&mut params)?;
    let mut session = object::construct(&ids::new_id("cs_test"), call.now);
    plain(&mut params, &mut session)?;
    who(call, &mut params, &mut session)?;
    session["expires_at"] = json!(expiry(&mut params, call.now)?);
    let lines = lines(call, params.hashes("line_items")?.ok_or_else(|| ApiError::missing_param("line_items"))?)?;
    let mut draft = draft(&mut params)?;
    params.finish()?;
    object::total(&mut session, &lines)?;
    if !(draft["trial_end"].is_null() && draft["trial_period_days"].is_null()) {
        // Nothing is due before the trial ends.
        session["amount_subtotal"] = json!(0);
        session["amount_total"] = json!(0);
    }
    let id = text(&session, "id").to_owned();
    session["url"] = json!(format!("{}/c/pay/{id}", call.store.base_url));
    draft["items"] = lines.iter().map(Line::as_item).collect();
    call.store.checkout_drafts.insert(id.clone(), json_body::form(&draft)?);
    call.store.checkout_line_items.insert(object::line_items_id(&id), object::line_items_list(&id, &lines));
    put(&mut call.store.checkout_sessions, session.clone());
    Ok(session)
}

fn check_mode(params: &mut Params) -> Result<(), ApiError> {
    let mode = params.choice("mode", &["subscription"])?;
    mode.ok_or_else(|| ApiError::missing_param("mode"))?;
    params.choice("ui_mode", &["hosted_page"])?;
    Ok(())
}

fn plain(params: &mut Params, session: &mut Value) -> Result<(), ApiError> {
    copy_texts(params, session, &["cancel_url", "client_reference_id", "locale"])?;
    session["success_url"] = json!(params.required_text("success_url")?);
    if let Some(allowed) = params.boolean("allow_promotion_codes")? {
        session["allow_promotion_codes"] = json!(allowed);
    }
    if let Some(collection) = params.choice("payment_method_collection", &["always", "if_required"])? {
        session["payment_method_collection"] = json!(collection);
    }
    session["metadata"] = metadata::merged(&Value::Null, params)?;
    Ok(())
}

/// A session knows its customer, or makes one when it is paid.
fn who(call: &Call<'_>, params: &mut Params, session: &mut Value) -> Result<(), ApiError> {
    let (customer, email) = (params.text("customer")?, params.text("customer_email")?);
    if customer.is_some() && email.is_some() {
        return Err(ApiError::invalid("You may only specify one of these parameters: customer, customer_email."));
    }
    if email.as_ref().is_some_and(|email| !email.contains('@')) {
        let message = format!("Invalid email address: {}", email.unwrap_or_default());
        return Err(ApiError::invalid_coded("email_invalid", "customer_email", message));
    }
    match customer {
        Some(id) => {
            let customer = lookup_param(&call.store.customers, "customer", &id, "customer")?;
            session["customer_details"] = object::customer_details(&customer["email"]);
            session["customer"] = json!(id);
        }
        None => session["customer_creation"] = json!("always"),
    }
    session["customer_email"] = json!(email);
    Ok(())
}

fn expiry(params: &mut Params, now: i64) -> Result<i64, ApiError> {
    let Some(at) = params.integer("expires_at")? else {
        return Ok(now + DAY);
    };
    // A caller's clock and the wire take their time; Stripe is as lenient.
    if at < now + HALF_AN_HOUR - 60 {
        return Err(params.bad("expires_at", "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation."));
    }
    if at > now + DAY + 60 {
        return Err(params.bad("expires_at", "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation."));
    }
    Ok(at)
}

fn lines(call: &Call<'_>, inputs: Vec<Params>) -> Result<Vec<Line>, ApiError> {
    let lines: Vec<Line> = inputs.into_iter().map(|input| line(call, input)).collect::<Result<_, _>>()?;
    if lines.is_empty() {
        return Err(ApiError::missing_param("line_items"));
    }
    Ok(lines)
}

fn line(call: &Call<'_>, mut input: Params) -> Result<Line, ApiError> {
    let name = input.name_of("price");
    let id = input.required_text("price")?;
    let quantity = input.integer_within("quantity", 1, 999_999)?;
    let quantity = quantity.ok_or_else(|| ApiError::missing_param(&input.name_of("quantity")))?;
    input.finish()?;
    let price = lookup_param(&call.store.prices, "price", &id, &name)?;
    if price["active"] != true {
        return Err(ApiError::invalid_param(&name, format!("The price `{id}` is inactive and cannot be used.")));
    }
    if price["type"] != "recurring" {
        return Err(ApiError::invalid_param(&name, "The sandbox takes recurring prices only in `subscription` mode."));
    }
    let product = call.store.products.get(text(price, "product"));
    Ok(Line::new(price, quantity, product.map_or("", |product| text(product, "name"))))
}

/// The parameters of the subscription to come, as `POST /v1/subscriptions` will get them.
fn draft(params: &mut Params) -> Result<Value, ApiError> {
    let mut draft = Map::new();
    if let Some(mut data) = params.hash("subscription_data")? {
        draft.insert("metadata".to_owned(), metadata::merged(&Value::Null, &mut data)?);
        draft.insert("description".to_owned(), json!(data.text("description")?));
        draft.insert("trial_period_days".to_owned(), json!(data.integer_within("trial_period_days", 1, 730)?));
        draft.insert("trial_end".to_owned(), json!(data.integer("trial_end")?));
        data.finish()?;
    }
    Ok(Value::Object(draft))
}
