//! Proof: what prompts have led to. Tables fed by the facts of tenants, each fact once, and what is read from them.
//!
//! | table | a row for | kept for |
//! |---|---|---|
//! | `log` | each fact that people read | 90 days |
//! | `touch` | each decision of a page and each letter, with all that came of it | 400 days |
//! | `met` | each tenant's first meeting with a campaign | ever |
//! | `conversion` | each conversion | ever |
//!
//! Nothing is attributed when it is stored: reports do that from `touch` and `conversion` each time, so that another window,
//! model or goal is another look at the same history.

mod conversions;
mod funnel;
mod lift;
mod log;
mod touches;
mod trend;

pub(super) use log::signed;

use upcue_engine::time::Millis;
use worker::SqlStorageValue;

use super::super::rows::Rows;
use super::AppObject;
use crate::problem::ApiResult;
use crate::rpc::{self, Fact, ProofCall, Span};

/// Tables and indexes.
pub(super) const TABLES: [&str; 7] =
    [conversions::TABLE, conversions::BY_TIME, lift::TABLE, log::TABLE, log::BY_TIME, touches::TABLE, touches::BY_TIME];

/// Writes down what a fact says to reports; part of a transaction. `number`: the tenant's for it.
pub(super) fn put(rows: &Rows, tenant: &str, number: u64, fact: &Fact) -> ApiResult<()> {
    match fact {
        Fact::Touch(touch) => {
            touches::put(rows, tenant, touch)?;
            lift::put(rows, tenant, touch)?;
        }
        Fact::Converted(conversion) => conversions::put(rows, tenant, number, conversion)?,
        Fact::Letter(letter) => return log::put_letter(rows, tenant, number, letter),
        _ => {}
    }
    log::put(rows, tenant, number, fact)
}

impl AppObject {
    /// Answers what reports ask.
    pub(super) fn prove(&self, call: ProofCall) -> ApiResult<Vec<u8>> {
        match call {
            ProofCall::Lift(wish) => rpc::reply(&self.lift(&wish)?),
            ProofCall::Funnel(span) => rpc::reply(&self.funnel(&span)?),
            ProofCall::FunnelTenants(wish) => rpc::reply(&self.funnel_tenants(&wish)?),
            ProofCall::Conversions(wish) => rpc::reply(&self.conversions(&wish)?),
            ProofCall::Credited(wish) => rpc::reply(&self.credited_page(&wish)?),
            ProofCall::Trend(span) => rpc::reply(&self.trend(&span)?),
            ProofCall::Activity(wish) => rpc::reply(&self.activity(&wish)?),
        }
    }
}

/// A moment for SQL.
fn sql_moment(at: Millis) -> SqlStorageValue {
    SqlStorageValue::Integer(at.0.max(0))
}

/// Conditions of SQL with their values, joined by "and".
#[derive(Debug, Default)]
struct Conditions {
    texts: Vec<String>,
    values: Vec<SqlStorageValue>,
}

impl Conditions {
    /// Touches of a span whose `column` lies in it.
    fn of(span: &Span, column: &str) -> Self {
        let mut conditions = Self::default();
        conditions.and(&format!("{column} >= ?"), sql_moment(span.since));
        conditions.and(&format!("{column} < ?"), sql_moment(span.until));
        if let Some(prompt) = &span.campaign {
            conditions.and("touch.prompt = ?", prompt.as_str().into());
        }
        if let Some(channel) = span.channel {
            conditions.and("touch.channel = ?", touches::channel(channel));
        }
        conditions
    }

    fn and(&mut self, condition: &str, value: SqlStorageValue) {
        self.texts.push(condition.to_owned());
        self.values.push(value);
    }

    fn sql(&self) -> String {
        self.texts.join(" AND ")
    }
}
