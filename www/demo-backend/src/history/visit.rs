//! One of a company's people uses the product in a browser: is shown what the Worker decides, and does something about it.

use fastrand::Rng;
use serde_json::{Value, json};

use super::company::{Company, Person};
use super::taste::{self, Reaction};
use super::world::World;
use crate::client::refusal;
use crate::tokens::Role;

/// How long "later" is.
const LATER: i64 = 24 * 60 * 60_000;

pub(super) struct Visit<'v> {
    world: &'v World,
    company: &'v Company,
    person: &'v Person,
    at: i64,
    rng: Rng,
    token: String,
    /// The page's name, and how many batches it has sent.
    page: String,
    sent: u64,
}

/// Where somebody is on the way to a larger plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Interest {
    None,
    /// They compare plans.
    Compares,
}

impl<'v> Visit<'v> {
    pub(super) fn begin(world: &'v World, company: &'v Company, person: usize, at: i64, rng: Rng) -> anyhow::Result<Self> {
        let person = &company.people[person % company.people.len()];
        let token = world.token(company, person, at)?;
        let page = format!("{}-{}-{}", company.tenant, person.user, company.next_visit());
        Ok(Self { world, company, person, at, rng, token, page, sent: 0 })
    }

    /// Works with the product for a while.
    pub(super) async fn look_around(mut self) -> anyhow::Result<()> {
        let calls = self.rng.u64(1..12);
        self.company.used(calls);
        let mut events = vec![json!({"type": "usage", "meter": "api_calls", "value": calls})];
        let tries_sso = self.company.wants_sso && self.company.plan() < 2 && self.rng.f64() < 0.3;
        if tries_sso {
            events.push(json!({"type": "track", "name": "premium_feature_blocked"}));
        }
        self.send(&events).await?;
        let told = self.world.get(&self.token, "/v1/decisions").await?;
        let mut interest = Interest::None;
        let mut events = Vec::new();
        for (placement, opens) in [("app.header", 1.0), ("team.panel", taste::OPENS_TEAM), ("settings.sso", taste::OPENS_SETTINGS)] {
            let comes_by = self.rng.f64() < opens || (tries_sso && placement == "settings.sso");
            let decision = told["decisions"].as_array().into_iter().flatten().find(|decision| decision["placement"] == placement);
            if let Some(decision) = decision.filter(|_| comes_by) {
                interest = interest.max(self.meet(placement, decision, &mut events));
            }
        }
        if !events.is_empty() {
            self.send(&events).await?;
        }
        if interest == Interest::Compares { self.compare().await } else { Ok(()) }
    }

    /// Opens the link of a letter, which says so to the page.
    pub(super) async fn come_from(mut self, reference: &str) -> anyhow::Result<()> {
        self.send(&[json!({"type": "click", "ref": reference})]).await?;
        self.compare().await
    }

    /// Comes by a placement; what the page tells of it joins `events`.
    fn meet(&mut self, placement: &str, decision: &Value, events: &mut Vec<Value>) -> Interest {
        let trace = || decision["trace"].as_array().into_iter().flatten();
        let sees = self.rng.f64() < taste::SEES;
        // Whom the control group keeps from seeing it would have seen it here.
        let ahead = trace().take_while(|account| account["reason"] != "match");
        for account in ahead.filter(|account| sees && account["reason"] == "held_out") {
            events.push(self.event("ghost_exposure", &account["campaign"], &account["variant"], placement));
        }
        let Some(campaign) = decision["campaign"].as_str() else { return Interest::None };
        let variant = trace().find(|account| account["campaign"] == campaign).map_or(&Value::Null, |account| &account["variant"]);
        let (done, interest) = if sees { self.react(campaign) } else { (vec!["render"], Interest::None) };
        events.extend(done.into_iter().map(|kind| self.event(kind, &decision["campaign"], variant, placement)));
        interest
    }

    /// What is done about a nudge that is seen, in the order it is done.
    fn react(&mut self, campaign: &str) -> (Vec<&'static str>, Interest) {
        let Reaction { follows, dismisses, snoozes } = taste::reaction(campaign);
        let chance = self.rng.f64();
        let mut done = vec!["render", "exposure"];
        if chance < follows {
            done.push("click");
            return (done, Interest::Compares);
        }
        if chance < follows + dismisses {
            done.push("dismiss");
        } else if chance < follows + dismisses + snoozes {
            done.push("snooze");
        }
        (done, Interest::None)
    }

    fn event(&self, kind: &str, campaign: &Value, variant: &Value, placement: &str) -> Value {
        let mut event = json!({"type": kind, "campaign": campaign, "decision": format!("{}-{placement}", self.page)});
        if variant.is_string() {
            event["variant"] = variant.clone();
        }
        if kind == "snooze" {
            event["until"] = json!(self.at + LATER);
        }
        event
    }

    /// Compares plans: an admin may buy, the others may ask for it.
    async fn compare(mut self) -> anyhow::Result<()> {
        let Some(larger) = self.world.plans.get(self.company.plan() + 1) else { return Ok(()) };
        if self.person.role == Role::Member {
            if self.rng.f64() < taste::ASKS_ADMIN {
                self.post("/v1/upgrade-requests", &json!({"plan": larger.product})).await?;
            }
            return Ok(());
        }
        if self.rng.f64() >= taste::ASKS_PRICE {
            return Ok(());
        }
        let Some(quote) = self.post("/v1/upgrade/quotes", &json!({"plan": larger.product, "price": larger.price})).await? else {
            return Ok(());
        };
        if self.rng.f64() < taste::buys(self.company.load()) {
            let done = self.post("/v1/upgrades", &json!({"quote": quote["token"], "return_url": "http://127.0.0.1/billing"})).await?;
            if done.is_some_and(|done| done["status"] == "upgraded") {
                self.company.upgraded();
            }
        }
        Ok(())
    }

    /// Something that may be refused: a card does not work, somebody else was faster.
    async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Option<Value>> {
        let address = format!("{}{path}", self.world.nimbus.worker);
        let answer = self.world.client.try_post(&address, &self.token, &self.page, body).await?;
        match answer.status.as_u16() {
            200..300 => Ok(Some(answer.body)),
            402 | 409 => Ok(None),
            _ => anyhow::bail!("{address}: {}", refusal(answer.status, &answer.body)),
        }
    }

    async fn send(&mut self, events: &[Value]) -> anyhow::Result<()> {
        self.sent += 1;
        self.world.events(&self.token, &self.page, self.sent, events).await
    }
}
