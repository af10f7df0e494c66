//! `flow_data`: the one thing that a portal session leads straight to.

use serde_json::{Value, json};

use crate::{call::Call, error::ApiError, params::Params, resource::lookup_param, subscriptions::items_of};

const TYPES: [&str; 2] = ["payment_method_update", "subscription_update_confirm"];

/// The flow of a session, every part of it checked.
pub(super) fn read(call: &Call<'_>, mut params: Params, customer: &str) -> Result<Value, ApiError> {
    let kind = params.choice("type", &TYPES)?.ok_or_else(|| ApiError::missing_param("flow_data[type]"))?;
    let after = after_completion(&mut params)?;
    let update = match params.hash("subscription_update_confirm")? {
        Some(update) if kind == "subscription_update_confirm" => update_confirm(call, update, customer)?,
        None if kind == "subscription_update_confirm" => {
            return Err(ApiError::missing_param("flow_data[subscription_update_confirm]"));
        }
        Some(_) => {
            let message = format!("You cannot pass `flow_data[subscription_update_confirm]` with the flow type {kind}.");
            return Err(ApiError::invalid_param("flow_data[subscription_update_confirm]", message));
        }
        None => Value::Null,
    };
    params.finish()?;
    Ok(json!({
        "after_completion": after,
        "customer_update": null,
        "subscription_cancel": null,
        "subscription_pause": null,
        "subscription_update": null,
        "subscription_update_confirm": update,
        "type": kind,
    }))
}

fn after_completion(params: &mut Params) -> Result<Value, ApiError> {
    let mut after = json!({"hosted_confirmation": null, "redirect": null, "type": "portal_homepage"});
    let Some(mut given) = params.hash("after_completion")? else {
        return Ok(after);
    };
    let kind = given.choice("type", &["hosted_confirmation", "portal_homepage", "redirect"])?;
    let kind = kind.ok_or_else(|| ApiError::missing_param(&given.name_of("type")))?;
    if let Some(mut redirect) = given.hash("redirect")? {
        after["redirect"] = json!({"return_url": redirect.required_text("return_url")?});
        redirect.finish()?;
    } else if kind == "redirect" {
        return Err(ApiError::missing_param(&given.name_of("redirect")));
    }
    if let Some(mut confirmation) = given.hash("hosted_confirmation")? {
        after["hosted_confirmation"] = json!({"custom_message": confirmation.text("custom_message")?});
        confirmation.finish()?;
    }
    given.finish()?;
    after["type"] = json!(kind);
    Ok(after)
}

fn update_confirm(call: &Call<'_>, mut params: Params, customer: &str) -> Result<Value, ApiError> {
    let name = params.name_of("subscription");
    let id = params.required_text("subscription")?;
    let items_name = params.name_of("items");
    let inputs = params.hashes("items")?.ok_or_else(|| ApiError::missing_param(&items_name))?;
    params.finish()?;
    let subscription = lookup_param(&call.store.subscriptions, "subscription", &id, &name)?;
    if subscription["customer"] != *customer {
        return Err(ApiError::invalid_param(&name, "The subscription does not belong to the customer of the portal session."));
    }
    let [_] = inputs.as_slice() else {
        return Err(ApiError::invalid_param(&items_name, "Exactly one subscription item can be updated."));
    };
    let items = inputs.into_iter().map(|input| item(call, subscription, input)).collect::<Result<Vec<_>, _>>()?;
    Ok(json!({"discounts": null, "items": items, "subscription": id}))
}

fn item(call: &Call<'_>, subscription: &Value, mut input: Params) -> Result<Value, ApiError> {
    let (id_name, price_name) = (input.name_of("id"), input.name_of("price"));
    let id = input.required_text("id")?;
    let price = input.text("price")?;
    let quantity = input.integer_within("quantity", 1, 999_999)?;
    input.finish()?;
    let current = items_of(subscription).iter().find(|item| item["id"] == *id);
    let current = current.ok_or_else(|| ApiError::no_such_param("subscription item", &id, &id_name))?;
    if let Some(price) = &price
        && lookup_param(&call.store.prices, "price", price, &price_name)?["active"] != true
    {
        return Err(ApiError::invalid_param(&price_name, "The price is inactive."));
    }
    let price = price.map_or_else(|| current["price"].clone(), |price| json!(price));
    let mut item = json!({"id": id, "price": price});
    if let Some(quantity) = quantity {
        item["quantity"] = json!(quantity);
    }
    Ok(item)
}
