//! The engine's [`Session`] and [`Transport`] as the page's script sees them.
//!
//! Only numbers, strings and one kind of bytes (frames) cross this boundary: no JSON, no objects, no exceptions. Times are
//! milliseconds of the *device's* clock unless a name says otherwise; `-1` stands for "none". Enumerations cross as their
//! position in the engine's `ALL` tables, repeated in `js/words.ts`, which a test compares.
#![cfg_attr(target_arch = "wasm32", no_std)]
#![warn(missing_docs)]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

extern crate alloc;

mod numbers;

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use upcue_engine::campaign::{Campaign, NudgeKind};
use upcue_engine::decision::{Decision, Reason};
use upcue_engine::entitlement::{Entitlement, EntitlementReason};
use upcue_engine::session::Session;
use upcue_engine::snapshot::{DecodeError, Frame};
use upcue_engine::transport::{Next, Transport, Verdict};
use upcue_engine::usage::NoteKind;
use wasm_bindgen::prelude::wasm_bindgen;

use numbers::{count, millis, number, option, position};

#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

/// A panic ends the module without a word: the standard library's way to word it costs 600 bytes on the wire. None
/// is meant to happen (see the lints above); one that does reaches the page as a `RuntimeError`.
#[cfg(target_arch = "wasm32")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

/// One page's session and queue policy.
#[wasm_bindgen]
#[derive(Debug, Default)]
pub struct Core {
    session: Option<Session>,
    transport: Transport,
}

/// Answers of [`Core::apply`].
const APPLIED_LIVE: u8 = 0;
const APPLIED_SNAPSHOT: u8 = 1;
const REFUSED_DAMAGED: u8 = 2;
const REFUSED_FORMAT: u8 = 3;
const REFUSED_EARLY: u8 = 4;

#[wasm_bindgen]
impl Core {
    /// Knows nothing yet: every decision is "none", every entitlement granted.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in a frame. 0: facts are new; 1: everything is new; 2: damaged; 3: of another format; 4: facts before any
    /// snapshot. What is refused changes nothing.
    pub fn apply(&mut self, frame: &[u8], device: f64) -> u8 {
        let device = millis(device);
        match (Frame::decode(frame), &mut self.session) {
            (Ok(frame), Some(session)) => {
                if session.apply(frame, device) {
                    APPLIED_SNAPSHOT
                } else {
                    APPLIED_LIVE
                }
            }
            (Ok(Frame::Snapshot(snapshot)), none) => {
                *none = Some(Session::new(*snapshot, device));
                APPLIED_SNAPSHOT
            }
            (Ok(Frame::Live(_)), None) => REFUSED_EARLY,
            (Err(DecodeError::Damaged), _) => REFUSED_DAMAGED,
            (Err(DecodeError::Format), _) => REFUSED_FORMAT,
        }
    }

    /// The Worker's time.
    pub fn now(&self, device: f64) -> f64 {
        let device = millis(device);
        number(self.session.as_ref().map_or(device, |s| s.now(device)).0)
    }

    /// Counts `n` more on a counter.
    pub fn add(&mut self, meter: &str, n: f64, device: f64) {
        if let Some(session) = &mut self.session {
            session.add(meter, count(n), millis(device));
        }
    }

    /// Shows `n` on a gauge.
    pub fn set(&mut self, meter: &str, n: f64, device: f64) {
        if let Some(session) = &mut self.session {
            session.set(meter, count(n), millis(device));
        }
    }

    /// Counts a tracked event.
    pub fn track(&mut self, name: &str, device: f64) {
        if let Some(session) = &mut self.session {
            session.track(name, millis(device));
        }
    }

    /// Records what the user did: 0 exposure, 1 click, 2 dismiss, 3 snooze (until `until`); `at` and `until` by the
    /// Worker's clock.
    pub fn note(&mut self, campaign: &str, kind: u8, at: f64, until: f64) {
        let kind = match kind {
            0 => NoteKind::Exposure,
            1 => NoteKind::Click,
            2 => NoteKind::Dismiss,
            _ => NoteKind::Snooze(millis(until)),
        };
        if let Some(session) = &mut self.session {
            session.note(campaign, kind, millis(at));
        }
    }

    /// Says whether a campaign is on display in this page.
    pub fn display(&mut self, campaign: usize, shown: bool) {
        if let Some(session) = &mut self.session {
            session.display(campaign, shown);
        }
    }

    /// Decides: the position of the campaign plus one (0: none) in the lower half, the reason in the upper.
    pub fn decide(&mut self, placement: &str, device: f64) -> u32 {
        let none = Decision { campaign: None, reason: Reason::NoCampaign };
        let decision = self.session.as_mut().map_or(none, |s| s.decide(placement, millis(device)));
        pack(decision.campaign.map_or(0, |i| i + 1), decision.reason)
    }

    /// Of every campaign of `placement`, packed as by [`decide`](Core::decide).
    pub fn trace(&mut self, placement: &str, device: f64) -> Vec<u32> {
        let trace = self.session.as_mut().map(|s| s.trace(placement, millis(device))).unwrap_or_default();
        trace.into_iter().map(|(i, reason)| pack(i + 1, reason)).collect()
    }

    /// The name of a campaign.
    pub fn campaign(&self, i: usize) -> Option<String> {
        Some(self.at(i)?.id.clone())
    }

    /// The form of a campaign's nudge.
    pub fn kind(&self, i: usize) -> u8 {
        self.at(i).map_or(0, |c| position(&NudgeKind::ALL, c.nudge.kind))
    }

    /// What the app is told when a campaign's call to action is followed; none without one.
    pub fn action(&self, i: usize) -> Option<String> {
        Some(self.at(i)?.nudge.cta.as_ref()?.action.clone())
    }

    /// A text of a campaign with its values marked (0 title, 1 body, 2 the button); none when it is empty or incomplete.
    pub fn text(&self, i: usize, field: u8, device: f64) -> Option<String> {
        let nudge = &self.at(i)?.nudge;
        let template = match field {
            0 => &nudge.title,
            1 => &nudge.body,
            _ => &nudge.cta.as_ref()?.label,
        };
        template.fill(&self.session.as_ref()?.facts(millis(device))).filter(|text| !text.is_empty())
    }

    /// A meter as `[value, limit, soft limit, resets at (the Worker's clock)]`; none when it is unknown.
    pub fn meter(&self, key: &str, device: f64) -> Option<Vec<f64>> {
        let (_, meter) = self.session.as_ref()?.meter(key, millis(device))?;
        let entitlement = Entitlement::meter(&meter);
        Some(vec![
            option(Some(meter.value)),
            option(entitlement.limit),
            option(meter.soft),
            meter.resets_at.map_or(-1.0, |at| number(at.0)),
        ])
    }

    /// What people read of a meter: 0 its label, 1 its unit; none when it is unknown.
    #[wasm_bindgen(js_name = meterText)]
    pub fn meter_text(&self, key: &str, field: u8) -> Option<String> {
        let meter = self.session.as_ref()?.snapshot().meters.iter().find(|m| m.key == key)?;
        Some(if field == 0 { meter.label.clone() } else { meter.unit.clone() })
    }

    /// Of the plan: 0 its id, 1 its name; none without one.
    #[wasm_bindgen(js_name = planText)]
    pub fn plan_text(&self, field: u8) -> Option<String> {
        let plan = self.session.as_ref()?.snapshot().live.standing.plan.as_ref()?;
        Some(if field == 0 { plan.id.clone() } else { plan.name.clone() })
    }

    /// Whether a meter or feature may be used, as `[granted, limit, used, remaining, reason]`.
    pub fn entitlement(&self, key: &str, device: f64) -> Vec<f64> {
        let entitlement = self.session.as_ref().map_or(Entitlement::UNKNOWN, |s| s.entitlement(key, millis(device)));
        vec![
            f64::from(u8::from(entitlement.granted)),
            option(entitlement.limit),
            option(Some(entitlement.used)),
            option(entitlement.remaining),
            f64::from(position(&EntitlementReason::ALL, entitlement.reason)),
        ]
    }

    /// One more event waits to be sent.
    pub fn queued(&mut self, device: f64) {
        self.transport.queued(millis(device));
    }

    /// What to do about the queue: -1 nothing, 0 send now, else the moment to ask again.
    #[wasm_bindgen(js_name = nextSend)]
    pub fn next_send(&self, device: f64) -> f64 {
        match self.transport.next(millis(device)) {
            Next::Idle => -1.0,
            Next::Send => 0.0,
            Next::Wait(at) => number(at.0),
        }
    }

    /// All waiting events leave as one batch, or an unanswered batch leaves again.
    pub fn sent(&mut self) {
        self.transport.sent();
    }

    /// Closes the batch that local events joined so far; its number.
    #[wasm_bindgen(js_name = closeBatch)]
    pub fn close_batch(&mut self) -> f64 {
        self.session.as_mut().map_or(0.0, |s| option(Some(s.close_batch())))
    }

    /// Drops the local effects of a batch that was refused for good.
    pub fn abandon(&mut self, batch: f64) {
        if let Some(session) = &mut self.session {
            session.abandon(count(batch));
        }
    }

    /// The answer to a batch of `carried` events: its HTTP status (0: none came), the wait it asked for in milliseconds
    /// (-1: none), a random number of 16 bits. What to do: 0 forget it, 1 abandon it, 2 send it again when asked, 3 get a
    /// new token first.
    pub fn answered(&mut self, status: u16, carried: usize, retry_after: f64, jitter: u16, device: f64) -> u8 {
        let retry_after = (retry_after >= 0.0).then(|| millis(retry_after).0);
        match self.transport.answered(status, carried, retry_after, jitter, millis(device)) {
            Verdict::Done => 0,
            Verdict::Drop => 1,
            Verdict::Retry => 2,
            Verdict::Refresh => 3,
        }
    }

    fn at(&self, i: usize) -> Option<&Campaign> {
        self.session.as_ref()?.snapshot().rules.campaigns.get(i)
    }
}

fn pack(campaign: usize, reason: Reason) -> u32 {
    let campaign = u32::try_from(campaign).unwrap_or(0) & 0xffff;
    u32::from(position(&Reason::ALL, reason)) << 16 | campaign
}
