//! How deliveries behave at the moment, set by `PUT /_sandbox/delivery`.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mode {
    #[default]
    Deliver,
    /// Keep events until `POST /_sandbox/delivery/release`.
    Hold,
    /// Lose events; they can still be resent.
    Drop,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Order {
    /// One at a time, each after the answer to the one before.
    #[default]
    Fifo,
    Reverse,
    Shuffle,
    /// All at once, as Stripe sends them.
    Concurrent,
}

/// What a `PUT` leaves out takes its default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    pub(crate) mode: Mode,
    /// Extra copies of each event.
    pub(crate) duplicates: usize,
    /// How long to gather events before they are ordered and sent.
    pub(crate) delay_ms: u64,
    pub(crate) order: Order,
    /// Of the shuffle; the same seed and events give the same order.
    pub(crate) seed: u64,
}
