//! A month of an app: its tenants run into limits, upgrade, unsubscribe; nudges are shown and mails are sent, until all is quiet. Everything
//! is pure, so a month passes as fast as it can be computed, and is the same every time.

use std::rc::Rc;

use upcue_engine::campaign::{Scope, Window};
use upcue_engine::config::compile;
use upcue_engine::facts::Role;
use upcue_engine::hash::{hash_parts, key};
use upcue_engine::ledger::Moment;
use upcue_engine::sequence::{Letter, Moved, Outcome, Seen, What};
use upcue_engine::subscription::{Item, Status, Subscription};
use upcue_engine::tenant::{Batch, Rulebook, Tenant};
use upcue_engine::time::{DAY, HOUR, Millis};
use upcue_engine::upgrade::state::Source;
use upcue_engine::usage::{Event, EventKind, NoteKind, Reading};
use upcue_engine::zone::Zone;

/// 2025-03-10T00:00:00Z, a Monday. Clocks are changed in Europe on the 30th.
const START: Millis = Millis(1_741_564_800_000);
const CHANGED: Millis = Millis(1_743_296_400_000);
/// How far east tenants' admins are, before and after clocks are changed.
const ZONES: [(&str, i64, i64); 5] =
    [("Europe/Berlin", 1, 2), ("Africa/Accra", 0, 0), ("America/Bogota", -5, -5), ("Asia/Tokyo", 9, 9), ("Australia/Brisbane", 10, 10)];
/// When mails may leave, by the recipient's clocks.
const DAYTIME: std::ops::Range<i64> = 8..20;

const DOCUMENT: &str = r#"{
  "meters": {"calls": {"kind": "counter", "period": "month"}},
  "plans": {"source": "inline", "list": [{"id": "free", "rank": 0, "limits": {"calls": 100}}, {"id": "pro", "rank": 1, "prices": ["price_pro"]}]},
  "signals": [{"id": "quota", "builtin": "limit_approaching", "meter": "calls"}, {"id": "over", "builtin": "limit_reached", "meter": "calls"}],
  "campaigns": [{"id": "quota", "placement": "p", "audience": "signal.quota.active", "nudge": {"title": "t"}, "holdout": 0.1}],
  "frequency": {"cap": [{"max": 3, "window": "7d"}], "quiet_hours": {"from": "20:00", "to": "08:00"}, "zone": "user"},
  "email": {"from": {"address": "hello@nimbus.example"}, "postal_address": "1 Cloud Street"},
  "templates": {"quota": {"subject": "s", "html": "<p>t</p>"}, "pace": {"subject": "s", "html": "<p>t</p>"}, "last": {"subject": "s", "html": "<p>t</p>"}, "over": {"subject": "s", "html": "<p>t</p>"}},
  "sequences": [
    {"id": "quota", "enter": "signal.quota.active", "exit": "converted || !signal.quota.active", "digest": "1h",
     "steps": [{"after": "0s", "template": "quota"}, {"after": "2d", "template": "pace"}, {"after": "5d", "template": "last"}]},
    {"id": "over", "enter": "signal.over.active", "priority": 1, "steps": [{"after": "0s", "template": "over"}, {"after": "next_morning", "template": "pace"}]}
  ]
}"#;

/// What came of a month.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) entered: u32,
    pub(crate) sent: u32,
    /// How many of these say more than one thing.
    pub(crate) merged: u32,
    pub(crate) ghosts: u32,
    pub(crate) converted: u32,
    pub(crate) nudges: u32,
    /// What was wrong, in words; nothing.
    pub(crate) wrong: Vec<String>,
    /// The largest row of any tenant, in bytes.
    pub(crate) largest: usize,
    /// A hash of all that was sent, to whom, and when.
    pub(crate) seal: u64,
}

/// Chance that is the same every time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(self.0 >> 33).unwrap_or(0) % n
    }
}

struct Life<'r> {
    rules: &'r Rulebook,
    zones: &'r [(&'static str, Rc<Zone>)],
    tenant: Tenant,
    now: Millis,
    /// Who has met something, and when: nudges and mails.
    met: Vec<(String, Millis)>,
    has_upgraded: bool,
    refused: Vec<String>,
    report: &'r mut Report,
}

/// Lets so many tenants live for so many days.
pub(crate) fn simulate(tenants: u32, days: i64) -> Report {
    let config = compile(DOCUMENT).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let plans = config.inline_plans.clone().unwrap_or_default();
    let rules = Rulebook { version: 1, revision: 1, config, plans, ..Rulebook::default() };
    let zone = |(name, before, after): (&'static str, i64, i64)| {
        (name, Rc::new(Zone { changes: vec![(Millis(0), before * HOUR), (CHANGED, after * HOUR)] }))
    };
    let zones = ZONES.map(zone);
    let mut report = Report::default();
    for n in 0..tenants {
        let name = format!("t{n}");
        let mut chance = Chance(hash_parts(&["a month", &name]));
        let mut tenant = Tenant { name, ..Tenant::default() };
        tenant.profile.first_seen = Some(START.plus(-DAY));
        let mut life = Life {
            rules: &rules,
            zones: &zones,
            tenant,
            now: START,
            met: Vec::new(),
            has_upgraded: false,
            refused: Vec::new(),
            report: &mut report,
        };
        life.begin(&mut chance);
        life.pass(days, &mut chance);
    }
    report
}

impl Life<'_> {
    /// One to three admins somewhere.
    fn begin(&mut self, chance: &mut Chance) {
        let (zone, ..) = ZONES[usize::try_from(chance.below(5)).unwrap_or(0)];
        for user in ["ada", "bob", "eve"].iter().take(usize::try_from(1 + chance.below(3)).unwrap_or(1)) {
            let seen =
                Seen { email: Some(format!("{user}@acme.example")), tz: Some(zone.to_owned()), role: Some(Role::Admin), ..Seen::default() };
            self.tenant.mailing.know(user, &seen, self.now);
            self.tenant.users.insert(user, upcue_engine::tenant::User::default());
        }
    }

    /// Something happens every few days.
    fn pass(&mut self, days: i64, chance: &mut Chance) {
        let end = START.plus(days * DAY);
        loop {
            let next = self.now.plus(chance.below(8 * DAY));
            if next >= end {
                break;
            }
            self.wait(next);
            match chance.below(12) {
                0..=8 => self.use_up(u64::try_from(20 + chance.below(40)).unwrap_or(20)),
                9 => self.upgrade(),
                10 => self.unsubscribe(),
                _ => self.nudge(),
            }
        }
        self.wait(end.plus(60 * DAY));
        if self.tenant.mailing.due().is_some() {
            self.wrong("something is still to come");
        }
        self.report.largest = self.report.largest.max(upcue_engine::wire::encode(&self.tenant.mailing).len());
    }

    fn wrong(&mut self, what: &str) {
        self.report.wrong.push(format!("{} at {:?}: {what}", self.tenant.name, self.now));
    }

    fn moves(&mut self, step: impl FnOnce(&mut Tenant, &Rulebook, &dyn Fn(&str) -> Rc<Zone>, Millis) -> Moved) -> Vec<Letter> {
        let zones = self.zones;
        let of = |name: &str| zones.iter().find(|(known, _)| *known == name).map(|(_, zone)| Rc::clone(zone)).unwrap_or_default();
        let Moved { told, letters, .. } = step(&mut self.tenant, self.rules, &of, self.now);
        for told in told {
            match told.what {
                What::Entered => self.report.entered += 1,
                What::Ghost => self.report.ghosts += 1,
                _ => {}
            }
        }
        letters
    }

    fn wait(&mut self, until: Millis) {
        while let Some(due) = self.tenant.mailing.due().filter(|due| *due <= until) {
            self.now = self.now.max(due);
            for letter in self.moves(|tenant, rules, zones, now| tenant.draw(rules, zones, now)) {
                for letter in self.moves(|tenant, rules, zones, now| tenant.sending(rules, zones, &letter.id, true, now)) {
                    self.send(&letter);
                    self.moves(|tenant, rules, zones, now| tenant.settled(rules, zones, &letter.id, Outcome::Sent { id: None }, now));
                }
            }
        }
        self.now = until;
    }

    fn send(&mut self, letter: &Letter) {
        let tz = self.tenant.mailing.contact(&letter.recipient).and_then(|contact| contact.tz.clone()).unwrap_or_default();
        let offset =
            ZONES.iter().find(|(name, ..)| *name == tz).map_or(0, |(_, before, after)| if self.now < CHANGED { *before } else { *after });
        let hour = self.now.plus(offset * HOUR).0.rem_euclid(DAY) / HOUR;
        if !DAYTIME.contains(&hour) {
            self.wrong(&format!("a mail at {hour} o'clock"));
        }
        if self.has_upgraded {
            self.wrong("a mail after the upgrade");
        }
        if self.refused.contains(&letter.recipient) {
            self.wrong("a mail that nobody wants");
        }
        let is_low = self.tenant.detected.signals.get("quota").is_some_and(|state| state.active);
        if letter.parts.iter().any(|part| part.sequence == "quota") && !is_low {
            self.wrong("a mail after the exit");
        }
        self.meet(&letter.recipient);
        self.report.sent += 1;
        self.report.merged += u32::from(letter.parts.len() > 1);
        let seal = self.report.seal.to_string();
        self.report.seal = hash_parts(&[&seal, &self.tenant.name, &letter.id, &self.now.0.to_string()]);
    }

    /// Somebody meets a nudge or a mail; three a week at most.
    fn meet(&mut self, user: &str) {
        self.met.push((user.to_owned(), self.now));
        let since = self.now.plus(-7 * DAY);
        let met = self.met.iter().filter(|(who, at)| who == user && *at > since).count();
        if met > 3 {
            self.wrong(&format!("{user} is prompted {met} times in a week"));
        }
    }

    fn advance(&mut self) {
        self.tenant.detect(self.rules, self.now);
        self.moves(|tenant, rules, zones, now| tenant.advance(rules, zones, None, now));
        let now = self.now;
        self.wait(now); // what nothing holds back goes at once
    }

    fn use_up(&mut self, n: u64) {
        let kind = EventKind::Usage { meter: "calls".to_owned(), reading: Reading::Add(n) };
        let event = Event { index: 0, id: None, user: None, at: None, kind };
        self.tenant.apply(self.rules, &Batch { events: vec![event], ..Batch::default() }, self.now);
        self.advance();
    }

    fn upgrade(&mut self) {
        let item = Item { id: "si_1".to_owned(), price: "price_pro".to_owned(), product: "pro".to_owned(), quantity: 1 };
        let (id, status) = ("sub_1".to_owned(), Status::parse("active"));
        let read = Subscription { id, status, items: vec![item], created: self.now, ..Subscription::default() };
        self.tenant.fold(self.rules, &read, Source::Webhook, self.now);
        self.report.converted += u32::from(!self.has_upgraded);
        self.has_upgraded = true;
        self.advance();
    }

    fn unsubscribe(&mut self) {
        self.tenant.mailing.unsubscribe("ada", None, self.now);
        self.refused.push("ada".to_owned());
    }

    fn nudge(&mut self) {
        let user = &self.tenant.users.get("ada").map(|user| user.ledger.clone()).unwrap_or_default();
        let caps = &self.rules.config.frequency.caps;
        let allows = |cap: &upcue_engine::campaign::Cap| {
            let ledger = if cap.scope == Scope::User { user } else { &self.tenant.counts.ledger };
            let Window::Rolling(length) = cap.window else { return false };
            ledger.met(None, self.now.plus(1 - length)) < usize::from(cap.max)
        };
        if caps.iter().all(allows) {
            let moment = Moment { at: self.now, tag: key(&self.now.0.to_string()) };
            self.tenant.users.entry("ada", Default::default).ledger.note(key("quota"), NoteKind::Render, moment);
            self.tenant.counts.ledger.note(key("quota"), NoteKind::Render, moment);
            self.report.nudges += 1;
            self.meet("ada");
        }
    }
}
