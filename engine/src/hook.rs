//! Outbound webhooks: where they may go, when a delivery is tried again, and when an endpoint is given up.
//!
//! Whoever sends asks [`check`] at registration and before each attempt, tells [`Delivery::settle`] and [`Endpoint::settle`] what came
//! of it, and stores both. Time and chance are arguments.

mod address;
mod delivery;
mod endpoint;
mod stamp;

pub use address::check;
pub use delivery::{Answer, Attempt, Delivery, Stage, Verdict};
pub use endpoint::{Endpoint, MAX_SECRETS, PATIENCE, Secret};
pub use stamp::iso8601;

use crate::time::{DAY, DurationMs};

/// The most endpoints of an app.
pub const MAX_ENDPOINTS: usize = 10;
/// The most deliveries of an endpoint that wait: beyond it the oldest fall out, and are shown as failed.
pub const QUEUE: u32 = 10_000;
/// How long deliveries are kept.
pub const KEPT: DurationMs = 30 * DAY;
/// The largest body, in bytes.
pub const MAX_BODY: usize = 16 * 1024;

/// Everything that can be sent because it happened, in the order of the documents. `*` stands for all.
pub const EVENTS: [&str; 11] = [
    "signal.detected",
    "segment.entered",
    "segment.left",
    "nudge.shown",
    "subscription.upgrade_requested",
    "subscription.upgraded",
    "subscription.upgrade_failed",
    "limit.warning",
    "limit.reached",
    "conversion.recorded",
    "endpoint.disabled",
];
