//! The machine that an upgrade goes through: requested → upgraded | awaiting the customer | failed.
//!
//! The tenant's object is its one owner. `Requested` is stored before the gateway is asked, so whatever happens then (a lost
//! answer, a crash, the webhook overtaking) there is a record to come back to, with the key that makes asking again harmless.

use serde::{Deserialize, Serialize};

use super::quote::Quote;
use crate::subscription::{Invoice, Subscription};
use crate::time::{DAY, DurationMs, MINUTE, Millis, SECOND};
use crate::wire;

/// Upgrades remembered, so that a late retry gets the answer it missed.
const REMEMBERED: usize = 20;
/// How long Stripe's page is waited for.
const PATIENCE: DurationMs = DAY;
/// How long after it was requested an upgrade is looked at again by itself, should nobody ask.
const LOOK_AGAIN: DurationMs = 10 * SECOND;
/// How long after its quote has expired an interrupted change may still be sent again.
const RESEND: DurationMs = 2 * MINUTE;

/// A change that an admin confirmed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upgrade {
    /// `upg_…`; the gateway's idempotency key is made of it.
    pub id: String,
    /// The hash of the caller's idempotency key.
    pub key: u64,
    /// The user who confirmed.
    pub by: String,
    /// What was promised.
    pub quote: Quote,
    /// Where the browser goes after a hosted page.
    pub return_url: Option<String>,
    /// When it was confirmed.
    pub requested_at: Millis,
    /// How long the gateway took to answer, in all.
    pub gateway_ms: u32,
    /// Whether the customer was sent to Stripe's page.
    pub was_hosted: bool,
    /// How often it was taken up again by itself.
    pub recoveries: u32,
    /// When it is looked at again by itself, while it is only requested.
    pub look_at: Millis,
    /// How far it has come.
    pub state: State,
}

wire! { struct Upgrade {
    id, key, by, quote, return_url, requested_at, gateway_ms, was_hosted, recoveries, look_at, state,
} }

impl Upgrade {
    /// A confirmed quote that nothing has been done about yet.
    pub fn new(id: String, key: u64, by: String, quote: Quote, return_url: Option<String>, now: Millis) -> Self {
        Self {
            id,
            key,
            by,
            quote,
            return_url,
            requested_at: now,
            gateway_ms: 0,
            was_hosted: false,
            recoveries: 0,
            look_at: now.plus(LOOK_AGAIN),
            state: State::Requested,
        }
    }
}

/// How far an upgrade has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// The gateway is being asked.
    #[default]
    Requested,
    /// The customer must do something on Stripe's page.
    Awaiting(Awaiting),
    /// The subscription has the new price.
    Upgraded(Upgraded),
    /// Nothing was changed.
    Failed(Failed),
}

wire! { enum State { Requested, Awaiting(value), Upgraded(value), Failed(value) } }

/// What the customer must do, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Awaiting {
    /// Why.
    pub action: Action,
    /// Stripe's page.
    pub url: String,
    /// The Checkout session, which must end before another begins.
    pub session: Option<String>,
    /// Since when.
    pub since: Millis,
}

wire! { struct Awaiting { action, url, session, since } }

/// Why the customer is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// The bank wants to see them.
    Authentication,
    /// There is nothing to charge.
    PaymentMethod,
    /// There is no subscription yet.
    Checkout,
}

wire! { enum Action { Authentication, PaymentMethod, Checkout } }

impl Action {
    /// The stable word.
    pub fn code(self) -> &'static str {
        match self {
            Self::Authentication => "authentication",
            Self::PaymentMethod => "payment_method",
            Self::Checkout => "checkout",
        }
    }
}

/// How it became true.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upgraded {
    /// When we learned of it.
    pub at: Millis,
    /// What it was charged with, when it is known.
    pub invoice: Option<Invoice>,
    /// Who told.
    pub source: Source,
}

wire! { struct Upgraded { at, invoice, source } }

/// How a change became known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Source {
    /// The gateway's answer.
    Answer,
    /// A reading that a webhook caused.
    Webhook,
    /// A reading after an interruption.
    Recovery,
    /// The periodic comparison.
    Sweep,
}

wire! { enum Source { Answer, Webhook, Recovery, Sweep } }

impl Source {
    /// The stable word.
    pub fn code(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Webhook => "webhook",
            Self::Recovery => "recovery",
            Self::Sweep => "sweep",
        }
    }
}

/// Why nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// When.
    pub at: Millis,
    /// A stable code: `payment_failed`, `stripe_refused`, `stripe_unavailable`, `quote_stale`, `expired`, `superseded`.
    pub code: String,
    /// The bank's code, when it was the bank.
    pub decline_code: Option<String>,
    /// In words.
    pub detail: String,
    /// Stripe's page where the customer puts another card in.
    pub url: Option<String>,
}

wire! { struct Failed { at, code, decline_code, detail, url } }

impl Failed {
    /// A failure that was not the bank's.
    pub fn new(code: &str, detail: &str, at: Millis) -> Self {
        Self { at, code: code.to_owned(), decline_code: None, detail: detail.to_owned(), url: None }
    }
}

/// The upgrades of one tenant, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upgrades {
    all: Vec<Upgrade>,
}

wire! { struct Upgrades { all } }

/// What comes of a confirmation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begin {
    /// It is a new one, and the gateway is to be asked.
    New {
        /// The ids of those that were left for it.
        superseded: Vec<String>,
    },
    /// It was confirmed before, under this id: that one's answer is the answer.
    Known(String),
    /// Another change is on its way.
    Busy,
    /// The idempotency key was used for another quote.
    KeyReused,
}

/// What to do about an interrupted upgrade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// Ask the gateway again, under the same key.
    Resend,
    /// Its quote is too old for that: look whether the change was made.
    Read,
    /// For a day nothing could be found out: say so. Should it have been made after all, a reading will tell.
    GiveUp,
}

impl Upgrades {
    /// The upgrade of this id.
    pub fn get(&self, id: &str) -> Option<&Upgrade> {
        self.all.iter().find(|u| u.id == id)
    }

    /// Has the upgrades that `user` confirmed be nobody's, under the name `nobody`; answers whether there are any.
    pub fn disown(&mut self, user: &str, nobody: &str) -> bool {
        let mut some = false;
        for upgrade in self.all.iter_mut().filter(|upgrade| upgrade.by == user) {
            nobody.clone_into(&mut upgrade.by);
            some = true;
        }
        some
    }

    /// All, oldest first.
    pub fn all(&self) -> &[Upgrade] {
        &self.all
    }

    /// Whether one is on its way, so that another must wait.
    pub fn busy(&self) -> Option<&Upgrade> {
        self.all.iter().find(|u| u.state == State::Requested)
    }

    /// What came of a quote, or of one confirmed under the same key.
    pub fn confirmed(&self, quote: &str, key: u64) -> Option<Begin> {
        if let Some(known) = self.all.iter().rev().find(|u| u.key == key) {
            return Some(if known.quote.id == quote { Begin::Known(known.id.clone()) } else { Begin::KeyReused });
        }
        let same = self.all.iter().rev().find(|u| u.quote.id == quote)?;
        match same.state {
            State::Requested => Some(Begin::Busy),
            State::Failed(_) => None, // another card, the same promise: a new attempt
            State::Awaiting(_) | State::Upgraded(_) => Some(Begin::Known(same.id.clone())),
        }
    }

    /// Takes in a confirmed upgrade, unless it is one already or another is on its way.
    pub fn begin(&mut self, upgrade: Upgrade) -> Begin {
        if let Some(known) = self.confirmed(&upgrade.quote.id, upgrade.key) {
            return known;
        }
        if self.busy().is_some() {
            return Begin::Busy;
        }
        let mut superseded = Vec::new();
        for earlier in &mut self.all {
            if let State::Awaiting(_) = &earlier.state {
                superseded.push(earlier.id.clone());
                let failed = Failed::new("superseded", "Another upgrade was chosen instead.", upgrade.requested_at);
                earlier.state = State::Failed(failed);
            }
        }
        self.all.push(upgrade);
        let over = self.all.len().saturating_sub(REMEMBERED);
        self.all.drain(..over);
        Begin::New { superseded }
    }

    /// Adds to the time the gateway took.
    pub fn took(&mut self, id: &str, ms: DurationMs) {
        if let Some(upgrade) = self.find(id) {
            upgrade.gateway_ms = upgrade.gateway_ms.saturating_add(u32::try_from(ms).unwrap_or(0));
        }
    }

    /// The customer is needed; answers whether that is new.
    pub fn await_customer(&mut self, id: &str, awaiting: Awaiting) -> bool {
        let is_new = self.change(id, |state| *state == State::Requested, State::Awaiting(awaiting));
        if let Some(upgrade) = self.find(id).filter(|_| is_new) {
            upgrade.was_hosted = true;
        }
        is_new
    }

    /// It came to nothing; answers whether that is new.
    pub fn fail(&mut self, id: &str, failed: Failed) -> bool {
        self.change(id, |state| matches!(state, State::Requested | State::Awaiting(_)), State::Failed(failed))
    }

    /// Looks whether a reading of a subscription makes an upgrade true that was on its way; its id if so. What is upgraded
    /// already stays as it is, so that the answer and the webhook together tell of it once.
    pub fn settle(&mut self, read: &Subscription, source: Source, now: Millis) -> Option<String> {
        let upgrade = self.all.iter_mut().find(|u| u.is_made_true_by(read))?;
        // A change that asks for nothing makes no invoice: the newest is then an older one's.
        let before = upgrade.quote.change.as_ref().and_then(|c| c.invoice_before.as_ref());
        let invoice = read.latest_invoice.clone().filter(|i| Some(&i.id) != before);
        upgrade.state = State::Upgraded(Upgraded { at: now, invoice, source });
        Some(upgrade.id.clone())
    }

    /// What was interrupted and is due, and what to do about it. Each time it waits twice as long for the next: what stands
    /// in the way may be an outage of hours.
    pub fn interrupted(&mut self, now: Millis) -> Option<(&Upgrade, Recovery)> {
        let upgrade = self.all.iter_mut().find(|u| u.state == State::Requested && u.look_at <= now)?;
        upgrade.recoveries += 1;
        upgrade.look_at = now.plus(LOOK_AGAIN << upgrade.recoveries.min(7));
        let recovery = match now {
            _ if now.since(upgrade.requested_at) > PATIENCE => Recovery::GiveUp,
            _ if !upgrade.may_be_sent(now) => Recovery::Read,
            _ => Recovery::Resend,
        };
        Some((upgrade, recovery))
    }

    /// Gives up on customers who never came back; the ids of those upgrades.
    pub fn expire(&mut self, now: Millis) -> Vec<String> {
        let mut expired = Vec::new();
        for upgrade in &mut self.all {
            if matches!(&upgrade.state, State::Awaiting(a) if now.since(a.since) > PATIENCE) {
                upgrade.state = State::Failed(Failed::new("expired", "Stripe’s page was not completed within a day.", now));
                expired.push(upgrade.id.clone());
            }
        }
        expired
    }

    /// When something must be looked at again by itself.
    pub fn due(&self) -> Option<Millis> {
        let due = |u: &Upgrade| match &u.state {
            State::Requested => Some(u.look_at),
            State::Awaiting(a) => Some(a.since.plus(PATIENCE + 1)),
            State::Upgraded(_) | State::Failed(_) => None,
        };
        self.all.iter().filter_map(due).min()
    }

    fn find(&mut self, id: &str) -> Option<&mut Upgrade> {
        self.all.iter_mut().find(|u| u.id == id)
    }

    fn change(&mut self, id: &str, from: impl FnOnce(&State) -> bool, to: State) -> bool {
        match self.find(id) {
            Some(upgrade) if from(&upgrade.state) => {
                upgrade.state = to;
                true
            }
            _ => false,
        }
    }
}

impl Upgrade {
    /// Whether it may still be sent: not long after its quote has expired, whoever asks.
    pub fn may_be_sent(&self, now: Millis) -> bool {
        now <= self.quote.expires_at.plus(RESEND)
    }

    fn is_made_true_by(&self, read: &Subscription) -> bool {
        let open = matches!(self.state, State::Requested | State::Awaiting(_));
        let whole = read.status.grants_plan() && !read.terms.pending;
        let same = match &self.quote.change {
            Some(change) => read.id == change.subscription && read.has(&self.quote.price, self.quote.quantity),
            None => read.items.iter().any(|i| i.price == self.quote.price),
        };
        open && whole && same
    }

    /// How far the invoice is from what was promised, in minor units; `None` when there is no invoice to compare with.
    pub fn drift(&self) -> Option<i64> {
        match &self.state {
            State::Upgraded(Upgraded { invoice: Some(invoice), .. }) if self.quote.change.is_some() => {
                Some(invoice.amount_due.saturating_sub(self.quote.amount_due))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
