//! A browser that loads a page: what the core does with numbers and the shell with names, without either's language.
#![allow(dead_code, reason = "not every test that opens a page needs all of it")]

use upcue_engine::campaign::Campaign;
use upcue_engine::decision::Reason;
use upcue_engine::entitlement::Entitlement;
use upcue_engine::hash::key;
use upcue_engine::ledger::Moment;
use upcue_engine::page::Page;
use upcue_engine::session::Session;
use upcue_engine::snapshot::{Frame, Snapshot};
use upcue_engine::template::{Template, plain};
use upcue_engine::time::Millis;
use upcue_engine::usage::{EventKind, NoteKind, Reading};

/// One page, and the names of what its core numbers.
#[derive(Clone)]
pub(crate) struct Browser {
    pub(crate) session: Session,
    /// As last told in whole.
    pub(crate) page: Page,
    /// The hash of the rules it was last told.
    pub(crate) known: u64,
}

impl Browser {
    /// A page that loads at `device` time, from what travels on the wire.
    pub(crate) fn load(page: Page, device: Millis) -> Self {
        let (frame, known) = page.frame(None);
        let Frame { rules: Some(rules), live } = read(&frame) else { panic!("a snapshot was sent") };
        Self { session: Session::new(Snapshot { rules, live }, device), page, known }
    }

    /// Hears how things stand at the Worker.
    pub(crate) fn hear(&mut self, page: Page, device: Millis) {
        let (frame, known) = page.frame(Some(self.known));
        self.known = known;
        if self.session.apply(&frame, device).expect("our own frame is readable") {
            self.page = page;
        }
    }

    /// Something happens in the page.
    pub(crate) fn happen(&mut self, kind: &EventKind, device: Millis) {
        let meter = |name: &str| self.page.meters.iter().position(|meter| meter.key == name);
        match kind {
            EventKind::Usage { meter: name, reading } => match (meter(name), reading) {
                (Some(meter), Reading::Add(n)) => self.session.count(meter, false, *n, device),
                (Some(meter), Reading::Set(n)) => self.session.count(meter, true, *n, device),
                (None, _) => {}
            },
            EventKind::Track { name, .. } => {
                if let Some(event) = self.page.events.iter().position(|event| event == name) {
                    self.session.track(event, device);
                }
            }
            EventKind::Note { kind, campaign, decision } => self.note(campaign, *kind, decision.as_deref(), device),
            EventKind::Identify { .. } => {} // only back ends say this
        }
    }

    fn note(&mut self, campaign: &str, kind: NoteKind, decision: Option<&str>, device: Millis) {
        let at = self.session.now(device);
        let tag = decision.map_or_else(|| key(&format!("{campaign} {}", at.0)), key);
        self.session.note(key(campaign), kind, Moment { at, tag });
    }

    /// What is shown at a placement, and why.
    pub(crate) fn decide(&mut self, placement: &str, device: Millis) -> (Option<Campaign>, Reason) {
        let Some(place) = self.session.place(key(placement)) else { return (None, Reason::NoCampaign) };
        let decision = self.session.decide(place, device);
        (decision.campaign.map(|i| self.page.campaigns[i].clone()), decision.reason)
    }

    /// Why each campaign of a placement is or is not shown.
    pub(crate) fn trace(&mut self, placement: &str, device: Millis) -> Vec<(String, Reason)> {
        let Some(place) = self.session.place(key(placement)) else { return Vec::new() };
        let trace: Vec<(usize, Reason)> = (0..).map_while(|i| self.session.trace(place, i, device)).collect();
        trace.into_iter().map(|(i, reason)| (self.page.campaigns[i].id.clone(), reason)).collect()
    }

    /// Whether the meter or feature named `key` may be used.
    pub(crate) fn entitlement(&self, key: &str, device: Millis) -> Entitlement {
        if let Some(meter) = self.page.meters.iter().position(|meter| meter.key == key) {
            return self.session.meter(meter, device).map_or(Entitlement::UNKNOWN, |meter| Entitlement::meter(&meter));
        }
        let feature = self.page.features.iter().position(|feature| feature.key == key);
        feature.map_or(Entitlement::UNKNOWN, |feature| self.session.feature(feature))
    }

    /// A text as people read it; empty when it lacks a value.
    pub(crate) fn text(&self, text: &Template, device: Millis) -> String {
        text.fill(&self.session.facts(device)).map(|marked| plain(&marked)).unwrap_or_default()
    }
}

fn read(frame: &[u8]) -> Frame {
    Frame::decode(frame).expect("our own frame is readable")
}
