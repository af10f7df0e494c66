//! Upgrades: a confirmed quote becomes exactly one change at Stripe.
//!
//! What is confirmed is stored before Stripe is asked; everything after that can be lost and taken up again, by the client's
//! retry or by the alarm, under the same idempotency key. Two answers never race: one upgrade is on its way at a time.

use std::cell::Cell;
use std::rc::Rc;

use upcue_engine::subscription::Subscription;
use upcue_engine::tenant::{NewUpgrade, Unready};
use upcue_engine::time::Millis;
use upcue_engine::timeline::{Actor, Entry, What};
use upcue_engine::upgrade::gateway::Verdict;
use upcue_engine::upgrade::quote::{Change, Quote};
use upcue_engine::upgrade::state::{Action, Awaiting, Begin, Failed, Recovery, Source, State, Upgrade, Upgraded};

use super::Core;
use super::quotes::sold;
use super::store::{Step, Stored};
use crate::fault;
use crate::host;
use crate::problem::{ApiError, ApiResult, Code};
use crate::rpc::{AppCall, AppHead, Fact, UpgradeFact, UpgradeReport, app_object};
use crate::stripe::client::{Reply, Stripe};
use crate::stripe::upgrading::{Order, Session};

/// Whether an upgrade is being carried out by this very object, and not merely recorded as begun.
#[derive(Debug, Default)]
pub(super) struct Flight(Cell<bool>);

/// Held while an upgrade is carried out; let go of however that ends.
struct Airborne<'a>(&'a Cell<bool>);

impl Drop for Airborne<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

impl Flight {
    fn is_aloft(&self) -> bool {
        self.0.get()
    }

    fn take_off(&self) -> Option<Airborne<'_>> {
        (!self.0.replace(true)).then(|| Airborne(&self.0))
    }
}

/// What came of asking Stripe.
enum Outcome {
    /// The subscription was changed, or will be when its payment is in.
    Changed,
    /// The customer is needed.
    Awaits(Awaiting),
    /// Nothing was changed.
    Failed(Failed),
    /// It is not known.
    InDoubt,
}

impl Core {
    /// Confirms a quote.
    pub(super) async fn upgrade(&self, confirmed: Confirmed<'_>) -> ApiResult<UpgradeReport> {
        let Confirmed { user, token, key, return_url, api_key } = confirmed;
        let quote = self.with_loaded(|stored| stored.verify(token))?;
        let key = key.unwrap_or_else(|| upcue_engine::hash::hash64(quote.id.as_bytes()));
        let new = NewUpgrade { id: format!("upg_{}", host::name()?), key, by: user.to_owned(), quote, return_url };
        let id = new.id.clone();
        fault::at("upgrade.confirmed")?;
        self.end_earlier_page(&new, api_key).await?;
        let begin = self.with_loaded(|stored| stored.confirm(new, host::now()))?;
        fault::at("upgrade.requested")?;
        let (id, source) = match begin {
            Begin::New { .. } => (id, Source::Answer),
            // Should it only be requested, it was interrupted, and is taken up again.
            Begin::Known(known) => (known, Source::Recovery),
            Begin::Busy | Begin::KeyReused => return Err(busy()),
        };
        self.carry_out(&id, api_key, source).await?;
        self.with_loaded(|stored| stored.report(&id))
    }

    /// Ends the Checkout page that is left for another choice, so that it cannot be paid as well. Should it have been paid, the
    /// subscription is taken in, and the new choice is stale.
    async fn end_earlier_page(&self, new: &NewUpgrade, api_key: &str) -> ApiResult<()> {
        let Some(session) = self.with_loaded(|stored| Ok(stored.page_to_end(new)))? else { return Ok(()) };
        let stripe = Stripe::new(&self.env, api_key)?.insistent();
        match stripe.end_checkout(&session).await? {
            Session::Over => Ok(()),
            Session::Paid(subscription) => {
                self.read_subscription(&stripe, &subscription, Source::Recovery).await?;
                Err(ApiError::new(Code::QuoteStale, "the page you left was completed meanwhile; please look again"))
            }
        }
    }

    /// How far an upgrade has come. While the customer is awaited Stripe is asked: they may be back before the webhook.
    pub(super) async fn upgrade_state(&self, id: &str, api_key: &str) -> ApiResult<UpgradeReport> {
        let report = self.with_loaded(|stored| stored.report(id))?;
        let State::Awaiting(awaiting) = &report.upgrade.state else { return Ok(report) };
        let stripe = Stripe::new(&self.env, api_key)?;
        let subscription = match (&report.upgrade.quote.change, &awaiting.session) {
            (Some(change), _) => Some(change.subscription.clone()),
            (None, Some(session)) => stripe.paid_by(session).await?,
            (None, None) => None,
        };
        if let Some(subscription) = subscription {
            self.read_subscription(&stripe, &subscription, Source::Recovery).await?;
        }
        self.with_loaded(|stored| stored.report(id))
    }

    /// Takes up what was interrupted, and gives up on customers who never came back.
    pub(super) async fn recover(&self, app: &str) -> ApiResult<()> {
        let now = host::now();
        self.with_loaded(|stored| stored.expire(now))?;
        if self.flight.is_aloft() {
            return Ok(());
        }
        let interrupted = self.with_loaded(|stored| stored.interrupted(now))?;
        let Some((id, quote, recovery)) = interrupted else { return Ok(()) };
        let head: AppHead = app_object(&self.env, app)?.call(&AppCall::Head).await?;
        match (recovery, &quote.change) {
            (Recovery::Read, None) => self.settle(&id, Outcome::Failed(unavailable())),
            (Recovery::GiveUp, _) => self.settle(
                &id,
                Outcome::Failed(failed(
                    "stripe_unavailable",
                    "Stripe could not be reached for a day. Should the change have been made all the same, it will show here.",
                )),
            ),
            _ => self.carry_out(&id, &head.stripe.api_key, Source::Recovery).await,
        }
    }

    /// Asks Stripe, unless that was done or is being done.
    async fn carry_out(&self, id: &str, api_key: &str, source: Source) -> ApiResult<()> {
        let found = |stored: &mut Stored| Ok(stored.tenant.upgrades.get(id).cloned());
        let Some(upgrade) = self.with_loaded(found)?.filter(|u| u.state == State::Requested) else { return Ok(()) };
        let Some(_airborne) = self.flight.take_off() else { return Err(busy()) };
        let stripe = Stripe::new(&self.env, api_key)?.insistent();
        let outcome = match &upgrade.quote.change {
            Some(change) => self.change(&stripe, &upgrade, change, source).await?,
            None => self.open_checkout(&stripe, &upgrade).await?,
        };
        self.settle(id, outcome)
    }

    async fn change(&self, stripe: &Stripe, upgrade: &Upgrade, change: &Change, source: Source) -> ApiResult<Outcome> {
        let rules = self.with_loaded(|stored| Ok(Rc::clone(&stored.rules)))?;
        let quote = &upgrade.quote;
        let order = Order { change, price: &quote.price, quantity: quote.quantity, rules: &rules.config.upgrade };
        // Sent only to what the quote was made from: what an earlier sending has done, or somebody at Stripe, shows here first.
        let began = host::now();
        let read = self.read_subscription(stripe, &change.subscription, source).await;
        self.note_gateway(&upgrade.id, host::now().since(began))?;
        let Ok(read) = read else { return Ok(Outcome::InDoubt) };
        if read.has(&quote.price, quote.quantity) && !read.terms.pending {
            return Ok(Outcome::Changed);
        }
        if read.fingerprint() != change.fingerprint {
            return Ok(waits_or(&read, failed("quote_stale", "The subscription has changed since the quote; please look at it again.")));
        }
        if !upgrade.may_be_sent(host::now()) {
            return Ok(Outcome::Failed(unavailable()));
        }
        // Without a date that locks the proration its amount creeps with the seconds: it is looked at once more.
        if change.proration_date.is_none() && source == Source::Answer {
            let preview = stripe.preview(&order, rules.config.upgrade.proration.word()).await?;
            if preview.amount_due != quote.amount_due {
                return Ok(Outcome::Failed(failed("quote_stale", "The amount has changed since the quote; please look at it again.")));
            }
        }
        fault::at("upgrade.before_gateway")?;
        let ticket = self.ticket();
        let reply = stripe.change(&order, &format!("upcue-{}", upgrade.id)).await?;
        fault::at("upgrade.after_gateway")?;
        self.note_gateway(&upgrade.id, reply.took)?;
        match reply.verdict() {
            Verdict::Done if !reply.replayed => self.changed(stripe, &reply, ticket, change, source).await,
            // An old answer tells how things stood then, not how they stand.
            Verdict::Done => Ok(self.or_changed(stripe, change, None).await),
            // A failure that is kept under its key will never be another answer: only reading tells what it did.
            Verdict::Again if reply.replayed => Ok(self.or_changed(stripe, change, Some(unavailable())).await),
            Verdict::Again => Ok(Outcome::InDoubt),
            Verdict::Declined => {
                let url = self.card_page(stripe, upgrade, change).await;
                Ok(Outcome::Failed(Failed { url, ..declined(&reply) }))
            }
            // Whatever it refuses now (a revoked key, another form under the same key), an earlier sending may have been done.
            Verdict::Refused => Ok(self.or_changed(stripe, change, Some(failed("stripe_refused", &reply.words()))).await),
            Verdict::Authenticate => self.send_to_portal(stripe, &order, upgrade, Action::Authentication, &reply).await,
            Verdict::NoPaymentMethod => self.send_to_portal(stripe, &order, upgrade, Action::PaymentMethod, &reply).await,
        }
    }

    /// What a reading shows: that the change was made after all, that it waits for the customer, or else the failure. Settling
    /// says nothing of what has come true meanwhile.
    async fn or_changed(&self, stripe: &Stripe, change: &Change, failure: Option<Failed>) -> Outcome {
        match (self.read_subscription(stripe, &change.subscription, Source::Recovery).await, failure) {
            (Ok(read), Some(failure)) => waits_or(&read, failure),
            (Ok(read), None) if read.terms.pending => waits_or(&read, unavailable()),
            (Ok(_), None) => Outcome::Changed,
            (Err(_), _) => Outcome::InDoubt,
        }
    }

    /// Takes in the subscription that an answer brought. A pending update is no change yet: its invoice waits for the customer.
    async fn changed(&self, stripe: &Stripe, reply: &Reply, ticket: u64, change: &Change, source: Source) -> ApiResult<Outcome> {
        let read = crate::stripe::read_subscription(&reply.body);
        if let Some(read) = read.filter(|r| r.id == change.subscription) {
            let waits = read.terms.pending.then(|| waits_or(&read, unavailable()));
            if !self.take_reading(ticket, &read, source)? {
                // Something newer was folded meanwhile, perhaps from just before the change: only a fresh reading tells.
                self.read_subscription(stripe, &change.subscription, source).await?;
            }
            return Ok(waits.unwrap_or(Outcome::Changed));
        }
        self.read_subscription(stripe, &change.subscription, source).await?;
        Ok(Outcome::Changed)
    }

    /// Sends the customer to the portal, where they confirm the change with another card or under the bank's eyes. Where there
    /// is no such page (the portal is not set up, no address to come back to), the bank's words must do.
    async fn send_to_portal(
        &self,
        stripe: &Stripe,
        order: &Order<'_>,
        upgrade: &Upgrade,
        action: Action,
        reply: &Reply,
    ) -> ApiResult<Outcome> {
        let Some(back) = way_back(upgrade) else { return Ok(Outcome::Failed(declined(reply))) };
        match stripe.portal(order, &back, &format!("upcue-{}-portal", upgrade.id)).await {
            Ok(page) => Ok(Outcome::Awaits(Awaiting { action, url: page.url, session: None, since: host::now() })),
            Err(error) => {
                crate::log::background("portal", error.source().unwrap_or_else(|| error.code()));
                Ok(Outcome::Failed(declined(reply)))
            }
        }
    }

    /// The page where the customer puts another card in, if there is one to be had.
    async fn card_page(&self, stripe: &Stripe, upgrade: &Upgrade, change: &Change) -> Option<String> {
        let page = stripe.card_page(&change.customer, upgrade.return_url.as_ref()?).await;
        page.inspect_err(|error| crate::log::background("portal", error.source().unwrap_or_else(|| error.code()))).ok().map(|p| p.url)
    }

    async fn open_checkout(&self, stripe: &Stripe, upgrade: &Upgrade) -> ApiResult<Outcome> {
        let Some(back) = way_back(upgrade) else {
            return Ok(Outcome::Failed(failed("stripe_refused", "`return_url` is missing: where the browser goes after Stripe’s page")));
        };
        let app = self.with_loaded(|stored| Ok(stored.app().to_owned()))?;
        let customer: Option<String> = app_object(&self.env, &app)?.call(&AppCall::CustomerOf(upgrade.quote.tenant.clone())).await?;
        let began = host::now();
        fault::at("upgrade.before_gateway")?;
        let page = stripe.checkout(&upgrade.quote, customer.as_deref(), &back, &format!("upcue-{}", upgrade.id)).await;
        fault::at("upgrade.after_gateway")?;
        self.note_gateway(&upgrade.id, host::now().since(began))?;
        match page {
            Ok(page) => {
                Ok(Outcome::Awaits(Awaiting { action: Action::Checkout, url: page.url, session: Some(page.id), since: host::now() }))
            }
            Err(error) if error.code() == Code::StripeUnavailable.code() => Ok(Outcome::InDoubt),
            Err(error) => Ok(Outcome::Failed(failed("stripe_refused", &error.detail()))),
        }
    }

    /// Adds to the time that Stripe has taken.
    fn note_gateway(&self, id: &str, ms: i64) -> ApiResult<()> {
        self.with_loaded(|stored| {
            stored.tenant.upgrades.took(id, ms);
            Ok(())
        })
    }

    /// Writes down what came of it.
    fn settle(&self, id: &str, outcome: Outcome) -> ApiResult<()> {
        fault::at("upgrade.before_settled")?;
        self.with_loaded(|stored| stored.settle(id, outcome, host::now()))?;
        fault::at("upgrade.settled")
    }
}

/// What the app is told of a confirmation.
fn requested(new: &NewUpgrade, at: Millis) -> Fact {
    let NewUpgrade { id, quote, by, .. } = new;
    Fact::Requested { at, upgrade: id.clone(), quote: quote.id.clone(), plan: quote.plan.clone(), by: by.clone() }
}

/// A confirmation as it came in.
pub(super) struct Confirmed<'a> {
    pub(super) user: &'a str,
    pub(super) token: &'a str,
    pub(super) key: Option<u64>,
    pub(super) return_url: Option<String>,
    pub(super) api_key: &'a str,
}

impl Stored {
    /// Takes a confirmation in and writes it down before anything is done about it.
    fn confirm(&mut self, new: NewUpgrade, now: Millis) -> ApiResult<Begin> {
        let rules = Rc::clone(&self.rules);
        self.may_upgrade()?;
        let requested = requested(&new, now);
        match self.tenant.confirm(&rules, new, now) {
            Ok((begin, entries)) if entries.is_empty() => Ok(begin),
            Ok((begin, entries)) => {
                let mut facts = self.superseded(&begin, now);
                facts.push(requested);
                self.record(Step { upgrades: true, entries, facts, ..Step::default() })?;
                Ok(begin)
            }
            Err(Unready::Busy) => Err(busy()),
            Err(Unready::KeyReused) => Err(ApiError::new(
                Code::InvalidRequest,
                "this Idempotency-Key was used for another quote; make a new one for each confirmation",
            )),
            Err(Unready::AlreadyOnPlan) => Err(super::quotes::refused(&upcue_engine::upgrade::quote::Refusal::AlreadyOnPlan)),
            Err(Unready::Stale) => {
                Err(ApiError::new(Code::QuoteStale, "the plans, the subscription or the time have moved on since this quote was made"))
            }
        }
    }

    /// The Checkout page that a new choice leaves behind, if there is one.
    fn page_to_end(&self, new: &NewUpgrade) -> Option<String> {
        let upgrades = &self.tenant.upgrades;
        if upgrades.confirmed(&new.quote.id, new.key).is_some() {
            return None;
        }
        upgrades.all().iter().find_map(|u| if let State::Awaiting(a) = &u.state { a.session.clone() } else { None })
    }

    /// What the app is told of upgrades that were left for another.
    fn superseded(&self, begin: &Begin, now: Millis) -> Vec<Fact> {
        let Begin::New { superseded } = begin else { return Vec::new() };
        let left = superseded.iter().filter_map(|id| self.tenant.upgrades.get(id));
        left.map(|upgrade| Fact::Upgrade(fact(upgrade, self.tenant.counts.needs_since, now))).collect()
    }

    fn settle(&mut self, id: &str, outcome: Outcome, now: Millis) -> ApiResult<()> {
        let what = match outcome {
            Outcome::Awaits(awaiting) => {
                let action = awaiting.action.code().to_owned();
                let is_new = self.tenant.upgrades.await_customer(id, awaiting);
                is_new.then(|| What::UpgradeAwaits { upgrade: id.to_owned(), action })
            }
            Outcome::Failed(failed) => {
                let Failed { code, decline_code, detail, .. } = failed.clone();
                let is_new = self.tenant.upgrades.fail(id, failed);
                is_new.then(|| What::UpgradeFailed { upgrade: id.to_owned(), code, decline_code, detail })
            }
            Outcome::Changed | Outcome::InDoubt => None,
        };
        self.tell(id, what, now)
    }

    fn interrupted(&mut self, now: Millis) -> ApiResult<Option<(String, Quote, Recovery)>> {
        let found = self.tenant.upgrades.interrupted(now);
        let Some(found) = found.map(|(upgrade, recovery)| (upgrade.id.clone(), upgrade.quote.clone(), recovery)) else { return Ok(None) };
        self.record(Step { upgrades: true, ..Step::default() })?;
        Ok(Some(found))
    }

    fn expire(&mut self, now: Millis) -> ApiResult<()> {
        for id in self.tenant.upgrades.expire(now) {
            let detail = "Stripe’s page was not completed within a day.".to_owned();
            self.tell(&id, Some(What::UpgradeFailed { upgrade: id.clone(), code: "expired".to_owned(), decline_code: None, detail }), now)?;
        }
        Ok(())
    }

    fn tell(&mut self, id: &str, what: Option<What>, now: Millis) -> ApiResult<()> {
        let (Some(upgrade), Some(what)) = (self.tenant.upgrades.get(id), what) else { return Ok(()) };
        let ended = matches!(upgrade.state, State::Failed(_));
        let facts = if ended { vec![Fact::Upgrade(fact(upgrade, self.tenant.counts.needs_since, now))] } else { Vec::new() };
        let entries = vec![Entry { at: now, actor: Actor::User(upgrade.by.clone()), what }];
        self.record(Step { upgrades: true, entries, facts, ..Step::default() })
    }

    /// An upgrade, with the plans it leads between.
    pub(super) fn report(&self, id: &str) -> ApiResult<UpgradeReport> {
        let missing = || ApiError::new(Code::NotFound, "no upgrade of this id");
        let upgrade = self.tenant.upgrades.get(id).ok_or_else(missing)?.clone();
        let plans = &self.rules.plans;
        let Quote { plan, price, quantity, change, .. } = &upgrade.quote;
        let to = plans.iter().find(|p| p.id == *plan).map(|p| sold(p, price, *quantity));
        let from = match change {
            Some(c) => plans.iter().find(|p| p.price(&c.from_price).is_some()).map(|p| sold(p, &c.from_price, c.from_quantity)),
            None => self.rules.default_plan().map(|p| sold(p, "", 1)),
        };
        let config = &self.rules.config;
        Ok(UpgradeReport { upgrade, from, to, meters: config.meters.clone(), features: config.features.clone() })
    }
}

/// How an upgrade ended, for the app.
pub(super) fn fact(upgrade: &Upgrade, needed_since: Option<Millis>, now: Millis) -> UpgradeFact {
    let (failure, invoiced) = match &upgrade.state {
        State::Failed(failed) => (Some(failed.code.clone()), None),
        State::Upgraded(Upgraded { invoice, .. }) => (None, invoice.as_ref().map(|i| i.amount_due)),
        State::Requested | State::Awaiting(_) => (None, None),
    };
    let duration_ms = u32::try_from(now.since(upgrade.requested_at)).unwrap_or(u32::MAX);
    UpgradeFact {
        at: now,
        upgrade: upgrade.id.clone(),
        plan: upgrade.quote.plan.clone(),
        failure,
        duration_ms,
        gateway_ms: upgrade.gateway_ms,
        hosted: upgrade.was_hosted,
        quoted: upgrade.quote.amount_due,
        estimated: upgrade.quote.estimated,
        invoiced,
        currency: upgrade.quote.currency.clone(),
        needed_since,
    }
}

/// A pending update waits for the customer on its invoice's page; otherwise it is the failure.
fn waits_or(read: &Subscription, failure: Failed) -> Outcome {
    let page = read.latest_invoice.as_ref().and_then(|i| i.url.clone());
    match (read.terms.pending, page) {
        (false, _) => Outcome::Failed(failure),
        (true, Some(url)) => Outcome::Awaits(Awaiting { action: Action::Authentication, url, session: None, since: host::now() }),
        (true, None) => Outcome::InDoubt,
    }
}

/// Where the browser comes back to, with the upgrade's id.
fn way_back(upgrade: &Upgrade) -> Option<String> {
    let url = upgrade.return_url.as_ref()?;
    let (address, fragment) = url.split_once('#').map_or((url.as_str(), None), |(a, f)| (a, Some(f)));
    let joint = if address.contains('?') { '&' } else { '?' };
    let fragment = fragment.map(|f| format!("#{f}")).unwrap_or_default();
    Some(format!("{address}{joint}upcue_upgrade={}{fragment}", upgrade.id))
}

fn failed(code: &str, detail: &str) -> Failed {
    Failed::new(code, detail, host::now())
}

fn unavailable() -> Failed {
    failed("stripe_unavailable", "Stripe could not be reached. Nothing was changed and nothing was charged; please try again.")
}

/// The bank's reason, in the bank's words.
fn declined(reply: &Reply) -> Failed {
    let code = |at: &str| reply.body.pointer(at).and_then(serde_json::Value::as_str).map(str::to_owned);
    let decline_code = code("/error/decline_code").or_else(|| code("/error/code"));
    Failed { decline_code, ..failed("payment_failed", &reply.words()) }
}

fn busy() -> ApiError {
    ApiError::new(Code::UpgradeInProgress, "another upgrade of yours is on its way; ask again in a second")
}
