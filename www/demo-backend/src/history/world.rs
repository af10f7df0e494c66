//! What the companies deal with: the Worker, Stripe, and the calls to both.

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};

use super::company::{Company, Person};
use crate::Nimbus;
use crate::client::Client;
use crate::tokens::{Tokens, Who};

#[derive(Debug)]
pub(super) struct World {
    pub(super) client: Client,
    pub(super) nimbus: Nimbus,
    tokens: Tokens,
    /// The plans on sale, the smallest first.
    pub(super) plans: Vec<Offer>,
}

/// A plan with its monthly price.
#[derive(Debug)]
pub(super) struct Offer {
    pub(super) product: String,
    pub(super) price: String,
}

/// The lookup keys of the demo's monthly prices, the smallest plan first.
const PRICES: [&str; 3] = ["starter_monthly", "team_monthly", "business_monthly"];

impl World {
    /// Finds the demo's prices at Stripe.
    pub(super) async fn open(mut nimbus: Nimbus) -> anyhow::Result<Self> {
        for address in [&mut nimbus.worker, &mut nimbus.stripe] {
            address.truncate(address.trim_end_matches('/').len());
        }
        let client = Client::new();
        let mut plans = Vec::new();
        for key in PRICES {
            let address = format!("{}/v1/prices?lookup_keys[]={key}", nimbus.stripe);
            let found = client.get(&address, &nimbus.stripe_key).await?;
            let price = &found["data"][0];
            let (Some(id), Some(product)) = (price["id"].as_str(), price["product"].as_str()) else {
                bail!("Stripe has no price `{key}`: seed the demo's catalogue first");
            };
            plans.push(Offer { product: product.to_owned(), price: id.to_owned() });
        }
        let tokens = Tokens::new(nimbus.app.clone(), nimbus.kid.clone(), &nimbus.signing_secret)?;
        Ok(Self { client, nimbus, tokens, plans })
    }

    /// What `person` comes with at `at`, in milliseconds since 1970.
    pub(super) fn token(&self, company: &Company, person: &Person, at: i64) -> anyhow::Result<String> {
        let who = Who { tenant: &company.tenant, user: &person.user, name: person.name, role: person.role, tz: Some(company.zone) };
        self.tokens.sign(who, u64::try_from(at / 1_000)?)
    }

    /// A call of a page, or of a server with its own key; `path` begins with `/v1/`.
    pub(super) async fn get(&self, key: &str, path: &str) -> anyhow::Result<Value> {
        Ok(self.client.get(&format!("{}{path}", self.nimbus.worker), key).await?)
    }

    /// Events of a page.
    pub(super) async fn events(&self, key: &str, client: &str, seq: u64, events: &[Value]) -> anyhow::Result<()> {
        let batch = json!({"client": client, "seq": seq, "events": events});
        self.post_events(key, &batch).await
    }

    /// What Nimbus's own servers have counted for companies, in one batch.
    pub(super) async fn report(&self, usages: &[Value]) -> anyhow::Result<()> {
        if usages.is_empty() {
            return Ok(());
        }
        let events: Vec<Value> = usages
            .iter()
            .flat_map(|usage| {
                let tenant = &usage["tenant"];
                [
                    json!({"tenant": tenant, "type": "usage", "meter": "api_calls", "value": usage["calls"]}),
                    json!({"tenant": tenant, "type": "usage", "meter": "seats", "set": usage["seats"]}),
                ]
            })
            .collect();
        self.post_events(&self.nimbus.secret_key, &json!({ "events": events })).await
    }

    /// Says who somebody is.
    pub(super) async fn introduce(&self, company: &Company) -> anyhow::Result<()> {
        let said = company.people.iter().enumerate().map(|(place, person)| {
            json!({
                "tenant": company.tenant, "type": "identify", "user": person.user, "name": person.name, "role": person.role,
                "email": format!("{}@{}.example", person.user, company.tenant), "tz": company.zone, "owner": place == 0,
            })
        });
        let said: Vec<Value> = said.collect();
        self.post_events(&self.nimbus.secret_key, &json!({ "events": said })).await
    }

    async fn post_events(&self, key: &str, batch: &Value) -> anyhow::Result<()> {
        let answer = self.client.post_json(&format!("{}/v1/events", self.nimbus.worker), key, batch).await?;
        let refused = answer["rejected"].as_array().context("no receipt")?;
        ensure!(refused.is_empty(), "events were refused: {}", answer["rejected"]);
        Ok(())
    }

    pub(super) async fn stripe(&self, path: &str, fields: &[(&str, &str)]) -> anyhow::Result<Value> {
        Ok(self.client.post_form(&format!("{}/v1/{path}", self.nimbus.stripe), &self.nimbus.stripe_key, fields).await?)
    }

    /// Waits until the Worker has heard of what happened at Stripe.
    pub(super) async fn settle(&self) -> anyhow::Result<()> {
        self.client.post_json(&format!("{}/_sandbox/settle", self.nimbus.stripe), &self.nimbus.stripe_key, &json!({})).await?;
        Ok(())
    }
}
