//! The frequency ledger over a network that loses, repeats, delays and overtakes: tabs that share a ledger, devices, a sender of mails at
//! the edge, stretches offline, clocks that are wrong.
//!
//! Beside the engine runs a model that remembers who has heard of what. The bound, as `docs/configuration.md` states it:
//!
//! > no window ever holds more than `max` plus the number of renders in it that the one who rendered last had not heard of.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};
use upcue_engine::almanac::Almanac;
use upcue_engine::campaign::{Cap, Scope, Unit, Window};
use upcue_engine::config::compile;
use upcue_engine::decision::Reason;
use upcue_engine::facts::Role;
use upcue_engine::hash::key;
use upcue_engine::ledger::{Ledger, Moment};
use upcue_engine::page::Page;
use upcue_engine::tenant::{Batch, Rulebook, Tenant, Viewer};
use upcue_engine::time::{DAY, HOUR, MINUTE, Millis, SECOND};
use upcue_engine::traits::TraitValue;
use upcue_engine::usage::{Event, EventKind, NoteKind, settle_time};
use upcue_engine::zone::UTC;

#[path = "browser/mod.rs"]
mod browser;
use browser::Browser;

/// 2025-06-18T10:30:00Z, a Wednesday.
const START: Millis = Millis(1_750_242_600_000);
const CAMPAIGNS: usize = 3;
const SEQUENCE: &str = "mails";
/// Whose devices there are, in what role, and how wrong their clocks are; each has two tabs.
const DEVICES: [(&str, Role, i64); 3] = [("ada", Role::Admin, -7 * HOUR), ("ada", Role::Admin, 0), ("bob", Role::Member, 40 * MINUTE)];
const TABS: usize = 2;

#[derive(Clone, Copy, Debug)]
enum Action {
    Wait(i64),
    /// A tab decides for a placement, and renders what it is told; whether it is then seen.
    Render {
        tab: usize,
        place: usize,
        seen: bool,
    },
    /// The tabs of a device hear what was told among them.
    Share(usize),
    /// A batch of a device arrives at the Worker: one of the first of its queue, which stays in it when its answer is lost.
    Send {
        device: usize,
        which: usize,
        answered: bool,
    },
    /// A batch is lost for good.
    Lose(usize),
    /// The Worker makes a frame for a tab.
    Tell(usize),
    /// A frame arrives there.
    Hear(usize),
    Offline(usize, bool),
    Mail(usize),
    /// Members' pages are told of the campaign for admins from now on, or no longer.
    Vip(bool),
}

fn actions() -> impl Strategy<Value = Vec<Action>> {
    let (tab, device) = (0..DEVICES.len() * TABS, 0..DEVICES.len());
    let action = prop_oneof![
        4 => prop_oneof![1..5 * SECOND, 1..20 * MINUTE, 1..9 * HOUR].prop_map(Action::Wait),
        6 => (tab.clone(), 0..CAMPAIGNS, any::<bool>()).prop_map(|(tab, place, seen)| Action::Render { tab, place, seen }),
        3 => device.clone().prop_map(Action::Share),
        4 => (device.clone(), 0..3_usize, any::<bool>()).prop_map(|(device, which, answered)| Action::Send { device, which, answered }),
        1 => device.clone().prop_map(Action::Lose),
        3 => tab.clone().prop_map(Action::Tell),
        3 => tab.prop_map(Action::Hear),
        1 => (device, any::<bool>()).prop_map(|(device, offline)| Action::Offline(device, offline)),
        1 => (0..2_usize).prop_map(Action::Mail),
        1 => any::<bool>().prop_map(Action::Vip),
    ];
    prop::collection::vec(action, 1..120)
}

fn caps() -> impl Strategy<Value = Vec<Value>> {
    let cap = (1..4_u8, prop_oneof![Just("10m"), Just("6h"), Just("2d"), Just("day"), Just("week"), Just("month")], any::<bool>());
    prop::collection::vec(
        cap.prop_map(|(max, window, tenant)| json!({"max": max, "window": window, "scope": if tenant { "tenant" } else { "user" }})),
        0..3,
    )
}

/// Of every campaign its caps, and those of all together. The last campaign is for admins, so that members' pages are not told of it,
/// but while the tenant is `vip`.
fn rules() -> impl Strategy<Value = Rulebook> {
    (prop::collection::vec(caps(), CAMPAIGNS), caps()).prop_map(|(caps, all)| {
        let campaigns = caps.into_iter().enumerate().map(|(i, caps)| {
            let audience = if i + 1 == CAMPAIGNS { "user.role == 'admin' || tenant.vip" } else { "true" };
            json!({"id": format!("c{i}"), "placement": format!("p{i}"), "audience": audience, "nudge": {"title": "t"}, "cap": caps})
        });
        let document =
            json!({"traits": {"tenant": {"vip": {"type": "bool"}}}, "campaigns": campaigns.collect::<Vec<_>>(), "frequency": {"cap": all}});
        let config = compile(&document.to_string()).unwrap_or_else(|problems| panic!("{problems:#?}"));
        Rulebook { version: 1, revision: 1, config, ..Rulebook::default() }
    })
}

/// A render, as the model knows it.
#[derive(Clone, Debug, PartialEq)]
struct Render {
    user: &'static str,
    /// The device; `None`: by mail.
    device: Option<usize>,
    campaign: u32,
    at: Millis,
}

/// By decision.
type Known = BTreeMap<u32, Render>;

fn learn(known: &mut Known, tag: u32, render: &Render) {
    let newest = known.entry(tag).or_insert_with(|| render.clone());
    newest.at = newest.at.max(render.at);
}

struct Tab {
    browser: Browser,
    known: Known,
    /// Frames on their way, with what the Worker knew.
    frames: Vec<(Page, Known)>,
}

#[derive(Default)]
struct Device {
    is_offline: bool,
    /// What one tab has told and the others have not heard.
    shared: Vec<(usize, u32, NoteKind, Render)>,
    /// Batches that the Worker has not confirmed.
    queue: Vec<(u64, EventKind, u32, Render)>,
    seq: u64,
}

struct World {
    rules: Rulebook,
    tenant: Tenant,
    /// What the Worker knows.
    edge: Known,
    /// What has happened.
    truth: Known,
    tabs: Vec<Tab>,
    devices: Vec<Device>,
    now: Millis,
    decisions: u32,
    is_vip: bool,
}

impl World {
    fn new(rules: Rulebook) -> Self {
        let tenant = Tenant { name: "acme".to_owned(), ..Tenant::default() };
        let open = |tab: usize| {
            let (user, role, wrong) = DEVICES[tab / TABS];
            let viewer = Viewer { user, role, client: client(tab / TABS), zone: &UTC };
            let browser = Browser::load(tenant.page(&rules, &viewer, START), START.plus(wrong));
            Tab { browser, known: Known::new(), frames: Vec::new() }
        };
        let tabs = (0..DEVICES.len() * TABS).map(open).collect();
        let devices = DEVICES.iter().map(|_| Device::default()).collect();
        Self { rules, tenant, edge: Known::new(), truth: Known::new(), tabs, devices, now: START, decisions: 0, is_vip: false }
    }

    fn act(&mut self, action: Action) -> Result<(), TestCaseError> {
        match action {
            Action::Wait(ms) => self.now = self.now.plus(ms),
            Action::Render { tab, place, seen } => self.render(tab, place, seen)?,
            Action::Share(device) => self.share(device),
            Action::Send { device, which, answered } if !self.devices[device].is_offline => self.send(device, which, answered),
            Action::Lose(device) => {
                let queue = &mut self.devices[device].queue;
                if !queue.is_empty() {
                    queue.remove(0);
                }
            }
            Action::Tell(tab) if !self.devices[tab / TABS].is_offline => self.tell(tab),
            Action::Hear(tab) if !self.devices[tab / TABS].is_offline => self.hear(tab),
            Action::Offline(device, offline) => {
                self.devices[device].is_offline = offline;
                self.tabs[device * TABS..(device + 1) * TABS].iter_mut().for_each(|tab| tab.frames.clear());
            }
            Action::Mail(user) => self.mail(["ada", "bob"][user])?,
            Action::Vip(vip) => self.be_vip(vip),
            Action::Send { .. } | Action::Tell(_) | Action::Hear(_) => {}
        }
        Ok(())
    }

    fn be_vip(&mut self, vip: bool) {
        let kind = EventKind::Identify { traits: vec![("vip".to_owned(), Some(TraitValue::Bool(vip)))] };
        let event = Event { index: 0, id: None, user: None, at: None, kind };
        self.tenant.apply(&self.rules, &Batch { events: vec![event], ..Batch::default() }, self.now);
        self.is_vip = vip;
    }

    fn device_time(&self, tab: usize) -> Millis {
        self.now.plus(DEVICES[tab / TABS].2)
    }

    fn render(&mut self, tab: usize, place: usize, seen: bool) -> Result<(), TestCaseError> {
        let (user, device) = (DEVICES[tab / TABS].0, self.device_time(tab));
        let (shown, reason) = self.tabs[tab].browser.decide(&format!("p{place}"), device);
        let Some(campaign) = shown else {
            prop_assert!(matches!(reason, Reason::Capped | Reason::AudienceFalse | Reason::AudienceUnknown), "{:?}", reason);
            return Ok(());
        };
        self.decisions += 1;
        let decision = format!("d{}", self.decisions);
        let tag = key(&decision);
        let at = self.tabs[tab].browser.session.now(device);
        let render = Render { user, device: Some(tab / TABS), campaign: campaign.gates.key, at };
        let caps: Vec<(Cap, Option<u32>)> = campaign.gates.caps.iter().map(|cap| (*cap, Some(campaign.gates.key))).collect();
        self.check(tag, &render, &self.tabs[tab].known.clone(), &caps)?;
        self.note(tab, tag, &decision, &campaign.id, NoteKind::Render, &render);
        if seen {
            let seen = Render { at: at.plus(SECOND), ..render };
            self.note(tab, tag, &decision, &campaign.id, NoteKind::Exposure, &seen);
        }
        Ok(())
    }

    /// What a tab does is known there at once, is told the other tabs, and waits to be sent.
    fn note(&mut self, tab: usize, tag: u32, decision: &str, campaign: &str, kind: NoteKind, render: &Render) {
        self.tabs[tab].browser.session.note(render.campaign, kind, Moment { at: render.at, tag });
        learn(&mut self.tabs[tab].known, tag, render);
        learn(&mut self.truth, tag, render);
        let device = &mut self.devices[tab / TABS];
        device.shared.push((tab, tag, kind, render.clone()));
        device.seq += 1;
        let event = EventKind::Note { kind, campaign: campaign.to_owned(), decision: Some(decision.to_owned()) };
        device.queue.push((device.seq, event, tag, render.clone()));
    }

    fn share(&mut self, device: usize) {
        for (from, tag, kind, render) in std::mem::take(&mut self.devices[device].shared) {
            for tab in (device * TABS..(device + 1) * TABS).filter(|tab| *tab != from) {
                self.tabs[tab].browser.session.note(render.campaign, kind, Moment { at: render.at, tag });
                learn(&mut self.tabs[tab].known, tag, &render);
            }
        }
    }

    fn send(&mut self, device: usize, which: usize, answered: bool) {
        let Some((seq, kind, tag, render)) = self.devices[device].queue.get(which).cloned() else { return };
        let (user, role, _) = DEVICES[device];
        let event = Event { index: 0, id: None, user: Some(user.to_owned()), at: Some(render.at), kind };
        let batch = Batch { client: Some((client(device), seq)), role: Some(role), events: vec![event] };
        let receipt = self.tenant.apply(&self.rules, &batch, self.now).receipt;
        assert_eq!((receipt.accepted + receipt.duplicates, receipt.rejected), (1, vec![]));
        if receipt.accepted == 1 {
            // What lies too far back is booked at the nearest moment that is believed.
            let render = Render { at: settle_time(Some(render.at), self.now), ..render };
            learn(&mut self.edge, tag, &render);
            learn(&mut self.truth, tag, &render);
        }
        if answered {
            self.devices[device].queue.remove(which);
        }
    }

    fn tell(&mut self, tab: usize) {
        let (user, role, _) = DEVICES[tab / TABS];
        let viewer = Viewer { user, role, client: client(tab / TABS), zone: &UTC };
        let page = self.tenant.page(&self.rules, &viewer, self.now);
        self.tabs[tab].frames.push((page, self.edge.clone()));
    }

    fn hear(&mut self, tab: usize) {
        let device = self.device_time(tab);
        let tab = &mut self.tabs[tab];
        if tab.frames.is_empty() {
            return;
        }
        let (page, known) = tab.frames.remove(0);
        tab.browser.hear(page, device);
        for (tag, render) in &known {
            learn(&mut tab.known, *tag, render);
        }
    }

    /// The Worker sends a mail, if the caps of all leave room: it goes by its own ledgers.
    fn mail(&mut self, user: &'static str) -> Result<(), TestCaseError> {
        let almanac = Almanac::of(&self.rules.config, &UTC, self.now);
        let nobody = Ledger::default();
        let own = self.tenant.users.get(user).map_or(&nobody, |user| &user.ledger);
        let leaves_room = |cap: &Cap| {
            let ledger = if cap.scope == Scope::User { own } else { &self.tenant.counts.ledger };
            ledger.allows(None, cap, &almanac, self.now)
        };
        if !self.rules.config.frequency.caps.iter().all(leaves_room) {
            return Ok(());
        }
        self.decisions += 1;
        let tag = key(&format!("mail {}", self.decisions));
        let render = Render { user, device: None, campaign: key(SEQUENCE), at: self.now };
        self.check(tag, &render, &self.edge.clone(), &[])?;
        let moment = Moment { at: self.now, tag };
        self.tenant.users.entry(user, Default::default).ledger.note(key(SEQUENCE), NoteKind::Render, moment);
        self.tenant.counts.ledger.note(key(SEQUENCE), NoteKind::Render, moment);
        learn(&mut self.edge, tag, &render);
        learn(&mut self.truth, tag, &render);
        Ok(())
    }

    /// The bound, as the render of `tag` is about to happen by somebody who has heard of `known`; `caps`: those of its campaign.
    fn check(&self, tag: u32, render: &Render, known: &Known, caps: &[(Cap, Option<u32>)]) -> Result<(), TestCaseError> {
        let all = self.rules.config.frequency.caps.iter().map(|cap| (*cap, None));
        for (cap, campaign) in caps.iter().copied().chain(all) {
            let since = begin(cap.window, render.at);
            let counts = |other: &Render| {
                other.at >= since
                    && campaign.is_none_or(|c| c == other.campaign)
                    && (cap.scope == Scope::Tenant || other.user == render.user)
            };
            let is_unseen = |tag: &u32| known.get(tag).is_none_or(|known| !counts(known));
            let there = |of_device: bool| {
                let others =
                    self.truth.iter().filter(|(other, r)| **other != tag && counts(r) && (!of_device || r.device == render.device));
                let others: Vec<&u32> = others.map(|(tag, _)| tag).collect();
                (others.len() + 1, others.into_iter().filter(|tag| is_unseen(tag)).count())
            };
            let (shown, unseen) = there(false);
            prop_assert!(shown <= usize::from(cap.max) + unseen, "{:?} {:?}: {} shown, {} unseen", cap, render, shown, unseen);
            // Whatever else: a device whose tabs have heard of each other keeps to it by itself.
            let (own, unheard) = there(true);
            prop_assert!(own <= usize::from(cap.max) + unheard, "{:?} {:?}: {} of its own, {} unheard", cap, render, own, unheard);
        }
        Ok(())
    }

    /// Everything that was not lost arrives everywhere.
    fn heal(&mut self) {
        for device in 0..DEVICES.len() {
            self.devices[device].is_offline = false;
            self.share(device);
            while !self.devices[device].queue.is_empty() {
                self.send(device, 0, true);
            }
        }
        for tab in 0..self.tabs.len() {
            self.tabs[tab].frames.clear();
            self.tell(tab);
            self.hear(tab);
        }
    }

    /// All ledgers count the same in every window, and the same as the model.
    fn agree(&mut self) -> Result<(), TestCaseError> {
        let is_told_of_all = !self.rules.config.frequency.caps.is_empty();
        let moments: Vec<Millis> = self.truth.values().map(|render| render.at).chain([START]).collect();
        for tab in 0..self.tabs.len() {
            let device = self.device_time(tab);
            let (user, role, _) = DEVICES[tab / TABS];
            let Tab { browser, known, .. } = &self.tabs[tab];
            let facts = browser.session.facts(device);
            let scene = browser.session.scene(&facts);
            let nobody = Ledger::default();
            let edge = self.tenant.users.get(user).map_or(&nobody, |user| &user.ledger);
            for since in &moments {
                for campaign in (0..CAMPAIGNS).map(|i| Some(key(&format!("c{i}")))).chain([None]) {
                    // A member's page is not told of a campaign for admins.
                    let is_told =
                        if campaign.is_some() { role == Role::Admin || self.is_vip || campaign != Some(key("c2")) } else { is_told_of_all };
                    if !is_told {
                        continue;
                    }
                    let count = |of_user: bool| {
                        let counts =
                            |r: &&Render| r.at >= *since && campaign.is_none_or(|c| c == r.campaign) && (!of_user || r.user == user);
                        known.values().filter(counts).count()
                    };
                    prop_assert_eq!(scene.user.met(campaign, *since), count(true));
                    prop_assert_eq!(scene.tenant.met(campaign, *since), count(false));
                    prop_assert_eq!(edge.met(campaign, *since), count(true));
                    prop_assert_eq!(self.tenant.counts.ledger.met(campaign, *since), count(false));
                }
            }
        }
        Ok(())
    }
}

fn client(device: usize) -> u64 {
    u64::try_from(device).expect("small") + 1
}

/// The first moment that counts, told without the engine's almanac.
fn begin(window: Window, at: Millis) -> Millis {
    let today = at.0.div_euclid(DAY);
    match window {
        Window::Rolling(length) => at.plus(1 - length),
        Window::Calendar(Unit::Day) => Millis(today * DAY),
        Window::Calendar(Unit::Week) => Millis((today - (today - 4).rem_euclid(7)) * DAY), // 1970-01-05, day 4, was a Monday
        Window::Calendar(Unit::Month) => upcue_engine::time::calendar_month(at).0,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_window_holds_more_than_its_cap_and_what_was_unseen(rules in rules(), actions in actions()) {
        let mut world = World::new(rules);
        for action in actions {
            world.act(action)?;
        }
    }

    #[test]
    fn once_everything_is_delivered_all_ledgers_agree(rules in rules(), actions in actions()) {
        let mut world = World::new(rules);
        for action in actions.into_iter().filter(|action| !matches!(action, Action::Lose(_))) {
            world.act(action)?;
        }
        world.heal();
        prop_assert_eq!(world.truth.len(), world.edge.len());
        world.agree()?;
    }

    #[test]
    fn a_device_that_hears_nothing_keeps_to_its_caps_by_itself(rules in rules(), places in prop::collection::vec((0..TABS, 0..CAMPAIGNS, 1..9 * HOUR), 1..60)) {
        let mut world = World::new(rules);
        world.act(Action::Offline(0, true))?;
        for (tab, place, wait) in places {
            world.act(Action::Render { tab, place, seen: true })?;
            world.share(0);
            world.act(Action::Wait(wait))?;
            for (cap, campaign) in (0..CAMPAIGNS).flat_map(|i| {
                let id = format!("c{i}");
                let rule = world.rules.config.campaigns.iter().find(|rule| rule.campaign.id == id).expect("it is there");
                rule.campaign.gates.caps.iter().map(|cap| (*cap, Some(key(&id)))).collect::<Vec<_>>()
            }).chain(world.rules.config.frequency.caps.iter().map(|cap| (*cap, None))) {
                let since = begin(cap.window, world.now);
                let shown = world.truth.values().filter(|r| r.at >= since && campaign.is_none_or(|c| c == r.campaign)).count();
                prop_assert!(shown <= usize::from(cap.max));
            }
        }
    }
}
