//! The engine's [`Session`] and [`Transport`] as the page's script sees them.
//!
//! Only numbers cross this boundary, and one kind of bytes (frames): no words, no objects, no exceptions. Meters, features, events and
//! campaigns are told by their positions in the snapshot, placements by theirs, names by their [`key`](upcue_engine::hash::key). Times are
//! milliseconds of the *device's* clock unless a name says otherwise; `-1` stands for "none". Enumerations cross as their
//! position in the engine's `ALL` tables, repeated in `js/words.ts`, which a test compares.
//!
//! The module imports nothing and each instance of it is one core: what it exports are a core's methods (`core.js`), so a call is a call
//! and no glue lies between. The page's script cannot run in the middle of one. They travel under the single letters of `names.json`.
#![cfg_attr(target_arch = "wasm32", no_std)]
#![warn(missing_docs)]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

extern crate alloc;

#[cfg(target_arch = "wasm32")]
mod blocks;
mod numbers;

use alloc::vec::Vec;
use core::cell::UnsafeCell;

use upcue_engine::decision::Reason;
use upcue_engine::entitlement::Entitlement;
use upcue_engine::expr::{Lookup, Value};
use upcue_engine::ledger::Moment;
use upcue_engine::session::Session;
use upcue_engine::snapshot::DecodeError;
use upcue_engine::transport::{Next, Transport};
use upcue_engine::usage::NoteKind;

use numbers::{millis, number, option, whole};

#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: blocks::Blocks = blocks::Blocks::new();

/// A panic ends the module without a word: the standard library's way to word it costs 600 bytes on the wire. None
/// is meant to happen (see the lints above); one that does reaches the page as a `RuntimeError`.
#[cfg(target_arch = "wasm32")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

/// One page's session and queue policy.
#[derive(Debug)]
struct Core {
    session: Session,
    transport: Transport,
    /// A frame on its way in.
    frame: Vec<u8>,
}

/// The one core of this instance.
struct Only(UnsafeCell<Core>);

// SAFETY: an instance belongs to one thread; its memory is not shared.
unsafe impl Sync for Only {}

static CORE: Only = Only(UnsafeCell::new(Core { session: Session::NEW, transport: Transport::NEW, frame: Vec::new() }));

/// The core, for as long as one call from outside lasts.
fn core() -> &'static mut Core {
    // SAFETY: every export asks for it once and gives it back when it ends, and none runs within another: there are no imports through
    // which the page's script could call again.
    unsafe { &mut *CORE.0.get() }
}

/// Answers of [`take`], beside 0 and 1.
const REFUSED_DAMAGED: u32 = 2;
const REFUSED_FORMAT: u32 = 3;
const REFUSED_EARLY: u32 = 4;

/// Where the page's script puts the bytes of a frame, so many of them, before it calls [`take`].
#[unsafe(export_name = "A")]
pub extern "C" fn buffer(length: usize) -> *mut u8 {
    let core = core();
    core.frame = alloc::vec![0; length];
    core.frame.as_mut_ptr()
}

/// Takes in the frame that was put into the buffer. 0: facts are new; 1: everything is new; 2: damaged; 3: of another format; 4: facts
/// before any snapshot. What is refused changes nothing.
#[unsafe(export_name = "B")]
pub extern "C" fn take(device: f64) -> u32 {
    let core = core();
    match core.session.apply(&core::mem::take(&mut core.frame), millis(device)) {
        Ok(is_whole) => is_whole.into(),
        Err(DecodeError::Damaged) => REFUSED_DAMAGED,
        Err(DecodeError::Format) => REFUSED_FORMAT,
        Err(DecodeError::Early) => REFUSED_EARLY,
    }
}

/// The Worker's time.
#[unsafe(export_name = "C")]
pub extern "C" fn now(device: f64) -> f64 {
    number(core().session.now(millis(device)).0)
}

/// Counts `n` more on a counter; or, with `set`, shows `n` on a gauge.
#[unsafe(export_name = "D")]
pub extern "C" fn count(meter: usize, set: u32, n: f64, device: f64) {
    core().session.count(meter, set != 0, whole(n), millis(device));
}

/// Counts a tracked event that rules read.
#[unsafe(export_name = "E")]
pub extern "C" fn track(event: usize, device: f64) {
    core().session.track(event, millis(device));
}

/// Records what the user did about the campaign of this key: 0 render, 1 exposure, 2 ghost, 3 click, 4 dismiss, 5 snooze (until
/// `until`); 6: the tenant has upgraded. `tag`: the key of the decision; `at` and `until` by the Worker's clock.
#[unsafe(export_name = "F")]
pub extern "C" fn note(campaign: u32, kind: u32, tag: u32, at: f64, until: f64) {
    let at = millis(at);
    let kind = match kind {
        0 => NoteKind::Render,
        1 => NoteKind::Exposure,
        2 => NoteKind::Ghost,
        3 => NoteKind::Click,
        4 => NoteKind::Dismiss,
        5 => NoteKind::Snooze(millis(until)),
        _ => return core().session.convert(at),
    };
    core().session.note(campaign, kind, Moment { at, tag });
}

/// Says whether a campaign is on display in this page.
#[unsafe(export_name = "G")]
pub extern "C" fn display(campaign: usize, shown: u32) {
    core().session.display(campaign, shown != 0);
}

/// The position of the placement of this key; -1 when no campaign uses it.
#[unsafe(export_name = "H")]
pub extern "C" fn place(key: u32) -> i32 {
    core().session.place(key).and_then(|place| i32::try_from(place).ok()).unwrap_or(-1)
}

/// Decides for a placement: the position of the campaign plus one (0: none) in the lower half, the reason in the upper.
#[unsafe(export_name = "I")]
pub extern "C" fn decide(place: usize, device: f64) -> u32 {
    let decision = core().session.decide(place, millis(device));
    pack(decision.campaign.map_or(0, |i| i + 1), decision.reason)
}

/// What becomes of the `i`-th campaign of a placement, packed as by [`decide`]; 0 behind the last.
#[unsafe(export_name = "J")]
pub extern "C" fn trace(place: usize, i: usize, device: f64) -> u32 {
    let traced = core().session.trace(place, i, millis(device));
    traced.map_or(0, |(campaign, reason)| pack(campaign + 1, reason))
}

/// A value that texts read; NaN when it is unknown.
#[unsafe(export_name = "K")]
pub extern "C" fn value(i: usize, device: f64) -> f64 {
    let session = &core().session;
    let Some(input) = session.rules().values.get(i) else { return f64::NAN };
    if let Value::Int(value) = session.facts(millis(device)).input(*input) { number(value) } else { f64::NAN }
}

/// Of a meter: 0 what it reads, 1 its limit, 2 its soft limit, 3 when it starts again at zero (the Worker's clock), 4 why more of it is
/// granted or not; -1 when there is none.
#[unsafe(export_name = "L")]
pub extern "C" fn meter(meter: usize, field: u32, device: f64) -> f64 {
    let Some(standing) = core().session.meter(meter, millis(device)) else { return -1.0 };
    let entitlement = Entitlement::meter(&standing);
    match field {
        0 => option(Some(standing.value)),
        1 => option(entitlement.limit),
        2 => option(standing.soft),
        3 => standing.resets_at.map_or(-1.0, |at| number(at.0)),
        _ => f64::from(entitlement.reason as u32),
    }
}

/// Why a feature is granted or not.
#[unsafe(export_name = "M")]
pub extern "C" fn feature(feature: usize) -> u32 {
    core().session.feature(feature).reason as u32
}

/// What to do about the queue, in which so many events wait: -1 nothing, 0 send now, else the moment to ask again.
#[unsafe(export_name = "N")]
pub extern "C" fn next_send(waiting: usize, device: f64) -> f64 {
    match core().transport.next(waiting, millis(device)) {
        Next::Idle => -1.0,
        Next::Send => 0.0,
        Next::Wait(at) => number(at.0),
    }
}

/// All waiting events leave as one batch, or an unanswered batch leaves again.
#[unsafe(export_name = "O")]
pub extern "C" fn sent() {
    core().transport.sent();
}

/// Closes the batch that local events joined so far; its number.
#[unsafe(export_name = "P")]
pub extern "C" fn close_batch() -> f64 {
    option(Some(core().session.close_batch()))
}

/// Drops the local effects of a batch that was refused for good.
#[unsafe(export_name = "Q")]
pub extern "C" fn abandon(batch: f64) {
    core().session.abandon(whole(batch));
}

/// The answer to a batch: its HTTP status (0: none came), the wait it asked for in milliseconds
/// (-1: none), a random number of 16 bits. What to do: 0 forget it, 1 abandon it, 2 send it again when asked, 3 get a
/// new token first.
#[unsafe(export_name = "R")]
pub extern "C" fn answered(status: u32, retry_after: f64, jitter: u32, device: f64) -> u32 {
    let retry_after = (retry_after >= 0.0).then(|| millis(retry_after).0);
    core().transport.answered(status, retry_after, jitter, millis(device)) as u32
}

fn pack(campaign: usize, reason: Reason) -> u32 {
    let campaign = u32::try_from(campaign).unwrap_or(0) & 0xffff;
    (reason as u32) << 16 | campaign
}
