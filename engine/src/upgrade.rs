//! The upgrade: which plan fits, what it costs, and how one change becomes exactly one.
//!
//! [`fit`] chooses, [`estimate`] reckons, [`quote`] says whether a change is one at all and what was promised, [`state`] is
//! the machine that a change goes through, [`gateway`] reads what Stripe answers, [`requests`] is what teammates ask for.

pub mod estimate;
pub mod fit;
pub mod gateway;
pub mod quote;
pub mod requests;
pub mod state;
