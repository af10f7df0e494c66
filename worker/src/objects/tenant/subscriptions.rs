//! Reading subscriptions from Stripe and folding them in.
//!
//! Readings of one subscription may overlap. Each takes a ticket before it asks; what was asked later is newer, so an answer
//! with an older ticket than the last one folded is dropped.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use upcue_engine::history::Input;
use upcue_engine::map::Map;
use upcue_engine::plan::{MeterKind, MeterSource};
use upcue_engine::subscription::{Metered, Subscription};
use upcue_engine::time::Millis;
use upcue_engine::timeline::{Actor, Entry, What};
use upcue_engine::upgrade::state::Source;
use upcue_engine::usage::Bounds;

use super::super::turns::Turns;
use super::Core;
use super::store::{Step, Stored};
use crate::host;
use crate::problem::{ApiError, ApiResult, Code};
use crate::rpc::Fact;
use crate::stripe::client::Stripe;

/// Tickets of readings.
#[derive(Debug, Default)]
pub(super) struct Readings {
    next: Cell<u64>,
    /// By subscription: the ticket of the last reading folded.
    folded: RefCell<Map<u64>>,
    /// By subscription: who reads it.
    turns: RefCell<Map<Rc<Turns>>>,
}

impl Readings {
    fn turns(&self, subscription: &str) -> Rc<Turns> {
        Rc::clone(self.turns.borrow_mut().entry(subscription, Rc::default))
    }

    fn ticket(&self) -> u64 {
        self.next.set(self.next.get() + 1);
        self.next.get()
    }

    /// Whether a reading with this ticket is the newest so far; remembers it if so.
    fn is_newest(&self, subscription: &str, ticket: u64) -> bool {
        let mut folded = self.folded.borrow_mut();
        let last = folded.entry(subscription, || 0);
        let newest = ticket > *last;
        *last = ticket.max(*last);
        newest
    }
}

impl Core {
    /// Reads `subscription` again and folds it in; the ids of its prices. `customer` is whom the event was about.
    pub(super) async fn sync_subscription(&self, subscription: &str, customer: &str, api_key: &str) -> ApiResult<Vec<String>> {
        let stripe = Stripe::new(&self.env, api_key)?;
        let read = self.read_subscription(&stripe, subscription, Source::Webhook).await?;
        if read.customer != customer {
            let detail = format!("subscription {subscription} belongs to {}, not to {customer}", read.customer);
            return Err(ApiError::new(Code::StripeRefused, detail));
        }
        self.read_meters(&stripe).await?;
        Ok(read.items.iter().map(|i| i.price.clone()).collect())
    }

    /// Reads `subscription` from Stripe and folds it in; or shares a reading that began after this call.
    pub(super) async fn read_subscription(&self, stripe: &Stripe, subscription: &str, source: Source) -> ApiResult<Subscription> {
        let turns = self.readings.turns(subscription);
        if let Some(read) = turns.share(async || self.read_once(stripe, subscription, source).await).await? {
            return Ok(read);
        }
        self.with_loaded(|stored| Ok(stored.tenant.mirror.get(subscription).cloned()))?.ok_or_else(ApiError::unreadable)
    }

    async fn read_once(&self, stripe: &Stripe, subscription: &str, source: Source) -> ApiResult<Subscription> {
        let ticket = self.readings.ticket();
        let read = stripe.subscription(subscription).await?.ok_or_else(|| {
            let detail = format!("Stripe has no subscription {subscription}; it may be another account's or mode's");
            ApiError::new(Code::StripeRefused, detail)
        })?;
        self.take_reading(ticket, &read, source)?;
        Ok(read)
    }

    /// A ticket for an answer that will come with a subscription in it.
    pub(super) fn ticket(&self) -> u64 {
        self.readings.ticket()
    }

    /// Folds in what was asked for with `ticket`; answers whether nothing newer had been folded already.
    pub(super) fn take_reading(&self, ticket: u64, read: &Subscription, source: Source) -> ApiResult<bool> {
        let newest = self.readings.is_newest(&read.id, ticket);
        if newest && self.with_loaded(|stored| stored.fold(read, source, host::now()))? {
            self.push_snapshots();
        }
        Ok(newest)
    }

    /// Compares a subscription as it was just found at Stripe with the mirror. What differs is written down and mended; an
    /// upgrade on its way is no drift. The ids of those that differed. Others that are alive here are read again: Stripe does not list what has ended.
    pub(super) async fn compare_subscription(&self, found: &Subscription, api_key: &str) -> ApiResult<Vec<String>> {
        let stripe = Stripe::new(&self.env, api_key)?;
        let differs = self.with_loaded(|stored| Ok(stored.tenant.mirror.get(&found.id) != Some(found)))?;
        // The listing may be older than what a webhook has told meanwhile: only a reading of its own counts.
        let others = self.with_loaded(|stored| Ok(stored.alive(&found.customer)))?.into_iter().filter(|id| *id != found.id);
        let mut drifted = Vec::new();
        for id in differs.then(|| found.id.clone()).into_iter().chain(others) {
            if self.recheck_one(&stripe, &id).await? {
                drifted.push(id);
            }
        }
        self.read_meters(&stripe).await?;
        Ok(drifted)
    }

    /// Compares those subscriptions of a customer that are alive here; the ids of those that differed.
    pub(super) async fn recheck(&self, customer: &str, api_key: &str) -> ApiResult<Vec<String>> {
        let stripe = Stripe::new(&self.env, api_key)?;
        let mut drifted = Vec::new();
        for id in self.with_loaded(|stored| Ok(stored.alive(customer)))? {
            if self.recheck_one(&stripe, &id).await? {
                drifted.push(id);
            }
        }
        Ok(drifted)
    }

    /// Reads a subscription again; whether the mirror was another, which is written down.
    async fn recheck_one(&self, stripe: &Stripe, id: &str) -> ApiResult<bool> {
        let known = self.with_loaded(|stored| Ok(stored.tenant.mirror.get(id).cloned()))?;
        let read = self.read_subscription(stripe, id, Source::Sweep).await?;
        let drifted = known.as_ref() != Some(&read) && !known.is_some_and(|k| k.status.is_terminal());
        if drifted {
            let entry = Entry { at: host::now(), actor: Actor::Upcue, what: What::MirrorDrift { subscription: id.to_owned() } };
            self.with_loaded(|stored| stored.record(Step { entries: vec![entry], ..Step::default() }))?;
        }
        Ok(drifted)
    }

    /// Reads those meters from Stripe that the configuration has there.
    async fn read_meters(&self, stripe: &Stripe) -> ApiResult<()> {
        let wanted = self.with_loaded(|stored| Ok(stored.meters_at_stripe(host::now())))?;
        let mut changed = false;
        for Wanted { meter, id, customer, bounds } in wanted {
            let value = stripe.metered(&id, &customer, bounds).await?;
            let metered = Metered { value, bounds, at: host::now() };
            changed |= self.with_loaded(|stored| stored.put_metered(&meter, metered))?;
        }
        if changed {
            self.push_snapshots();
        }
        Ok(())
    }
}

/// A meter to be read from Stripe.
struct Wanted {
    meter: String,
    id: String,
    customer: String,
    bounds: Bounds,
}

impl Stored {
    /// Folds in a reading of a subscription; answers whether anything changed.
    fn fold(&mut self, read: &Subscription, source: Source, now: Millis) -> ApiResult<bool> {
        let rules = Rc::clone(&self.rules);
        let needed_since = self.tenant.counts.needs_since;
        let converted = self.tenant.counts.converted;
        let folded = self.tenant.fold(&rules, read, source, now);
        if !folded.changed {
            return Ok(false);
        }
        let mut facts = vec![Fact::Subscription {
            at: now,
            plan: self.tenant.mirror.plan(&rules.plans).map(|p| p.id.clone()),
            status: self.tenant.mirror.current().map(|s| s.status.word().to_owned()),
        }];
        let upgraded = folded.upgraded.as_ref().and_then(|id| self.tenant.upgrades.get(id));
        facts.extend(upgraded.map(|u| Fact::Upgrade(super::upgrades::fact(u, needed_since, now))));
        facts.extend(folded.conversion.map(|conversion| Fact::Converted(Box::new(conversion))));
        let settled = folded.upgraded.is_some();
        let answered = folded.other_plan;
        let entries = folded.entries;
        let inputs = self.tenant.counts.converted.filter(|at| Some(*at) != converted).map(Input::Converted).into_iter().collect();
        let mut step =
            Step { mirror: true, upgrades: settled, requests: answered, counts: answered, inputs, entries, facts, ..Step::default() };
        self.take_moved(&mut step, folded.mailed, now)?;
        self.record(step)?;
        Ok(true)
    }

    /// The ids of a customer's subscriptions that have not ended, as far as is known here.
    fn alive(&self, customer: &str) -> Vec<String> {
        self.tenant.mirror.all().filter(|s| s.customer == customer && !s.status.is_terminal()).map(|s| s.id.clone()).collect()
    }

    fn meters_at_stripe(&self, now: Millis) -> Vec<Wanted> {
        let Some(current) = self.tenant.mirror.current() else { return Vec::new() };
        let meters = self.rules.config.meters.iter().enumerate();
        let wanted = meters.filter_map(|(i, meter)| {
            let MeterSource::StripeMeter(event) = self.rules.source(i) else { return None };
            let MeterKind::Counter(period) = meter.kind else { return None };
            let bounds = Bounds::of(period, current.period, now);
            let id = self.rules.stripe_meters.get(event)?.clone();
            Some(Wanted { meter: meter.key.clone(), id, customer: current.customer.clone(), bounds })
        });
        wanted.collect()
    }

    fn put_metered(&mut self, meter: &str, metered: Metered) -> ApiResult<bool> {
        let known = self.tenant.mirror.metered.get(meter);
        if known.is_some_and(|k| (k.value, k.bounds) == (metered.value, metered.bounds)) {
            return Ok(false);
        }
        self.tenant.mirror.metered.insert(meter, metered);
        self.record(Step { mirror: true, ..Step::default() })?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_overtaken_reading_is_dropped() {
        let readings = Readings::default();
        let (first, second, third) = (readings.ticket(), readings.ticket(), readings.ticket());
        assert!(readings.is_newest("sub_1", second));
        assert!(!readings.is_newest("sub_1", first), "asked before, answered after");
        assert!(readings.is_newest("sub_1", third));
        assert!(readings.is_newest("sub_2", first), "another subscription");
    }
}
