//! One tenant: the only writer of its state.
//!
//! Every change is: load rows (kept in memory while the object lives), call one function of the engine with `now`, write
//! rows; with no `await` in between, so that nothing else runs meanwhile and all rows commit together. The platform holds an
//! answer back until what was written before it is durable: what is acknowledged survives a kill.

mod live;
mod outbox;
mod store;
mod subscriptions;

use std::cell::RefCell;
use std::rc::Rc;

use upcue_engine::decision::Scene;
use upcue_engine::facts::StandingAt;
use upcue_engine::hash::hash64;
use upcue_engine::snapshot::Frame;
use upcue_engine::template::plain;
use upcue_engine::tenant::{Batch, Receipt, Rulebook, Viewer};
use upcue_engine::time::Millis;
use worker::{DurableObject, Env, Request, Response, State, WebSocket, WebSocketIncomingMessage, durable_object};

use crate::host;
use crate::log;
use crate::problem::{ApiError, ApiResult};
use crate::rpc::{
    self, AppCall, DecisionReport, PlacementDecision, SnapshotReply, TenantCall, TenantEnvelope, TenantReport, WhoLooks, app_object,
};
use live::Pulse;
use store::Stored;
use subscriptions::Readings;

/// The Durable Object of a tenant: the shell the platform calls.
#[durable_object]
pub struct TenantObject {
    core: Rc<Core>,
}

/// The object itself; shared, so that a send that is due in a moment can outlive the call that caused it.
struct Core {
    state: State,
    env: Env,
    /// What is stored, once it has been loaded. Emptied when a write fails, so that memory never runs ahead of disk.
    stored: RefCell<Option<Stored>>,
    readings: Readings,
    pulse: Pulse,
}

impl std::fmt::Debug for TenantObject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TenantObject")
    }
}

impl DurableObject for TenantObject {
    fn new(state: State, env: Env) -> Self {
        let core = Core { state, env, stored: RefCell::default(), readings: Readings::default(), pulse: Pulse::default() };
        core.answer_pings();
        Self { core: Rc::new(core) }
    }

    async fn fetch(&self, mut req: Request) -> worker::Result<Response> {
        let envelope: TenantEnvelope = match rpc::receive(&mut req).await {
            Ok(envelope) => envelope,
            Err(error) => return rpc::respond(Err(error)),
        };
        if let TenantCall::Live(who) = &envelope.call {
            return match self.core.open_live(&envelope, who).await {
                Ok(response) => Ok(response),
                Err(error) => rpc::respond(Err(error)),
            };
        }
        rpc::respond(self.core.answer(envelope).await)
    }

    async fn alarm(&self) -> worker::Result<Response> {
        // A failing handler is tried six times and then dropped for good, so it never fails: it sets itself again.
        if let Err(error) = self.core.deliver_outbox().await {
            log::background("outbox", error.source().unwrap_or_else(|| error.code()));
        }
        Response::empty()
    }

    async fn websocket_message(&self, _ws: WebSocket, _message: WebSocketIncomingMessage) -> worker::Result<()> {
        Ok(()) // pings are answered by the platform without waking this object; pages send nothing else
    }

    async fn websocket_close(&self, ws: WebSocket, _code: usize, _reason: String, _clean: bool) -> worker::Result<()> {
        let _already_closed = ws.close::<&str>(None, None);
        Ok(())
    }

    async fn websocket_error(&self, _ws: WebSocket, _error: worker::Error) -> worker::Result<()> {
        Ok(())
    }
}

impl Core {
    async fn answer(self: &Rc<Self>, envelope: TenantEnvelope) -> ApiResult<Vec<u8>> {
        self.prepare(&envelope).await?;
        let now = host::now();
        match envelope.call {
            TenantCall::Events(batch) => rpc::reply(&self.count(&batch, now)?),
            TenantCall::Snapshot(who) => rpc::reply(&self.snapshot(&who, now)?),
            TenantCall::Report => rpc::reply(&self.report(now)?),
            TenantCall::Decisions { who, placement } => rpc::reply(&self.decide(&who, placement.as_deref(), now)?),
            TenantCall::SyncSubscription { subscription, customer, api_key } => {
                rpc::reply(&self.sync_subscription(&subscription, &customer, &api_key).await?)
            }
            TenantCall::RulesChanged => rpc::reply(&()),
            TenantCall::Live(_) => Err(ApiError::new(crate::problem::Code::UpgradeRequired, "a live connection needs a WebSocket request")),
            #[cfg(feature = "dev-tools")]
            TenantCall::Panic => crate::routes::dev::boom(),
        }
    }

    /// Loads what is stored, and the rules if a newer revision of them is in force.
    async fn prepare(&self, envelope: &TenantEnvelope) -> ApiResult<()> {
        let known = self.with(envelope, |stored| Ok(stored.rules.revision))?;
        let nobody_looks = matches!(envelope.call, TenantCall::RulesChanged) && self.state.get_websockets().is_empty();
        if known >= envelope.revision || nobody_looks {
            return Ok(());
        }
        let rules: Rulebook = app_object(&self.env, &envelope.app)?.call(&AppCall::Rulebook).await?;
        let changed = self.with(envelope, |stored| stored.put_rules(rules))?;
        if changed {
            self.push_snapshots();
        }
        Ok(())
    }

    /// Works on what is stored, loading it first if need be. After a failure memory is dropped: rows are what counts.
    fn with<T>(&self, envelope: &TenantEnvelope, work: impl FnOnce(&mut Stored) -> ApiResult<T>) -> ApiResult<T> {
        if self.stored.borrow().is_none() {
            let loaded = Stored::load(&self.state, &envelope.app, &envelope.tenant)?;
            *self.stored.borrow_mut() = Some(loaded);
        }
        self.with_loaded(work)
    }

    /// Works on what is stored, which has been loaded.
    fn with_loaded<T>(&self, work: impl FnOnce(&mut Stored) -> ApiResult<T>) -> ApiResult<T> {
        let mut guard = self.stored.borrow_mut();
        let Some(stored) = guard.as_mut() else {
            return Err(worker::Error::RustError("the tenant's rows are not loaded".to_owned()).into());
        };
        let result = work(stored);
        if result.is_err() {
            *guard = None;
        }
        result
    }

    fn count(self: &Rc<Self>, batch: &Batch, now: Millis) -> ApiResult<Receipt> {
        let (receipt, changed) = self.with_loaded(|stored| stored.apply(batch, now))?;
        if changed {
            self.push_live();
        }
        Ok(receipt)
    }

    fn snapshot(&self, who: &WhoLooks, now: Millis) -> ApiResult<SnapshotReply> {
        self.with_loaded(|stored| {
            stored.load_user(&who.user)?;
            let mut snapshot = stored.tenant.snapshot(&stored.rules, &viewer(who), now);
            snapshot.live.server_time = Millis(0); // the one thing that differs although nothing has changed
            let hash = hash64(&Frame::Snapshot(Box::new(snapshot.clone())).encode());
            snapshot.live.server_time = now;
            Ok(SnapshotReply { frame: Frame::Snapshot(Box::new(snapshot)).encode(), hash })
        })
    }

    fn report(&self, now: Millis) -> ApiResult<TenantReport> {
        let sockets = u32::try_from(self.state.get_websockets().len()).unwrap_or(u32::MAX);
        self.with_loaded(|stored| {
            Ok(TenantReport {
                standing: stored.tenant.standing(&stored.rules, upcue_engine::facts::Role::Admin, now),
                meters: stored.rules.config.meters.clone(),
                features: stored.rules.config.features.clone(),
                subscription: stored.tenant.mirror.current().cloned(),
                sockets,
            })
        })
    }

    fn decide(&self, who: &WhoLooks, placement: Option<&str>, now: Millis) -> ApiResult<DecisionReport> {
        self.with_loaded(|stored| {
            stored.load_user(&who.user)?;
            let snapshot = stored.tenant.snapshot(&stored.rules, &viewer(who), now);
            let facts = StandingAt { standing: &snapshot.live.standing, now };
            let scene =
                Scene { campaigns: &snapshot.campaigns, facts, user: &snapshot.live.user, tenant: &snapshot.live.tenant, on_display: &[] };
            let mut placements: Vec<&str> = placement.into_iter().collect();
            if placements.is_empty() {
                for campaign in &snapshot.campaigns {
                    if !placements.contains(&campaign.placement.as_str()) {
                        placements.push(&campaign.placement);
                    }
                }
            }
            let placements = placements.into_iter().map(|placement| told(&scene, placement)).collect();
            Ok(DecisionReport { at: now, config_version: snapshot.config_version, placements })
        })
    }
}

fn viewer(who: &WhoLooks) -> Viewer<'_> {
    Viewer { user: &who.user, role: who.role, client: who.client }
}

fn told(scene: &Scene<'_>, placement: &str) -> PlacementDecision {
    let decision = scene.decide(placement);
    let campaign = decision.campaign.and_then(|i| scene.campaigns.get(i));
    let name = |i: usize| scene.campaigns.get(i).map(|c| c.id.clone()).unwrap_or_default();
    PlacementDecision {
        placement: placement.to_owned(),
        campaign: campaign.map(|c| c.id.clone()),
        title: campaign.and_then(|c| c.nudge.title.fill(&scene.facts)).map(|marked| plain(&marked)),
        reason: decision.reason.code().to_owned(),
        trace: scene.trace(placement).into_iter().map(|(i, reason)| (name(i), reason.code().to_owned())).collect(),
    }
}
