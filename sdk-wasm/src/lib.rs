//! The engine's [`Session`] and [`Transport`] as the page's script sees them.
//!
//! Only numbers cross this boundary, and one kind of bytes (frames): no words, no objects, no exceptions. Meters, features, events and
//! campaigns are told by their positions in the snapshot, placements by theirs, names by their [`key`](upcue_engine::hash::key). Times are
//! milliseconds of the *device's* clock unless a name says otherwise; `-1` stands for "none". Enumerations cross as their
//! position in the engine's `ALL` tables, repeated in `js/words.ts`, which a test compares.
#![cfg_attr(target_arch = "wasm32", no_std)]
#![warn(missing_docs)]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

extern crate alloc;

mod numbers;

use upcue_engine::decision::Reason;
use upcue_engine::entitlement::{Entitlement, EntitlementReason};
use upcue_engine::expr::{Lookup, Value};
use upcue_engine::ledger::Moment;
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
    pub fn add(&mut self, meter: usize, n: f64, device: f64) {
        if let Some(session) = &mut self.session {
            session.add(meter, count(n), millis(device));
        }
    }

    /// Shows `n` on a gauge.
    pub fn set(&mut self, meter: usize, n: f64, device: f64) {
        if let Some(session) = &mut self.session {
            session.set(meter, count(n), millis(device));
        }
    }

    /// Counts a tracked event that rules read.
    pub fn track(&mut self, event: usize, device: f64) {
        if let Some(session) = &mut self.session {
            session.track(event, millis(device));
        }
    }

    /// Records what the user did about the campaign of this key: 0 render, 1 exposure, 2 ghost, 3 click, 4 dismiss, 5 snooze (until
    /// `until`). `tag`: the key of the decision; `at` and `until` by the Worker's clock.
    pub fn note(&mut self, campaign: u32, kind: u8, tag: u32, at: f64, until: f64) {
        let kind = match kind {
            0 => NoteKind::Render,
            1 => NoteKind::Exposure,
            2 => NoteKind::Ghost,
            3 => NoteKind::Click,
            4 => NoteKind::Dismiss,
            _ => NoteKind::Snooze(millis(until)),
        };
        if let Some(session) = &mut self.session {
            session.note(campaign, kind, Moment { at: millis(at), tag });
        }
    }

    /// The tenant has upgraded, `at` the Worker's clock.
    pub fn convert(&mut self, at: f64) {
        if let Some(session) = &mut self.session {
            session.convert(millis(at));
        }
    }

    /// Says whether a campaign is on display in this page.
    pub fn display(&mut self, campaign: usize, shown: bool) {
        if let Some(session) = &mut self.session {
            session.display(campaign, shown);
        }
    }

    /// The position of the placement of this key; -1 when no campaign uses it.
    pub fn place(&self, key: u32) -> i32 {
        let place = self.session.as_ref().and_then(|s| s.place(key));
        place.and_then(|place| i32::try_from(place).ok()).unwrap_or(-1)
    }

    /// Decides for a placement: the position of the campaign plus one (0: none) in the lower half, the reason in the upper.
    pub fn decide(&mut self, place: usize, device: f64) -> u32 {
        let decision = self.session.as_mut().map(|s| s.decide(place, millis(device)));
        decision.map_or(0, |decision| pack(decision.campaign.map_or(0, |i| i + 1), decision.reason))
    }

    /// What becomes of the `i`-th campaign of a placement, packed as by [`decide`](Core::decide); 0 behind the last.
    pub fn trace(&mut self, place: usize, i: usize, device: f64) -> u32 {
        let trace = self.session.as_mut().map(|s| s.trace(place, millis(device))).unwrap_or_default();
        trace.get(i).map_or(0, |(campaign, reason)| pack(campaign + 1, *reason))
    }

    /// A value that texts read; NaN when it is unknown.
    pub fn value(&self, i: usize, device: f64) -> f64 {
        let value = self.session.as_ref().and_then(|session| {
            let input = session.snapshot().rules.values.get(i)?;
            match session.facts(millis(device)).input(*input) {
                Value::Int(value) => Some(number(value)),
                _ => None,
            }
        });
        value.unwrap_or(f64::NAN)
    }

    /// Of a meter: 0 what it reads, 1 its limit, 2 its soft limit, 3 when it starts again at zero (the Worker's clock), 4 why more of it is
    /// granted or not; -1 when there is none.
    pub fn meter(&self, meter: usize, field: u8, device: f64) -> f64 {
        let Some(standing) = self.session.as_ref().and_then(|s| s.meter(meter, millis(device))) else { return -1.0 };
        let entitlement = Entitlement::meter(&standing);
        match field {
            0 => option(Some(standing.value)),
            1 => option(entitlement.limit),
            2 => option(standing.soft),
            3 => standing.resets_at.map_or(-1.0, |at| number(at.0)),
            _ => f64::from(position(&EntitlementReason::ALL, entitlement.reason)),
        }
    }

    /// Why a feature is granted or not.
    pub fn feature(&self, feature: usize) -> u8 {
        let entitlement = self.session.as_ref().map_or(Entitlement::UNKNOWN, |s| s.feature(feature));
        position(&EntitlementReason::ALL, entitlement.reason)
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
}

fn pack(campaign: usize, reason: Reason) -> u32 {
    let campaign = u32::try_from(campaign).unwrap_or(0) & 0xffff;
    u32::from(position(&Reason::ALL, reason)) << 16 | campaign
}
