//! A tenant's rows, and the engine's state they hold.
//!
//! | row | holds | rewritten by |
//! |---|---|---|
//! | `counts` | meters, tracked events, batch numbers, the tenant's ledger | every batch of events |
//! | `user/<id>` | one user's ledger | what the user does with nudges |
//! | `mirror` | subscriptions | Stripe |
//! | `rules` | the compiled configuration and plans | publishing |
//! | `seen` | the day this tenant was last told of | the first change of a day |
//! | `identity` | the names of app and tenant | the same |
//! | table `ids` | pages of event ids | batches whose events carry ids |
//! | table `outbox` | facts on their way to the app | what is worth telling |

use std::rc::Rc;

use upcue_engine::subscription::Subscription;
use upcue_engine::tenant::{Applied, Batch, Receipt, Rulebook, Tenant};
use upcue_engine::time::Millis;
use upcue_engine::usage::{EventKind, Page, RecentIds};
use worker::{SqlStorageValue, State};

use super::super::rows::{Rows, decode, encode};
use super::outbox;
use crate::problem::ApiResult;
use crate::rpc::Fact;

/// Users kept in memory; beyond it all are dropped and read again as they come.
const MAX_USERS: usize = 1_000;
/// The largest whole number that JavaScript holds exactly.
const MAX_SAFE: u64 = (1 << 53) - 1;

/// What is stored, in memory.
pub(super) struct Stored {
    rows: Rows,
    app: String,
    name: String,
    pub(super) rules: Rc<Rulebook>,
    pub(super) tenant: Tenant,
    /// The day that was last told to the app.
    seen_day: i64,
}

impl Stored {
    /// Loads everything but users, who are loaded as they come.
    pub(super) fn load(state: &State, app: &str, name: &str) -> ApiResult<Self> {
        let ids = "CREATE TABLE IF NOT EXISTS ids (page INTEGER PRIMARY KEY, value BLOB NOT NULL)";
        let rows = Rows::open(state, &[ids, outbox::TABLE])?;
        let pages = rows.query("SELECT value FROM ids ORDER BY page", vec![])?;
        let pages = pages.iter().filter_map(|row| row.first()).map(decode::<Page>).collect::<ApiResult<Vec<_>>>()?;
        let tenant = Tenant {
            counts: rows.get("counts")?.unwrap_or_default(),
            ids: RecentIds::load(pages),
            mirror: rows.get("mirror")?.unwrap_or_default(),
            ..Tenant::default()
        };
        Ok(Self {
            rules: Rc::new(rows.get("rules")?.unwrap_or_default()),
            seen_day: rows.get("seen")?.unwrap_or(i64::MIN),
            tenant,
            rows,
            app: app.to_owned(),
            name: name.to_owned(),
        })
    }

    /// Loads a user, if not done already.
    pub(super) fn load_user(&mut self, user: &str) -> ApiResult<()> {
        if self.tenant.users.contains_key(user) {
            return Ok(());
        }
        if self.tenant.users.len() >= MAX_USERS {
            self.tenant.users.clear();
        }
        let loaded = self.rows.get(&user_key(user))?.unwrap_or_default();
        self.tenant.users.insert(user, loaded);
        Ok(())
    }

    /// Puts newer rules in force; answers whether they are newer.
    pub(super) fn put_rules(&mut self, rules: Rulebook) -> ApiResult<bool> {
        if rules.revision <= self.rules.revision {
            return Ok(false);
        }
        self.rows.put("rules", &rules)?;
        self.rules = Rc::new(rules);
        Ok(true)
    }

    /// Counts a batch; answers whether anything changed.
    pub(super) fn apply(&mut self, batch: &Batch, now: Millis) -> ApiResult<(Receipt, bool)> {
        for event in &batch.events {
            if let (EventKind::Note { .. }, Some(user)) = (&event.kind, &event.user) {
                self.load_user(user)?;
            }
        }
        let rules = Rc::clone(&self.rules);
        let applied = self.tenant.apply(&rules, batch, now);
        if applied.counts {
            self.write(&applied, now)?;
        }
        Ok((applied.receipt, applied.counts))
    }

    /// Folds in a reading of a subscription; answers whether anything changed.
    pub(super) fn fold(&mut self, read: Subscription, now: Millis) -> ApiResult<bool> {
        if !self.tenant.mirror.fold(read) {
            return Ok(false);
        }
        let fact = Fact::Subscription {
            at: now,
            plan: self.tenant.mirror.plan(&self.rules.plans).map(|p| p.id.clone()),
            status: self.tenant.mirror.current().map(|s| s.status.word().to_owned()),
        };
        self.rows.transaction(&mut || {
            self.rows.put("mirror", &self.tenant.mirror)?;
            outbox::push(&self.rows, &self.app, &self.name, &fact)
        })?;
        Ok(true)
    }

    /// One row for a plain batch; more, as one transaction, when it touches more.
    fn write(&mut self, applied: &Applied, now: Millis) -> ApiResult<()> {
        let first_today = now.day() > self.seen_day;
        if applied.users.is_empty() && applied.pages.dirty.is_empty() && !first_today {
            return self.rows.put("counts", &self.tenant.counts);
        }
        self.rows.transaction(&mut || {
            self.rows.put("counts", &self.tenant.counts)?;
            for user in &applied.users {
                if let Some(state) = self.tenant.users.get(user) {
                    self.rows.put(&user_key(user), state)?;
                }
            }
            for page in applied.pages.dirty.iter().filter_map(|n| self.tenant.ids.page(*n)) {
                let sql = "INSERT INTO ids (page, value) VALUES (?, ?) ON CONFLICT (page) DO UPDATE SET value = excluded.value";
                self.rows.run(sql, vec![number(page.number), encode(page)])?;
            }
            for page in &applied.pages.dropped {
                self.rows.run("DELETE FROM ids WHERE page = ?", vec![number(*page)])?;
            }
            if first_today {
                self.rows.put("seen", &now.day())?;
                outbox::push(&self.rows, &self.app, &self.name, &Fact::Seen { at: now })?;
            }
            Ok(())
        })?;
        self.seen_day = self.seen_day.max(now.day());
        Ok(())
    }
}

fn user_key(user: &str) -> String {
    format!("user/{user}")
}

/// A number for SQL, which JavaScript carries as a double.
pub(super) fn number(n: u64) -> SqlStorageValue {
    SqlStorageValue::Integer(i64::try_from(n.min(MAX_SAFE)).unwrap_or(0))
}
