//! One app: its keys, configuration, catalogue, Stripe events and the list of its tenants.

mod backtests;
mod catalogue;
mod config;
mod erasure;
mod events;
mod export;
mod hooks;
mod keys;
mod listing;
mod looks;
mod mail_reports;
mod mails;
mod pace;
mod proof;
mod retention;
mod segments;
mod standing;
mod suppression;
mod sweep;
mod tenants;
mod upgrades;

use std::cell::Cell;

use worker::{DurableObject, Env, Request, Response, State, durable_object};

use super::rows::{Rows, set_alarm};
use super::turns::Turns;
use crate::host;
use crate::log;
use crate::problem::{ApiError, ApiResult, Code};
use crate::rpc::{self, AppCall, AppHead};

/// Tables and indexes.
const TABLES: [&str; 26] = [
    backtests::TABLE,
    backtests::REVISIONS,
    config::TABLE,
    erasure::TABLE,
    erasure::WAITING,
    erasure::BY_LIFE,
    erasure::BY_TIME,
    erasure::GONE,
    events::TABLE,
    events::WAITING,
    events::UNMATCHED,
    events::CUSTOMERS,
    hooks::TABLE,
    hooks::DELIVERIES,
    hooks::BY_MESSAGE,
    hooks::WAITING,
    looks::TABLE,
    mails::TABLE,
    mails::BY_TIME,
    mails::BY_TENANT,
    segments::TABLE,
    segments::BY_TENANT,
    suppression::BLOCKED,
    suppression::TABLE,
    tenants::TABLE,
    upgrades::TABLE,
];

/// The Durable Object of an app.
#[durable_object(alarm)]
pub struct AppObject {
    state: State,
    env: Env,
    /// Whether the tables are known to exist.
    ready: Cell<bool>,
    readings: Turns,
    pace: pace::Pace,
    /// Whether the alarm was set for what will be too old.
    ages: Cell<bool>,
}

impl std::fmt::Debug for AppObject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AppObject")
    }
}

impl DurableObject for AppObject {
    fn new(state: State, env: Env) -> Self {
        Self { state, env, ready: Cell::new(false), readings: Turns::default(), pace: pace::Pace::default(), ages: Cell::default() }
    }

    async fn fetch(&self, mut req: Request) -> worker::Result<Response> {
        let call: AppCall = match rpc::receive(&mut req).await {
            Ok(call) => call,
            Err(error) => return rpc::respond(Err(error)),
        };
        rpc::respond(self.answer(call).await)
    }

    async fn alarm(&self) -> worker::Result<Response> {
        // A failing handler is tried six times and then dropped for good, so it never fails: it sets itself again.
        let round = hooks::Round::new(Self::now());
        let (caught_up, sent) = futures_util::future::join(self.keep_up(&round), self.send_hooks(&round)).await;
        if let Err(error) = caught_up.and(sent).and_then(|()| self.schedule()) {
            log::background("app alarm", error.source().unwrap_or_else(|| error.code()));
            if let Err(error) = set_alarm(&self.state.storage(), 10_000) {
                log::background("app alarm", error.source().unwrap_or_else(|| error.code()));
            }
        }
        Response::empty()
    }
}

impl AppObject {
    async fn answer(&self, call: AppCall) -> ApiResult<Vec<u8>> {
        match call {
            AppCall::Create(settings) => rpc::reply(&self.create(settings)?),
            AppCall::Update(settings) => rpc::reply(&self.update(settings)?),
            AppCall::Head => rpc::reply(&self.head()?),
            AppCall::AddKey(kind) => rpc::reply(&self.add_key(kind)?),
            AppCall::RevokeKey(key) => rpc::reply(&self.revoke_key(&key)?),
            AppCall::Rulebook => rpc::reply(&self.rulebook()?),
            AppCall::Config(version) => rpc::reply(&self.config(version)?),
            AppCall::ConfigVersions { before, limit } => rpc::reply(&self.config_versions(before, limit)?),
            AppCall::Publish { document, if_match } => rpc::reply(&self.publish(&document, &if_match)?),
            AppCall::Rollback { version, if_match } => rpc::reply(&self.roll_back(version, &if_match)?),
            AppCall::SyncCatalogue => rpc::reply(&self.sync_catalogue().await?),
            AppCall::Catalogue => rpc::reply(&self.catalogue()?),
            AppCall::StripeEvent(event) => rpc::reply(&self.receive_event(&event).await?),
            AppCall::StripeEvents(state) => rpc::reply(&self.stripe_events(state)?),
            AppCall::LinkCustomer { customer, tenant } => rpc::reply(&self.link_customer(&customer, &tenant).await?),
            AppCall::Facts { tenant, life, facts } => rpc::reply(&self.take_facts(&tenant, &life, &facts)?),
            AppCall::CustomerOf(tenant) => rpc::reply(&self.customer_of(&tenant)?),
            AppCall::Sweep => rpc::reply(&self.sweep_all().await?),
            AppCall::RulebookOf(revision) => rpc::reply(&self.rulebook_of(revision)?),
            AppCall::Candidate(document) => rpc::reply(&self.candidate(&document)?),
            AppCall::StartBacktest(wish) => rpc::reply(&self.start_backtest(wish)?),
            AppCall::Backtest(id) => rpc::reply(&self.backtest(&id)?),
            AppCall::Upgrades(since) => rpc::reply(&self.upgrades(since)?),
            AppCall::Proof(call) => self.prove(call),
            AppCall::Tenants(listing) => rpc::reply(&self.tenants(&listing)?),
            AppCall::Segments => rpc::reply(&self.segments()?),
            AppCall::Segment(listing) => rpc::reply(&self.segment(&listing)?),
            AppCall::MayMail(wish) => rpc::reply(&self.may_mail(&wish).await?),
            AppCall::Suppress(suppression) => rpc::reply(&self.suppress(&suppression)?),
            AppCall::Unsuppress(address) => rpc::reply(&self.unsuppress(&address).await?),
            AppCall::Suppressions(listing) => rpc::reply(&self.suppressions(&listing)?),
            AppCall::Letters(listing) => rpc::reply(&self.letters(&listing)?),
            AppCall::MailReports(reports) => rpc::reply(&self.take_mail_reports(&reports).await?),
            AppCall::KeepLook(look) => rpc::reply(&self.keep_look(&look)?),
            AppCall::Look(name) => rpc::reply(&self.look(&name)?),
            AppCall::Hook(call) => self.about_hooks(call),
            AppCall::Erase(leaving) => rpc::reply(&self.erase(leaving).await?),
            AppCall::Erasures(listing) => rpc::reply(&self.erasures(&listing)?),
            AppCall::Export { tenant, wish } => rpc::reply(&self.export(&tenant, &wish)?),
            #[cfg(feature = "dev-tools")]
            AppCall::Rows => rpc::reply(&self.rows()?.all()?),
        }
    }

    /// Catches up, and again with whatever comes up while webhooks are sent, whose receivers may take their time.
    async fn keep_up(&self, round: &hooks::Round) -> ApiResult<()> {
        self.catch_up().await?;
        while round.goes_on().await {
            if self.next_duty()?.is_some_and(|at| at <= Self::now()) {
                self.catch_up().await?;
            }
        }
        Ok(())
    }

    /// What was left for later: events that failed, tenants that must hear of new rules, and what comes round by itself.
    async fn catch_up(&self) -> ApiResult<()> {
        self.retry_erasures().await?;
        self.forget_aged()?;
        self.tell_some().await?;
        self.announce_some().await?;
        self.go_on_backtesting().await?;
        self.retry_events().await?;
        self.go_round().await
    }

    /// Sets the alarm for what is left for later. An object has one alarm, so its moment is computed from all of it.
    pub(super) fn schedule(&self) -> ApiResult<()> {
        match self.next_duty()?.into_iter().chain(self.next_hook()?).min() {
            Some(at) => set_alarm(&self.state.storage(), at.since(Self::now()).max(0)),
            None => Ok(()),
        }
    }

    /// When there is something to catch up with.
    fn next_duty(&self) -> ApiResult<Option<upcue_engine::time::Millis>> {
        if self.is_announcing()? || self.is_telling()? || self.is_backtesting()? {
            return Ok(Some(Self::now()));
        }
        Ok(self.next_event()?.into_iter().chain(self.next_round()?).chain(self.next_erasure()?).chain(self.next_aged()?).min())
    }

    /// The object's rows.
    fn rows(&self) -> ApiResult<Rows> {
        if self.ready.get() {
            return Ok(Rows::attach(&self.state));
        }
        let rows = Rows::open(&self.state, &[TABLES.as_slice(), &proof::TABLES].concat())?;
        self.ready.set(true);
        Ok(rows)
    }

    /// What the app is set up to; an object without it is nobody's.
    fn head(&self) -> ApiResult<AppHead> {
        let unknown = || ApiError::new(Code::UnknownApp, "no app of this name; the operator creates it with POST /v1/apps");
        // Looked up before any table is made: asking for an app that does not exist leaves nothing behind.
        Rows::peek(&self.state, keys::HEAD)?.ok_or_else(unknown)
    }

    fn put_head(&self, head: &AppHead) -> ApiResult<()> {
        self.rows()?.put(keys::HEAD, head)
    }

    fn now() -> upcue_engine::time::Millis {
        host::now()
    }
}
