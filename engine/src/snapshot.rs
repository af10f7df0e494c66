//! The snapshot: what one browser needs to decide by itself, and the frames that keep it fresh.
//!
//! On the wire: the letter `U`, the format's number, then [`wire`]. A reader refuses other numbers, so an old SDK never misreads a new Worker.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::campaign::{Campaign, Schedule};
use crate::decision::Reason;
#[cfg(feature = "edge")]
use crate::facts::Input;
use crate::facts::Standing;
use crate::hash::hash64;
use crate::ledger::Ledger;
use crate::plan::{Feature, Meter};
use crate::time::Millis;
use crate::watch::Watch;
use crate::wire;

/// The number of the wire format. Raise it with every change of a type that crosses.
pub const FORMAT: u8 = 3;

/// Everything that the browser holds: of the rules only what still depends on what happens in the page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The version of the configuration this comes from.
    pub config_version: u32,
    /// The meters, in the order programs number them.
    pub meters: Vec<Meter>,
    /// The features, likewise.
    pub features: Vec<Feature>,
    /// What is left of the rules.
    pub rules: Residue,
    /// What changes from moment to moment.
    pub live: Live,
}

wire! { struct Snapshot { config_version, meters, features, rules, live } }

#[cfg(feature = "edge")]
impl Snapshot {
    /// A hash of everything but what changes from moment to moment.
    pub fn rules_hash(&self) -> u64 {
        let version = wire::extend(wire::encode(&self.config_version), &self.rules);
        hash64(&wire::extend(wire::extend(version, &self.meters), &self.features))
    }
}

/// What is left of the rules for one user of one tenant.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Residue {
    /// The names of tracked events that programs read, in the order they number them.
    pub events: Vec<String>,
    /// Signals that may change in the page, likewise; each reads at most those before it.
    pub watches: Vec<Watch>,
    /// The campaigns that may be shown, highest priority first.
    pub campaigns: Vec<Campaign>,
    /// Placements whose first campaign is not among them.
    pub settled: Vec<Settled>,
}

wire! { struct Residue { events, watches, campaigns, settled } }

#[cfg(feature = "edge")]
impl Residue {
    /// What the browser reads for it.
    pub fn inputs(&self) -> impl Iterator<Item = Input> {
        self.watches.iter().flat_map(Watch::inputs).chain(self.campaigns.iter().flat_map(Campaign::inputs))
    }

    /// Gives every input the number that `number` says.
    pub fn renumber(&mut self, number: &impl Fn(Input) -> Input) {
        self.watches.iter_mut().for_each(|watch| watch.renumber(number));
        self.campaigns.iter_mut().for_each(|campaign| campaign.renumber(number));
    }
}

/// Why the first campaign of a placement was left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// Where: [`hash64`] of the placement's name, as the name itself may be of a campaign that is none of this user's business.
    pub placement: u64,
    /// When the campaign runs.
    pub schedule: Schedule,
    /// Why it cannot be shown while it runs.
    pub reason: Reason,
}

wire! { struct Settled { placement, schedule, reason } }

impl Settled {
    /// Whether this is of `placement`.
    pub fn is_at(&self, placement: &str) -> bool {
        self.placement == hash64(placement.as_bytes())
    }

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
    /// The facts.
    pub standing: Standing,
    /// What this user has met of the campaigns that may be shown.
    pub user: Ledger,
    /// What the tenant's users have met of them together.
    pub tenant: Ledger,
}

wire! { struct Live { server_time, applied, standing, user, tenant } }

/// What the Worker sends over a live connection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Frame {
    /// Everything: at the start, and when plan or configuration changed.
    Snapshot(Box<Snapshot>),
    /// Only what changes from moment to moment.
    Live(Box<Live>),
}

wire! { enum Frame { Snapshot(snapshot), Live(live) } }

/// Why bytes could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// They are not a frame at all, or damaged.
    Damaged,
    /// They are of a format this build does not know.
    Format,
}

impl Frame {
    /// The frame as bytes.
    pub fn encode(&self) -> Vec<u8> {
        wire::extend(vec![b'U', FORMAT], self)
    }

    /// Reads a frame. Whatever the bytes are, this neither panics nor allocates beyond a small multiple of their length.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        match bytes {
            [b'U', FORMAT, rest @ ..] => wire::decode(rest).ok_or(DecodeError::Damaged),
            [b'U', ..] => Err(DecodeError::Format),
            _ => Err(DecodeError::Damaged),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn frames_come_back_as_they_were() {
        let frame = Frame::Live(Box::new(Live { applied: 7, server_time: Millis(5), ..Live::default() }));
        assert_eq!(Frame::decode(&frame.encode()), Ok(frame));
    }

    #[test]
    fn foreign_bytes_are_refused() {
        let mut bytes = Frame::Live(Box::default()).encode();
        bytes.push(0);
        for (bytes, expected) in [
            (&b""[..], DecodeError::Damaged),
            (b"<!doctype html>", DecodeError::Damaged),
            (b"U\x63anything", DecodeError::Format),
            (b"U\x02anything", DecodeError::Format),
            (b"U\x03", DecodeError::Damaged),
            (&bytes, DecodeError::Damaged),
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
