//! Outbound webhooks: what is asked of them, and how their deliveries are told.

use serde::{Deserialize, Serialize};
use upcue_engine::hook::Delivery;
use upcue_engine::time::{DurationMs, Millis};
use upcue_engine::wire;

/// What an app's object does about its outbound webhooks. Endpoints come back without their keys.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum HookCall {
    /// All endpoints, the oldest first → `Vec<Endpoint>`.
    List,
    /// Registers an endpoint → `(Endpoint, String)`, with its secret.
    Register {
        /// The address, which was checked.
        url: String,
        /// What is sent there.
        events: Vec<String>,
    },
    /// Changes what is given → `Endpoint`.
    Change {
        /// Which endpoint.
        id: String,
        /// How.
        change: HookChange,
    },
    /// Removes an endpoint with all its deliveries → `()`.
    Remove(String),
    /// Makes a new secret → `(Endpoint, String)`.
    Rotate {
        /// Which endpoint.
        id: String,
        /// How long the old ones sign beside it.
        overlap: DurationMs,
    },
    /// Sends an event of no meaning → `String`, the message's id.
    Try(String),
    /// Deliveries of an endpoint, newest first → `Vec<HookDelivery>`.
    Deliveries(HookListing),
    /// Sends a message again → `HookDelivery`.
    Replay {
        /// Which endpoint.
        id: String,
        /// `msg_…`
        message: String,
    },
}

wire! { enum HookCall {
    List, Register { url, events }, Change { id, change }, Remove(id), Rotate { id, overlap }, Try(id), Deliveries(listing), Replay { id, message },
} }

/// What is changed of an endpoint; `None` leaves as it is.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct HookChange {
    /// The address, which was checked.
    pub(crate) url: Option<String>,
    /// What is sent there.
    pub(crate) events: Option<Vec<String>>,
    /// Whether anything is sent at all.
    pub(crate) enabled: Option<bool>,
}

wire! { struct HookChange { url, events, enabled } }

/// Which deliveries are wanted.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct HookListing {
    /// Of which endpoint.
    pub(crate) id: String,
    /// Only those that stand so.
    pub(crate) state: Option<String>,
    /// Lists what was put in line before this one.
    pub(crate) before: Option<u64>,
    /// At most so many.
    pub(crate) limit: u32,
}

wire! { struct HookListing { id, state, before, limit } }

/// A message for an endpoint, as it is shown.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct HookDelivery {
    /// Its place in the line.
    pub(crate) number: u64,
    /// `msg_…`
    pub(crate) message: String,
    /// `signal.detected` …
    pub(crate) kind: String,
    /// Whom it is about; empty for nobody.
    pub(crate) tenant: String,
    /// When it was put in line.
    pub(crate) at: Millis,
    /// How it stands.
    pub(crate) delivery: Delivery,
}

wire! { struct HookDelivery { number, message, kind, tenant, at, delivery } }
