//! What companies do at Stripe: come, choose a larger plan without being asked, leave.

use anyhow::Context;

use super::company::{Company, Subscription};
use super::world::World;

/// Becomes a customer, with a card and a subscription.
pub(super) async fn join(world: &World, company: &Company) -> anyhow::Result<()> {
    let email = format!("billing@{}.example", company.tenant);
    let fields = [("name", company.name.as_str()), ("email", &email), ("metadata[upcue_tenant]", &company.tenant)];
    let customer = id(&world.stripe("customers", &fields).await?)?;
    pay_with(world, &customer, "pm_card_visa").await?;
    let price = &world.plans.get(company.plan()).context("no such plan")?.price;
    let fields = [("customer", customer.as_str()), ("items[0][price]", price), ("metadata[upcue_tenant]", &company.tenant)];
    let made = world.stripe("subscriptions", &fields).await?;
    if !company.card_works {
        pay_with(world, &customer, "pm_card_chargeCustomerFail").await?;
    }
    company.subscribed(Some(Subscription { id: id(&made)?, item: id(&made["items"]["data"][0])? }));
    world.introduce(company).await
}

async fn pay_with(world: &World, customer: &str, card: &str) -> anyhow::Result<()> {
    let method = id(&world.stripe(&format!("payment_methods/{card}/attach"), &[("customer", customer)]).await?)?;
    world.stripe(&format!("customers/{customer}"), &[("invoice_settings[default_payment_method]", &method)]).await?;
    Ok(())
}

/// Changes to the next larger plan in Stripe's own portal, where there is one.
pub(super) async fn change(world: &World, company: &Company) -> anyhow::Result<()> {
    let Some((Subscription { id, item }, larger)) = company.subscription().zip(world.plans.get(company.plan() + 1)) else { return Ok(()) };
    let fields = [("items[0][id]", item.as_str()), ("items[0][price]", &larger.price), ("proration_behavior", "always_invoice")];
    world.stripe(&format!("subscriptions/{id}"), &fields).await?;
    company.upgraded();
    Ok(())
}

/// Leaves.
pub(super) async fn leave(world: &World, company: &Company) -> anyhow::Result<()> {
    let Some(Subscription { id, .. }) = company.subscription() else { return Ok(()) };
    world.client.delete(&format!("{}/v1/subscriptions/{id}", world.nimbus.stripe), &world.nimbus.stripe_key).await?;
    company.subscribed(None);
    Ok(())
}

fn id(object: &serde_json::Value) -> anyhow::Result<String> {
    object["id"].as_str().map(str::to_owned).with_context(|| format!("the answer has no id: {object}"))
}
