//! The snapshot: what one browser needs to decide by itself, and the frames that keep it fresh.
//!
//! On the wire: the letter `U`, the format's number, what it is (0 a snapshot, 1 only what is live), the length of the numbers, the numbers
//! as [`wire`] writes them, and [the words](crate::page) as JSON. The browser's core reads the numbers and never sees a word; its shell
//! reads the words and never sees a rule. A reader refuses other formats, so an old SDK never misreads a new Worker.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::almanac::Almanac;
use crate::campaign::{Cap, Gates, Schedule};
use crate::decision::{Contender, Reason};
use crate::expr::{Lookup, Value};
#[cfg(feature = "edge")]
use crate::facts::Input as Reads;
use crate::facts::{Input, Standing};
use crate::ledger::Ledger;
use crate::time::Millis;
use crate::watch::Watch;
use crate::wire;
use crate::wire::{Reader, Wire};

/// The number of the wire format. Raise it with every change of a type that crosses.
pub const FORMAT: u8 = 5;

/// All the numbers that the browser holds: of the rules only what still depends on what happens in the page.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// What is left of the rules.
    pub rules: Residue,
    /// What changes from moment to moment.
    pub live: Live,
}

wire! { struct Snapshot { rules, live } }

/// What is left of the rules for one user of one tenant. Meters and features have the numbers of the configuration.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Residue {
    /// The keys of the meters, so that a page knows them again when they are numbered anew.
    pub meters: Vec<u32>,
    /// The keys of tracked events that programs read, in the order they number them.
    pub events: Vec<u32>,
    /// Signals that may change in the page, likewise; each reads at most those before it.
    pub watches: Vec<Watch>,
    /// The placements, each with how many of the candidates are its own; their order is that of the candidates.
    pub places: Vec<Place>,
    /// The campaigns that may be shown: place by place, of each the highest priority first.
    pub candidates: Vec<Candidate>,
    /// What texts read of the page, as they number it.
    pub values: Vec<Input>,
    /// How often any of them.
    pub frequency: Vec<Cap>,
    /// What the calendar says.
    pub almanac: Almanac,
}

wire! { struct Residue { meters, events, watches, places, candidates, values, frequency, almanac } }

impl Residue {
    /// No rules.
    pub const NONE: Self = Self {
        meters: Vec::new(),
        events: Vec::new(),
        watches: Vec::new(),
        places: Vec::new(),
        candidates: Vec::new(),
        values: Vec::new(),
        frequency: Vec::new(),
        almanac: Almanac::NONE,
    };
}

#[cfg(feature = "edge")]
impl Residue {
    /// What the browser reads for it.
    pub fn inputs(&self) -> impl Iterator<Item = Reads> {
        let candidates = self.candidates.iter().flat_map(|c| c.gates.audience.inputs());
        self.watches.iter().flat_map(Watch::inputs).chain(candidates).chain(self.values.iter().copied())
    }
}

/// A placement.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Its [`key`](crate::hash::key); the name itself may be of a campaign that is none of this user's business.
    pub key: u32,
    /// How many candidates it has.
    pub candidates: u16,
    /// Why its first campaign is not among them; `None`: it is.
    pub settled: Option<Settled>,
}

wire! { struct Place { key, candidates, settled } }

/// A campaign that may be shown.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// What it must pass.
    pub gates: Gates,
    /// What its texts read.
    pub reads: Vec<Input>,
}

wire! { struct Candidate { gates, reads } }

impl Contender for Candidate {
    fn gates(&self) -> &Gates {
        &self.gates
    }

    fn is_complete(&self, facts: &impl Lookup) -> bool {
        self.reads.iter().all(|input| facts.input(*input) != Value::Unknown)
    }
}

/// Why the first campaign of a placement was left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// When the campaign runs.
    pub schedule: Schedule,
    /// Why it cannot be shown while it runs.
    pub reason: Reason,
}

wire! { struct Settled { schedule, reason } }

impl Settled {
    /// Why it is not shown at `now`.
    pub fn reason_at(&self, now: Millis) -> Reason {
        if self.schedule.covers(now) || self.reason == Reason::NotRolledOut { self.reason } else { Reason::NotScheduled }
    }
}

/// What changes from moment to moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Live {
    /// The Worker's clock.
    pub server_time: Millis,
    /// The highest batch of this client that is contained.
    pub applied: u64,
    /// Which of those before it are not, where batches have overtaken each other: bit `i` stands for the `i + 1`-th before.
    pub missing: u64,
    /// The facts.
    pub standing: Standing,
    /// When the tenant last upgraded.
    pub converted: Option<Millis>,
    /// What this user has met.
    pub user: Ledger,
    /// What the tenant's users have met together.
    pub tenant: Ledger,
}

wire! { struct Live { server_time, applied, missing, standing, converted, user, tenant } }

impl Live {
    /// Whether a batch of this client is contained.
    pub fn contains(&self, batch: u64) -> bool {
        match self.applied.checked_sub(batch) {
            None => false,
            Some(before @ 1..=64) => self.missing >> (before - 1) & 1 == 0,
            Some(_) => true,
        }
    }
}

/// What a frame says it is.
const SNAPSHOT: u8 = 0;
const LIVE: u8 = 1;

/// The numbers of a frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// What is left of the rules: at the start, and when plan or configuration changed.
    pub rules: Option<Residue>,
    /// What changes from moment to moment.
    pub live: Live,
}

/// Why bytes could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// They are not a frame at all, or damaged.
    Damaged,
    /// They are of a format this build does not know.
    Format,
    /// They tell what is live, and there are no rules yet.
    Early,
}

impl Frame {
    /// Reads the numbers of a frame. Whatever the bytes are, this neither panics nor allocates beyond a small multiple of their length.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        Self::read(bytes).map(|(frame, _)| frame)
    }

    /// The same, with the bytes of what is live.
    pub(crate) fn read(bytes: &[u8]) -> Result<(Self, &[u8]), DecodeError> {
        let [b'U', format, rest @ ..] = bytes else { return Err(DecodeError::Damaged) };
        if *format != FORMAT {
            return Err(DecodeError::Format);
        }
        let [kind @ (SNAPSHOT | LIVE), rest @ ..] = rest else { return Err(DecodeError::Damaged) };
        let mut from = Reader::block(rest);
        let rules = (*kind == SNAPSHOT).then(|| Residue::read(&mut from));
        let told = from.rest();
        let live = Live::read(&mut from);
        if from.is_done() { Ok((Self { rules, live }, told)) } else { Err(DecodeError::Damaged) }
    }

    /// The frame of these numbers and `words`.
    #[cfg(feature = "edge")]
    pub fn encode(&self, words: &str) -> Vec<u8> {
        match &self.rules {
            Some(rules) => whole_frame(&wire::encode(rules), &self.live, words),
            None => live_frame(&self.live, words),
        }
    }
}

/// The frame of everything, of the bytes of the [`Residue`], as many pages may be sent it.
#[cfg(feature = "edge")]
pub(crate) fn whole_frame(rules: &[u8], live: &Live, words: &str) -> Vec<u8> {
    frame(SNAPSHOT, &wire::extend(rules.to_vec(), live), words)
}

/// The frame of what changes from moment to moment.
#[cfg(feature = "edge")]
pub(crate) fn live_frame(live: &Live, words: &str) -> Vec<u8> {
    frame(LIVE, &wire::encode(live), words)
}

#[cfg(feature = "edge")]
fn frame(kind: u8, numbers: &Vec<u8>, words: &str) -> Vec<u8> {
    let mut bytes = wire::extend(alloc::vec![b'U', FORMAT, kind], numbers);
    bytes.extend_from_slice(words.as_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[cfg(feature = "edge")]
    #[test]
    fn frames_come_back_as_they_were() {
        let frame = Frame { rules: None, live: Live { applied: 7, server_time: Millis(5), ..Live::default() } };
        assert_eq!(Frame::decode(&frame.encode("{}")), Ok(frame));
    }

    #[cfg(feature = "edge")]
    #[test]
    fn foreign_bytes_are_refused() {
        let whole = Frame { rules: None, live: Live::default() }.encode("");
        let short = &whole[..whole.len() - 1];
        for (bytes, expected) in [
            (&b""[..], DecodeError::Damaged),
            (b"<!doctype html>", DecodeError::Damaged),
            (b"U\x63anything", DecodeError::Format),
            (b"U\x04anything", DecodeError::Format),
            (b"U\x05", DecodeError::Damaged),
            (b"U\x05\x02\x00", DecodeError::Damaged),
            (short, DecodeError::Damaged),
        ] {
            assert_eq!(Frame::decode(bytes), Err(expected), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = Frame::decode(&[&[b'U', FORMAT][..], &bytes].concat());
        }
    }
}
