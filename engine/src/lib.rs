//! Upcue's engine: everything that decides.
//!
//! In: plans and limits, metering, expressions, signals, score and segments, campaigns, the frequency ledger, decisions and
//! their traces, the fold of a Stripe subscription, the browser's session and its transport policy.
//!
//! Out, and never to be found here: clock, randomness, network, storage, DOM, HTTP, `async`. Time and random bytes are
//! arguments. The same bytes in give the same bytes out natively, in workerd and in the browser.
//!
//! Reading order: [`ids`], [`time`], [`plan`], [`usage`], [`expr`], [`facts`], [`campaign`], [`ledger`], [`decision`],
//! then the two users of all that: [`session`] (the browser) and, behind the feature `edge`, [`config`] and
//! [`subscription`] (the Worker).
// The browser's half does without the standard library: see sdk-wasm/src/lib.rs.
#![cfg_attr(not(feature = "edge"), no_std)]
#![forbid(unsafe_code)]
#![warn(missing_docs)]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![warn(clippy::disallowed_methods, clippy::disallowed_types)]

extern crate alloc;

pub mod almanac;
#[cfg(feature = "edge")]
pub mod attribution;
pub mod campaign;
#[cfg(feature = "edge")]
pub mod catalogue;
#[cfg(feature = "edge")]
pub mod config;
#[cfg(feature = "edge")]
pub mod conversion;
pub mod decision;
pub mod entitlement;
#[cfg(feature = "edge")]
pub mod explain;
pub mod expr;
pub mod facts;
pub mod hash;
#[cfg(feature = "edge")]
pub mod history;
#[cfg(feature = "edge")]
pub mod hook;
pub mod ids;
pub mod ledger;
#[cfg(feature = "edge")]
pub mod letter;
#[cfg(feature = "edge")]
pub mod lift;
#[cfg(feature = "edge")]
pub mod map;
#[cfg(feature = "edge")]
pub mod money;
#[cfg(feature = "edge")]
pub mod page;
#[cfg(feature = "edge")]
pub mod percentile;
pub mod plan;
#[cfg(feature = "edge")]
pub mod report;
#[cfg(feature = "edge")]
pub mod rollout;
#[cfg(feature = "edge")]
pub mod score;
#[cfg(feature = "edge")]
pub mod segment;
#[cfg(feature = "edge")]
pub mod sequence;
pub mod session;
#[cfg(feature = "edge")]
pub mod signal;
pub mod snapshot;
#[cfg(feature = "edge")]
pub mod subscription;
#[cfg(feature = "edge")]
pub mod tally;
#[cfg(feature = "edge")]
pub mod template;
#[cfg(feature = "edge")]
pub mod tenant;
pub mod time;
#[cfg(feature = "edge")]
pub mod timeline;
#[cfg(feature = "edge")]
pub mod touch;
#[cfg(feature = "edge")]
pub mod traits;
pub mod transport;
#[cfg(feature = "edge")]
pub mod upgrade;
pub mod usage;
pub mod watch;
pub mod wire;
#[cfg(feature = "edge")]
pub mod zone;
