//! Back-tests: what is asked for, and how far they are.

use serde::{Deserialize, Serialize};
use upcue_engine::history::TenantBacktest;
use upcue_engine::time::Millis;
use upcue_engine::wire;

/// What is to be back-tested.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct BacktestWish {
    /// The configuration, as written; `None`: a published one.
    pub(crate) document: Option<String>,
    /// Its version; `None`: the newest.
    pub(crate) version: Option<u32>,
    /// From when; `None`: as far back as histories reach.
    pub(crate) from: Option<Millis>,
    /// Until when; `None`, and what is to come: now.
    pub(crate) until: Option<Millis>,
    /// For whom; empty: for all. Of each something must have come in.
    pub(crate) tenants: Vec<String>,
}

wire! { struct BacktestWish { document, version, from, until, tenants } }

/// How far a back-test is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BacktestStatus {
    /// On its way.
    #[default]
    Running,
    /// Through all tenants.
    Done,
    /// It could not go on.
    Failed,
}

wire! { enum BacktestStatus { Running, Done, Failed } }

/// A back-test.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Backtest {
    /// `bt_…`
    pub(crate) id: String,
    /// How far it is.
    pub(crate) status: BacktestStatus,
    /// How many tenants there are.
    pub(crate) tenants: u32,
    /// How many of them it is through with.
    pub(crate) done: u32,
    /// How many of those could not be tested.
    pub(crate) failed: u32,
    /// Why not, of the last; or why it could not go on.
    pub(crate) failure: Option<String>,
    /// When it began.
    pub(crate) started_at: Millis,
    /// How long it has taken.
    pub(crate) took_ms: u32,
    /// What it has found.
    pub(crate) totals: TenantBacktest,
}

wire! { struct Backtest { id, status, tenants, done, failed, failure, started_at, took_ms, totals } }
