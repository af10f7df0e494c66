//! The host as the engine's tests play it: a tenant's object, the clock, and a provider of mail that can fail in every way.
#![allow(dead_code, reason = "every test takes what it needs")]

use std::collections::BTreeMap;
use std::rc::Rc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;
use upcue_engine::config::compile;
use upcue_engine::facts::Role;
use upcue_engine::sequence::{Letter, Moved, Outcome, Seen, Told, What};
use upcue_engine::subscription::{Item, Status, Subscription};
use upcue_engine::tenant::{Batch, Rulebook, Tenant};
use upcue_engine::time::{DAY, Millis, SECOND};
use upcue_engine::traits::TraitValue;
use upcue_engine::upgrade::state::Source;
use upcue_engine::usage::{Event, EventKind};
use upcue_engine::wire::{decode, encode};
use upcue_engine::zone::{UTC, Zone};

/// What a provider does with what it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    /// It sends and says so.
    Good,
    /// It sends, and nobody hears its answer.
    Silent,
    /// It does not send, and nobody hears why.
    Deaf,
    /// It does not send now.
    Busy,
    /// It never will.
    Refusing,
    /// It does not know the address.
    Homeless,
}

/// A mail that has arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mail {
    pub(crate) at: Millis,
    pub(crate) letter: Letter,
}

impl Mail {
    /// The templates in it.
    pub(crate) fn templates(&self) -> Vec<&str> {
        self.letter.parts.iter().map(|part| part.template.as_str()).collect()
    }
}

pub(crate) struct Post {
    pub(crate) rules: Rulebook,
    pub(crate) tenant: Tenant,
    pub(crate) now: Millis,
    pub(crate) mood: Mood,
    /// Whether the provider knows keys.
    pub(crate) is_idempotent: bool,
    /// What has arrived.
    pub(crate) mails: Vec<Mail>,
    pub(crate) told: Vec<Told>,
    zones: BTreeMap<String, Rc<Zone>>,
}

/// Rules of this document; every tenant is on the free plan of two.
pub(crate) fn rules(document: &Value) -> Rulebook {
    let mut document = document.clone();
    document["plans"] = serde_json::json!({"source": "inline", "list": [
        {"id": "free", "rank": 0, "limits": {}}, {"id": "pro", "rank": 1, "prices": ["price_pro"]}]});
    let config = compile(&document.to_string()).unwrap_or_else(|problems| panic!("{document}\n{problems:#?}"));
    let plans = config.inline_plans.clone().unwrap_or_default();
    Rulebook { version: 1, revision: 1, config, plans, ..Rulebook::default() }
}

/// The moment that clocks in `zone` show so.
pub(crate) fn moment(local: &str, zone: &str) -> Millis {
    let civil: jiff::civil::DateTime = local.parse().expect(local);
    let zoned = civil.to_zoned(TimeZone::get(zone).expect(zone)).expect("a moment");
    Millis(zoned.timestamp().as_millisecond())
}

/// What clocks in `zone` show then.
pub(crate) fn shown(at: Millis, zone: &str) -> jiff::civil::DateTime {
    Timestamp::from_millisecond(at.0).expect("in range").to_zoned(TimeZone::get(zone).expect(zone)).datetime()
}

/// The zone as a host tells it.
pub(crate) fn zone(name: &str, now: Millis) -> Zone {
    let Ok(of) = TimeZone::get(name) else { return UTC.clone() };
    let stamp = |at: Millis| Timestamp::from_millisecond(at.0).expect("in range");
    let (from, until) = (now.plus(-100 * DAY), now.plus(400 * DAY));
    let offset = |at: Millis| i64::from(of.to_offset(stamp(at)).seconds()) * SECOND;
    let following = of.following(stamp(from)).map(|change| Millis(change.timestamp().as_millisecond()));
    let changes = [from].into_iter().chain(following.take_while(|at| *at < until));
    Zone { changes: changes.map(|at| (at, offset(at))).collect() }
}

/// What comes of a letter that ended on its way.
pub(crate) fn called_back() -> Outcome {
    Outcome::Later { detail: "it was called back".to_owned(), wait: None }
}

impl Post {
    pub(crate) fn new(document: &Value, now: Millis) -> Self {
        Self::with(rules(document), "acme", now)
    }

    pub(crate) fn with(rules: Rulebook, tenant: &str, now: Millis) -> Self {
        let mut tenant = Tenant { name: tenant.to_owned(), ..Tenant::default() };
        tenant.profile.first_seen = Some(now.plus(-DAY));
        Self { rules, tenant, now, mood: Mood::Good, is_idempotent: true, mails: Vec::new(), told: Vec::new(), zones: BTreeMap::new() }
    }

    /// The zones of everybody known, looked up before the engine is asked.
    fn zones(&mut self) -> BTreeMap<String, Rc<Zone>> {
        let named = self.tenant.mailing.contacts.iter().filter_map(|contact| contact.tz.clone());
        let configured = match &self.rules.config.frequency.zone {
            upcue_engine::config::Clock::Zone(name) => Some(name.clone()),
            upcue_engine::config::Clock::User => None,
        };
        for name in named.chain(configured).collect::<Vec<_>>() {
            let now = self.now;
            self.zones.entry(name.clone()).or_insert_with(|| Rc::new(zone(&name, now)));
        }
        self.zones.clone()
    }

    /// Has the engine do something, and takes note of it.
    fn moves(&mut self, step: impl FnOnce(&mut Tenant, &Rulebook, &dyn Fn(&str) -> Rc<Zone>, Millis) -> Moved) -> Vec<Letter> {
        let zones = self.zones();
        let before = (self.tenant.mailing.clone(), self.tenant.counts.ledger.clone());
        let of = |name: &str| zones.get(name).cloned().unwrap_or_else(|| Rc::new(UTC.clone()));
        let moved = step(&mut self.tenant, &self.rules, &of, self.now);
        // What the host is not told it does not store.
        assert!(moved.changed || before.0 == self.tenant.mailing, "changed, and not told");
        assert!(!moved.spent.is_empty() || before.1 == self.tenant.counts.ledger, "spent, and not told");
        self.told.extend(moved.told);
        moved.letters
    }

    pub(crate) fn know(&mut self, user: &str, role: Role, tz: Option<&str>) {
        let seen = Seen { email: Some(format!("{user}@acme.example")), role: Some(role), tz: tz.map(str::to_owned), ..Seen::default() };
        self.tenant.mailing.know(user, &seen, self.now);
        self.tenant.meet(user, self.now);
    }

    /// Detects and goes on, as after everything that comes in.
    pub(crate) fn advance(&mut self, by: Option<&str>) {
        self.tenant.detect(&self.rules, self.now);
        self.moves(|tenant, rules, zones, now| tenant.advance(rules, zones, by, now));
    }

    /// Takes in that the tenant's trait is so, as an event of `by`.
    pub(crate) fn set(&mut self, key: &str, value: bool, by: Option<&str>) {
        self.identify(None, key, value);
        self.advance(by);
    }

    pub(crate) fn identify(&mut self, user: Option<&str>, key: &str, value: bool) {
        let traits = vec![(key.to_owned(), Some(TraitValue::Bool(value)))];
        let event = Event { index: 0, id: None, user: user.map(str::to_owned), at: None, kind: EventKind::Identify { traits } };
        let applied = self.tenant.apply(&self.rules, &Batch { events: vec![event], ..Batch::default() }, self.now);
        assert_eq!(applied.receipt.rejected, [], "{key}");
    }

    /// The tenant takes the plan above.
    pub(crate) fn upgrade(&mut self) {
        let item = Item { id: "si_1".to_owned(), price: "price_pro".to_owned(), product: "pro".to_owned(), quantity: 1 };
        let read = Subscription {
            id: "sub_1".to_owned(),
            status: Status::parse("active"),
            items: vec![item],
            created: self.now,
            ..Subscription::default()
        };
        let folded = self.tenant.fold(&self.rules, &read, Source::Webhook, self.now);
        self.told.extend(folded.mailed.told);
        self.advance(None);
    }

    pub(crate) fn draw(&mut self) -> Vec<Letter> {
        self.moves(|tenant, rules, zones, now| tenant.draw(rules, zones, now))
    }

    /// The letter that is now being sent; `None` where it may not be.
    pub(crate) fn sending(&mut self, id: &str) -> Option<Letter> {
        let is_idempotent = self.is_idempotent;
        self.moves(|tenant, rules, zones, now| tenant.sending(rules, zones, id, is_idempotent, now)).pop()
    }

    /// From now on the provider may have the letter; whether it may.
    pub(crate) fn handing(&mut self, id: &str) -> bool {
        let is_idempotent = self.is_idempotent;
        is_idempotent || !self.moves(|tenant, rules, zones, now| tenant.handing(rules, zones, id, now)).is_empty()
    }

    pub(crate) fn settled(&mut self, id: &str, outcome: Outcome) {
        self.moves(|tenant, rules, zones, now| tenant.settled(rules, zones, id, outcome, now));
    }

    /// The provider is asked; what it answers.
    pub(crate) fn ask(&mut self, letter: &Letter) -> Outcome {
        // One without keys refuses before it has all of a letter.
        let has_it = matches!(self.mood, Mood::Good | Mood::Silent | Mood::Deaf);
        if has_it && !self.handing(&letter.id) { called_back() } else { self.hand_over(letter) }
    }

    /// What the provider answers that has been given all of a letter.
    pub(crate) fn hand_over(&mut self, letter: &Letter) -> Outcome {
        let detail = || "as the provider says".to_owned();
        let is_known = self.is_idempotent && self.mails.iter().any(|mail| mail.letter.id == letter.id);
        if matches!(self.mood, Mood::Good | Mood::Silent) && !is_known {
            self.mails.push(Mail { at: self.now, letter: letter.clone() });
        }
        match self.mood {
            Mood::Good => Outcome::Sent { id: Some(format!("msg_{}", self.mails.len())) },
            Mood::Silent | Mood::Deaf => Outcome::Unknown { detail: detail() },
            Mood::Busy => Outcome::Later { detail: detail(), wait: None },
            Mood::Refusing => Outcome::Refused { detail: detail(), address: false },
            Mood::Homeless => Outcome::Refused { detail: detail(), address: true },
        }
    }

    /// Sends what is due.
    pub(crate) fn pump(&mut self) {
        for letter in self.draw() {
            if let Some(letter) = self.sending(&letter.id) {
                let outcome = self.ask(&letter);
                self.settled(&letter.id, outcome);
            }
        }
    }

    /// Lets time go on to `until`, doing what is due when it is due.
    pub(crate) fn run(&mut self, until: Millis) {
        for _ in 0..10_000 {
            let Some(due) = self.tenant.mailing.due().filter(|due| *due <= until) else {
                self.now = self.now.max(until);
                return;
            };
            self.now = self.now.max(due);
            self.pump();
        }
        panic!("it never comes to rest: {:#?}", self.tenant.mailing);
    }

    /// The object ends and starts again: only what was stored is left.
    pub(crate) fn crash(&mut self) {
        let mailing = &mut self.tenant.mailing;
        *mailing = decode(&encode(mailing)).expect("what was written can be read");
        mailing.recover(self.now);
    }

    /// What has arrived: when by the clocks of `zone`, to whom, and of which templates.
    pub(crate) fn arrived(&self, zone: &str) -> Vec<(String, &str, Vec<&str>)> {
        let of = |mail: &'_ Mail| shown(mail.at, zone).strftime("%d %H:%M").to_string();
        self.mails.iter().map(|mail| (of(mail), mail.letter.recipient.as_str(), mail.templates())).collect()
    }

    /// Why things ended, were left out, or failed, in order.
    pub(crate) fn reasons(&self) -> Vec<&'static str> {
        let of = |told: &Told| match told.what {
            What::Left(reason) | What::Barred(reason) | What::Skipped(reason) | What::Failed(reason) | What::Cancelled(reason) => {
                Some(reason.code())
            }
            _ => None,
        };
        self.told.iter().filter_map(of).collect()
    }
}
