//! An admin's wish meets a tenant: is there a quote, and does it still hold when it is confirmed?

use super::{Rulebook, Tenant};
use crate::config::Proration;
use crate::subscription::Subscription;
use crate::time::Millis;
use crate::timeline::{Actor, Entry, What};
use crate::upgrade::estimate::{Estimate, Paying, estimate};
use crate::upgrade::quote::{Change, Quote, Refusal, Target, Wish, target};
use crate::upgrade::state::{Begin, Upgrade};

/// The name under which the upgrade flow is rolled out.
const FLOW: &str = "upgrade";

/// Why a confirmed quote is not acted upon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unready {
    /// Something it was made from has changed, or it has expired: a fresh one is needed.
    Stale,
    /// What it promises is what the tenant has.
    AlreadyOnPlan,
    /// Another change is on its way.
    Busy,
    /// The idempotency key was used for another quote.
    KeyReused,
}

/// A confirmation: who, of what, under which key.
#[derive(Clone, Debug)]
pub struct NewUpgrade {
    /// The id it gets, if it is a new one.
    pub id: String,
    /// The hash of the caller's idempotency key.
    pub key: u64,
    /// The user.
    pub by: String,
    /// What was promised.
    pub quote: Quote,
    /// Where the browser goes after a hosted page.
    pub return_url: Option<String>,
}

impl Tenant {
    /// Whether the upgrade flow is on for this tenant.
    pub fn may_upgrade(&self, rules: &Rulebook) -> bool {
        rules.config.upgrade.rollout.includes(FLOW, &self.name)
    }

    /// Reads a wish against what there is.
    pub fn target<'a>(&'a self, rules: &'a Rulebook, wish: &Wish<'_>) -> Result<Target<'a>, Refusal> {
        target(&rules.plans, rules.default_plan(), rules.currency(), self.mirror.current(), wish)
    }

    /// What a target will cost today by our own reckoning. A trial goes on and costs nothing.
    pub fn estimate(&self, rules: &Rulebook, target: &Target<'_>, now: Millis) -> Option<Estimate> {
        let current = self.mirror.current();
        if target.from.is_some() && !target.new_period && rules.config.upgrade.proration == Proration::CreateProrations {
            return Some(Estimate { credit: 0, charge: 0 }); // it waits for the next invoice
        }
        if current.is_some_and(|s| s.terms.discounted) {
            return None; // what coupons take off is Stripe's to say
        }
        if current.is_some_and(|s| s.trial_end.is_some_and(|end| end > now)) {
            return Some(Estimate { credit: 0, charge: 0 });
        }
        let paying = target.from.and_then(|(plan, item)| {
            let (price, period) = (plan.price(&item.price)?, current?.period?);
            Some(Paying { price, quantity: item.quantity, period })
        });
        if target.from.is_some() && paying.is_none() {
            return None;
        }
        estimate(paying, target.price, target.quantity, now)
    }

    /// The change that a target means, of the subscription as it is now.
    pub fn change(&self, target: &Target<'_>, now: Millis) -> Option<Change> {
        let (_, item) = target.from?;
        let subscription = self.mirror.current()?;
        // Where a new period begins with the change, Stripe refuses a date for the proration.
        let anchored = target.new_period && subscription.terms.flexible;
        Some(Change {
            subscription: subscription.id.clone(),
            customer: subscription.customer.clone(),
            item: item.id.clone(),
            from_price: item.price.clone(),
            from_quantity: item.quantity,
            proration_date: (!anchored).then(|| now.0.div_euclid(crate::time::SECOND)),
            resumes: subscription.cancel_at_period_end,
            fingerprint: subscription.fingerprint(),
            invoice_before: subscription.latest_invoice.as_ref().map(|i| i.id.clone()),
        })
    }

    /// Takes in a confirmation, or says why it cannot be. A quote that was confirmed before is answered as before, however
    /// old it is by now.
    pub fn confirm(&mut self, rules: &Rulebook, new: NewUpgrade, now: Millis) -> Result<(Begin, Vec<Entry>), Unready> {
        match self.upgrades.confirmed(&new.quote.id, new.key) {
            Some(Begin::Busy) => return Err(Unready::Busy),
            Some(Begin::KeyReused) => return Err(Unready::KeyReused),
            Some(known) => return Ok((known, Vec::new())),
            None => {}
        }
        let current = self.mirror.current();
        if current.is_some_and(|s| s.status.grants_plan() && s.has(&new.quote.price, new.quote.quantity)) {
            return Err(Unready::AlreadyOnPlan);
        }
        if self.upgrades.busy().is_some() {
            return Err(Unready::Busy);
        }
        if !self.holds(rules, &new.quote, current, now) {
            return Err(Unready::Stale);
        }
        let NewUpgrade { id, key, by, quote, return_url } = new;
        let what = What::UpgradeRequested {
            upgrade: id.clone(),
            plan: quote.plan.clone(),
            price: quote.price.clone(),
            quantity: quote.quantity,
            amount_due: quote.amount_due,
            currency: quote.currency.clone(),
        };
        let entry = Entry { at: now, actor: Actor::User(by.clone()), what };
        let begin = self.upgrades.begin(Upgrade::new(id, key, by.clone(), quote, return_url, now));
        let Begin::New { superseded } = &begin else { return Ok((begin, Vec::new())) };
        let left = superseded.iter().map(|upgrade| What::UpgradeFailed {
            upgrade: upgrade.clone(),
            code: "superseded".to_owned(),
            decline_code: None,
            detail: "Another upgrade was chosen instead.".to_owned(),
        });
        let left = left.map(|what| Entry { at: now, actor: Actor::User(by.clone()), what });
        Ok((begin.clone(), left.chain([entry]).collect()))
    }

    fn holds(&self, rules: &Rulebook, quote: &Quote, current: Option<&Subscription>, now: Millis) -> bool {
        let same = match (&quote.change, current) {
            (Some(change), Some(s)) => change.subscription == s.id && change.fingerprint == s.fingerprint(),
            (None, None) => true,
            _ => false,
        };
        same && quote.tenant == self.name && quote.catalogue == rules.catalogue && now < quote.expires_at
    }
}
