//! A tenant's rows, and the engine's state they hold.
//!
//! | row | holds | rewritten by |
//! |---|---|---|
//! | `counts` | meters, tracked events, batch numbers, the tenant's ledger; the open chunk of the history | every batch of events |
//! | `user/<id>` | one user's ledger | what the user does with nudges |
//! | `mirror` | subscriptions | Stripe |
//! | `upgrades` | upgrades on their way and done | each of their steps |
//! | `requests` | what teammates ask for | asking, and the upgrade that answers |
//! | `profile` | when the tenant was first seen, what its back end says of it | the first batch; saying so |
//! | `planned` | when the alarm looks again | the alarm; at most hourly, events |
//! | `mailing` | who could be written to, who is on the way through sequences, letters | what changes them |
//! | `detected` | signals, segments, the score last told | what changes them |
//! | `limits` | what was told of meters near their limits | passing a limit |
//! | `quote_key` | what quotes are signed with | the first quote |
//! | `rules` | the compiled configuration and plans | publishing |
//! | `seen` | the day this tenant was last told of | the first change of a day |
//! | `identity` | the names of app and tenant | the same |
//! | table `ids` | pages of event ids | batches whose events carry ids |
//! | `base`, `base_user/<id>` | the state where the history begins | dropping what is too old of it |
//! | table `history` | full chunks of the history | a chunk that is full |
//! | table `letter` | letters as they were written, and what became of them there | sending them; links that are followed |
//! | table `timeline` | who did what, what was before and after | upgrades, Stripe, requests |
//! | table `outbox` | facts on their way to the app | what is worth telling |

use std::rc::Rc;

use upcue_engine::history::{Chunk, Input, counted};
use upcue_engine::sequence::Seen;
use upcue_engine::tenant::{Applied, Batch, Counts, Editions, Receipt, Rulebook, Tenant, Verdict};
use upcue_engine::time::{HOUR, Millis, SECOND};
use upcue_engine::timeline::{Actor, Entry, What};
use upcue_engine::usage::{Event, EventKind, Page, RecentIds};
use worker::{SqlStorageValue, State};

use super::super::rows::{Rows, decode, encode, set_alarm};
use super::{history, mailing, outbox, timeline};
use crate::host;
use crate::problem::{ApiError, ApiResult};
use crate::rpc::{ComparisonReport, Fact, Posted, WhoLooks};
use crate::zones;

/// Users kept in memory; beyond it all are dropped and read again as they come.
const MAX_USERS: usize = 1_000;
/// What the keys of users' rows begin with.
pub(super) const USER: &str = "user/";
/// The row with what was told of meters near their limits.
const LIMITS: &str = "limits";
/// The largest whole number that JavaScript holds exactly.
const MAX_SAFE: u64 = (1 << 53) - 1;

/// What a step has changed, and what is to be told of it.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "one for each row")]
pub(super) struct Step {
    /// Subscriptions.
    pub(super) mirror: bool,
    /// Upgrades.
    pub(super) upgrades: bool,
    /// What teammates ask for.
    pub(super) requests: bool,
    /// Metering.
    pub(super) counts: bool,
    /// Signals and segments.
    pub(super) detected: bool,
    /// Mails.
    pub(super) mailing: bool,
    /// What was told of limits.
    pub(super) limits: bool,
    /// Users whose ledgers changed by mails.
    pub(super) users: Vec<String>,
    /// Letters as they are to be written down.
    pub(super) letters: Vec<(String, Posted)>,
    /// What came in, besides the rows above: for the history.
    pub(super) inputs: Vec<Input>,
    /// What the edge thinks of exposures: likewise.
    pub(super) verdicts: Vec<Verdict>,
    /// The chunk that was full.
    pub(super) sealed: Option<Chunk>,
    /// For the timeline.
    pub(super) entries: Vec<Entry>,
    /// For the app.
    pub(super) facts: Vec<Fact>,
}

impl Step {
    /// Whether there is nothing to write.
    pub(super) fn is_empty(&self) -> bool {
        let rows = self.mirror || self.upgrades || self.requests || self.counts || self.detected || self.mailing || self.limits;
        !rows && self.sealed.is_none() && self.letters.is_empty() && self.entries.is_empty() && self.facts.is_empty()
    }
}

/// What is stored, in memory.
pub(super) struct Stored {
    rows: Rows,
    app: String,
    pub(super) rules: Rc<Rulebook>,
    pub(super) tenant: Tenant,
    /// The open chunk of the history.
    pub(super) chunk: Chunk,
    /// When the alarm looks again, at the latest.
    pub(super) planned: Option<Millis>,
    /// The day that was last told to the app.
    seen_day: i64,
    /// Of how many users something is kept, once that was asked.
    pub(super) crowd: Option<u64>,
}

impl Stored {
    /// Loads everything but users, who are loaded as they come.
    pub(super) fn load(state: &State, app: &str, name: &str) -> ApiResult<Self> {
        let ids = "CREATE TABLE IF NOT EXISTS ids (page INTEGER PRIMARY KEY, value BLOB NOT NULL)";
        let rows = Rows::open(state, &[ids, outbox::TABLE, timeline::TABLE, history::TABLE, mailing::TABLE])?;
        let pages = rows.query("SELECT value FROM ids ORDER BY page", vec![])?;
        let pages = pages.iter().filter_map(|row| row.first()).map(decode::<Page>).collect::<ApiResult<Vec<_>>>()?;
        let (counts, chunk): (Counts, Vec<u8>) = rows.get("counts")?.unwrap_or_default();
        let tenant = Tenant {
            name: name.to_owned(),
            upgrades: rows.get("upgrades")?.unwrap_or_default(),
            requests: rows.get("requests")?.unwrap_or_default(),
            counts,
            ids: RecentIds::load(pages),
            mirror: rows.get("mirror")?.unwrap_or_default(),
            profile: rows.get("profile")?.unwrap_or_default(),
            detected: rows.get("detected")?.unwrap_or_default(),
            mailing: rows.get(mailing::MAILING)?.unwrap_or_default(),
            limits: rows.get(LIMITS)?.unwrap_or_default(),
            ..Tenant::default()
        };
        Ok(Self {
            rules: Rc::new(rows.get("rules")?.unwrap_or_default()),
            planned: rows.get(super::detection::PLANNED)?,
            seen_day: rows.get("seen")?.unwrap_or(i64::MIN),
            crowd: None,
            tenant,
            chunk: Chunk::resume(chunk).ok_or_else(ApiError::unreadable)?,
            rows,
            app: app.to_owned(),
        })
    }

    /// Whether nothing was ever written down: nobody was here since the object was made, or erased.
    pub(super) fn is_nobody(&self) -> ApiResult<bool> {
        Ok(self.rows.query("SELECT 1 FROM row LIMIT 1", vec![])?.is_empty())
    }

    /// Loads the users whose state a batch reads or changes: all of them, whoever else must go for it.
    fn load_users_of(&mut self, batch: &Batch) -> ApiResult<()> {
        let is_theirs = |event: &&Event| matches!(event.kind, EventKind::Note { .. } | EventKind::Identify { .. });
        let mut users: Vec<String> = batch.events.iter().filter(is_theirs).filter_map(|event| event.user.clone()).collect();
        if self.mails() {
            users.extend(self.recipients()); // what comes in may make somebody enter or leave
        }
        self.load_users(&users)
    }

    /// Loads all of these users together, whoever else must go for it.
    pub(super) fn load_users(&mut self, users: &[String]) -> ApiResult<()> {
        let missing = users.iter().filter(|user| !self.tenant.users.contains_key(user)).count();
        if self.tenant.users.len() + missing > MAX_USERS {
            self.tenant.users.clear();
        }
        users.iter().try_for_each(|user| self.read_user(user))
    }

    /// Loads a user, if not done already.
    pub(super) fn load_user(&mut self, user: &str) -> ApiResult<()> {
        if self.tenant.users.len() >= MAX_USERS && !self.tenant.users.contains_key(user) {
            self.tenant.users.clear();
        }
        self.read_user(user)
    }

    fn read_user(&mut self, user: &str) -> ApiResult<()> {
        if self.tenant.users.contains_key(user) {
            return Ok(());
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
        let before = self.tenant.held(&self.rules);
        let after = self.tenant.held(&rules);
        self.rows.put("rules", &rules)?;
        self.rules = Rc::new(rules);
        let mut entries = Vec::new();
        // The catalogue has learned what the subscription sells: the timeline should know it, too.
        if self.tenant.mirror.current().is_some() && before.plan != after.plan {
            let what = What::SubscriptionChanged { before, after };
            entries.push(Entry { at: host::now(), actor: Actor::Upcue, what });
        }
        // A signal that these rules do not have is forgotten, not told: its row must be, too.
        let inputs = vec![Input::Rules(self.rules.revision)];
        self.record(Step { entries, inputs, detected: true, ..Step::default() })?;
        if self.detects() {
            self.wake_in(0)?; // to see what time alone will change
        }
        Ok(true)
    }

    /// Everything the page of `who` is told; they must be loaded.
    pub(super) fn page(&self, who: &WhoLooks, now: Millis) -> upcue_engine::page::Page {
        let zone = zones::of(&self.rules.config, who.tz.as_deref(), now);
        self.tenant.page(&self.rules, &super::viewer(who, &zone), now)
    }

    /// What the page of `who` is sent, and the hash of its rules; they must be loaded.
    pub(super) fn frame(&self, editions: &mut Editions, who: &WhoLooks, known: Option<u64>) -> (Vec<u8>, u64) {
        let zone = zones::of(&self.rules.config, who.tz.as_deref(), editions.now());
        editions.frame(&self.tenant, &self.rules, &super::viewer(who, &zone), known)
    }

    /// Counts a batch that somebody in the time zone `tz` has sent, which says something of `people`; answers whether anything changed.
    pub(super) fn apply(&mut self, batch: &Batch, tz: Option<&str>, people: &[(String, Seen)], now: Millis) -> ApiResult<(Receipt, bool)> {
        self.load_users_of(batch)?;
        let fewer = self.without_crowd(batch)?;
        let (batch, turned_away) = fewer.as_ref().map_or((batch, &[][..]), |(batch, away)| (batch, away));
        let rules = Rc::clone(&self.rules);
        let before = self.tenant.counts.zone.clone();
        let tells_of_nudges = batch.events.iter().any(|event| matches!(event.kind, EventKind::Note { .. }));
        let is_elsewhere = tells_of_nudges && self.tenant.judge_by(&zones::of(&rules.config, tz, now));
        let knows = self.know(people, now);
        let (mut applied, verdicts) = self.tenant.take_batch(&rules, batch, now);
        applied.receipt.rejected.extend_from_slice(turned_away);
        if is_elsewhere && !applied.counts {
            self.tenant.counts.zone = before; // nothing is written, so that history would not know
        }
        if applied.counts {
            let mut inputs = Vec::new();
            if is_elsewhere {
                inputs.push(Input::Zone(self.tenant.counts.zone.clone()));
            }
            if !applied.counted.is_empty() {
                inputs.push(Input::Batch(counted(batch, &applied, now)));
            }
            let facts = applied.touches.iter().map(|touch| Fact::Touch(Box::new(touch.clone()))).collect();
            let mut step = Step { counts: true, mailing: knows, inputs, verdicts, facts, ..Step::default() };
            let by = batch.events.iter().rev().find_map(|event| event.user.as_deref());
            self.detect(&mut step, by, now)?;
            let is_told = self.write(&applied, &step, now)?;
            // Facts wake the alarm at once, which looks ahead by itself.
            if !is_told && self.detects() {
                self.look_soon(now)?;
            }
        } else if knows {
            self.record(Step { mailing: true, ..Step::default() })?;
        }
        Ok((applied.receipt, applied.counts))
    }

    /// Takes note that a user looks: from now on, if it was not known before.
    pub(super) fn meet(&mut self, who: &WhoLooks, now: Millis) -> ApiResult<()> {
        let user = who.user.as_str();
        if self.know(&[(who.user.clone(), who.seen())], now) {
            self.record(Step { mailing: true, ..Step::default() })?;
        }
        self.load_user(user)?;
        let is_first = self.tenant.profile.first_seen.is_none();
        if !self.has_room_for(user)? || !self.tenant.meet(user, now) {
            return Ok(());
        }
        let known = self.tenant.users.entry(user, Default::default);
        self.rows.put(&user_key(user), known)?;
        if is_first {
            self.rows.put("profile", &self.tenant.profile)?;
        }
        self.record(Step { inputs: vec![Input::Met(user.to_owned())], ..Step::default() })
    }

    /// Evaluates, and writes what a step of an upgrade or a reading has changed.
    pub(super) fn record(&mut self, mut step: Step) -> ApiResult<()> {
        self.detect(&mut step, None, host::now())?;
        self.write_step(&step)
    }

    /// Writes what a step has changed, as one transaction.
    pub(super) fn write_step(&self, step: &Step) -> ApiResult<()> {
        self.rows.transaction(&mut || {
            self.write_rows(step)?;
            self.wake_for(step)
        })
    }

    /// Sets the alarm for what a step has put off. Should everything in memory be lost now, the alarm takes it up. Where facts wait
    /// an alarm is set already, and sooner; its handler sets the next.
    fn wake_for(&self, step: &Step) -> ApiResult<()> {
        if !(step.upgrades || step.mailing) || !outbox::is_empty(&self.rows)? {
            return Ok(());
        }
        let now = host::now();
        let upgrade = self.tenant.upgrades.due().map(|due| due.since(now).clamp(SECOND, HOUR));
        let letter = self.tenant.mailing.due().map(|due| due.since(now).max(0));
        let look = self.planned.map(|at| at.since(now)).filter(|ms| *ms >= 0);
        match upgrade.into_iter().chain(letter).min() {
            Some(ms) => self.wake_in(look.map_or(ms, |look| look.min(ms))),
            None => Ok(()),
        }
    }

    /// Writes the rows, the entries and the facts of a step; part of a transaction.
    fn write_rows(&self, step: &Step) -> ApiResult<()> {
        let tenant = &self.tenant;
        if step.mirror {
            self.rows.put("mirror", &tenant.mirror)?;
        }
        if step.upgrades {
            self.rows.put("upgrades", &tenant.upgrades)?;
        }
        if step.requests {
            self.rows.put("requests", &tenant.requests)?;
        }
        if step.counts {
            self.put_counts()?;
        }
        if let Some(chunk) = &step.sealed {
            self.seal(chunk)?;
        }
        if step.detected {
            self.rows.put("detected", &tenant.detected)?;
        }
        if step.mailing {
            self.rows.put(mailing::MAILING, &tenant.mailing)?;
        }
        if step.limits {
            self.rows.put(LIMITS, &tenant.limits)?;
        }
        for user in &step.users {
            if let Some(state) = tenant.users.get(user) {
                self.rows.put(&user_key(user), state)?;
            }
        }
        step.letters.iter().try_for_each(|(id, posted)| mailing::put(&self.rows, id, host::now(), posted))?;
        step.entries.iter().try_for_each(|entry| timeline::push(&self.rows, entry))?;
        step.facts.iter().try_for_each(|fact| outbox::push(&self.rows, &self.app, &tenant.name, fact))
    }

    /// Writes metering and the open chunk of the history: one row.
    pub(super) fn put_counts(&self) -> ApiResult<()> {
        self.rows.put_both("counts", &self.tenant.counts, self.chunk.bytes())
    }

    /// Whether facts wait to be delivered.
    pub(super) fn has_facts(&self) -> ApiResult<bool> {
        Ok(!outbox::is_empty(&self.rows)?)
    }

    /// Has the alarm look after what is left for later, in `ms`.
    pub(super) fn wake_in(&self, ms: i64) -> ApiResult<()> {
        outbox::identify(&self.rows, &self.app, &self.tenant.name)?;
        set_alarm(self.rows.storage(), ms)
    }

    /// The plan comparison for a user.
    pub(super) fn comparison(&self, who: &WhoLooks, wanted: Option<&str>, letter: Option<&str>, now: Millis) -> ComparisonReport {
        let rules = &self.rules;
        let part = letter.and_then(|id| self.letter(id)).and_then(|letter| letter.parts.first());
        // Who comes from a letter came for what its sequence is about, unless they say otherwise.
        let sequence = part.and_then(|part| rules.config.sequences.iter().find(|sequence| sequence.id == part.sequence));
        let wanted = wanted.or_else(|| sequence.and_then(|sequence| sequence.about(&rules.config)));
        let zone = zones::of(&rules.config, who.tz.as_deref(), now);
        let viewer = super::viewer(who, &zone);
        let comparison = self.tenant.compare(rules, &viewer, wanted, now);
        ComparisonReport {
            overview: self.tenant.overview(rules, who.role, now),
            meters: rules.config.meters.clone(),
            features: rules.config.features.clone(),
            subscription: self.tenant.mirror.current().cloned(),
            labels: comparison.requests.iter().map(|total| rules.label(&total.subject)).collect(),
            revision: rules.revision,
            refusal: self.obstacle(),
            letter: part.zip(letter).map(|(part, id)| (id.to_owned(), part.sequence.clone())),
            comparison,
        }
    }

    /// The object's rows.
    pub(super) fn rows(&self) -> &Rows {
        &self.rows
    }

    /// The app's id.
    pub(super) fn app(&self) -> &str {
        &self.app
    }

    /// One row for a plain batch; more, as one transaction, when it touches more.
    /// Answers whether the app is told of anything.
    fn write(&mut self, applied: &Applied, step: &Step, now: Millis) -> ApiResult<bool> {
        let first_today = now.day() > self.seen_day;
        let touches_others = !applied.users.is_empty()
            || !applied.pages.dirty.is_empty()
            || applied.profile
            || step.detected
            || step.mailing
            || !step.facts.is_empty()
            || step.limits
            || step.sealed.is_some();
        if !touches_others && !first_today {
            self.put_counts()?;
            return Ok(false);
        }
        self.rows.transaction(&mut || {
            if applied.profile {
                self.rows.put("profile", &self.tenant.profile)?;
            }
            self.write_rows(step)?;
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
                outbox::push(&self.rows, &self.app, &self.tenant.name, &Fact::Seen { at: now })?;
            }
            self.wake_for(step)
        })?;
        self.seen_day = self.seen_day.max(now.day());
        Ok(first_today || !step.facts.is_empty())
    }
}

pub(super) fn user_key(user: &str) -> String {
    format!("{USER}{user}")
}

/// A number for SQL, which JavaScript carries as a double.
pub(super) fn number(n: u64) -> SqlStorageValue {
    SqlStorageValue::Integer(i64::try_from(n.min(MAX_SAFE)).unwrap_or(0))
}
