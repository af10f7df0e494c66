//! One tenant: the only writer of its state.
//!
//! Every change is: load rows (kept in memory while the object lives), call one function of the engine with `now`, write
//! rows; with no `await` in between, so that nothing else runs meanwhile and all rows commit together. The platform holds an
//! answer back until what was written before it is durable: what is acknowledged survives a kill.

mod crowd;
mod detection;
mod erasure;
mod export;
mod history;
mod live;
mod mailing;
mod outbox;
mod quotes;
mod requests;
mod retention;
mod store;
mod subscriptions;
mod timeline;
mod upgrades;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use upcue_engine::page::Page;
use upcue_engine::tenant::{Batch, Facts, Person, Receipt, Rulebook, Viewer};
use upcue_engine::time::{HOUR, Millis, SECOND};
use upcue_engine::upgrade::requests::Subject;
use upcue_engine::zone::Zone;
use worker::{DurableObject, Env, Request, Response, State, WebSocket, WebSocketIncomingMessage, durable_object};

use super::rows::{Rows, set_alarm};
use crate::fault;
use crate::host;
use crate::letters::drawn;
use crate::log;
use crate::problem::{ApiError, ApiResult};
use crate::rpc::{
    self, AppCall, AskReport, DecisionReport, LetterEnvelope, LetterReply, MailCall, SnapshotReply, TenantCall, TenantEnvelope,
    TenantReport, WhoLooks, app_object,
};
use crate::zones;
use live::Pulse;
use mailing::Rounds;
use outbox::Delivering;
use store::Stored;
use subscriptions::Readings;
use upgrades::{Confirmed, Flight};

/// What is said of people, and the letters that users came from, each with who it is about.
type People = [(String, upcue_engine::sequence::Seen)];
type Visits = [(String, String)];

/// How long to wait after a failed delivery, in milliseconds.
const RETRY: i64 = 5 * SECOND;

/// The Durable Object of a tenant: the shell the platform calls.
#[durable_object]
pub struct TenantObject {
    /// Another takes its place when the tenant is erased, so that what is still under way finds nothing to write to.
    core: RefCell<Rc<Core>>,
}

/// The object itself; shared, so that a send that is due in a moment can outlive the call that caused it.
struct Core {
    state: Rc<State>,
    env: Env,
    /// Whether the tenant was erased meanwhile.
    gone: Cell<bool>,
    delivering: Delivering,
    /// What is stored, once it has been loaded. Emptied when a write fails, so that memory never runs ahead of disk.
    stored: RefCell<Option<Stored>>,
    /// The names of app and tenant, once somebody has told.
    identity: RefCell<Option<(String, String)>>,
    readings: Readings,
    flight: Flight,
    rounds: Rounds,
    pulse: Pulse,
}

impl std::fmt::Debug for TenantObject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TenantObject")
    }
}

impl DurableObject for TenantObject {
    fn new(state: State, env: Env) -> Self {
        let core = Core::new(Rc::new(state), env);
        core.answer_pings();
        Self { core: RefCell::new(Rc::new(core)) }
    }

    async fn fetch(&self, mut req: Request) -> worker::Result<Response> {
        let envelope: TenantEnvelope = match rpc::receive(&mut req).await {
            Ok(envelope) => envelope,
            Err(error) => return rpc::respond(Err(error)),
        };
        let core = self.core();
        match &envelope.call {
            TenantCall::Live(who) => match core.open_live(&envelope, who).await {
                Ok(response) => Ok(response),
                Err(error) => rpc::respond(Err(error)),
            },
            TenantCall::Erase(None) => rpc::respond(self.erase().await),
            _ => rpc::respond(core.answer(envelope).await),
        }
    }

    async fn alarm(&self) -> worker::Result<Response> {
        // A failing handler is tried six times and then dropped for good, so it never fails: it sets itself again.
        let core = self.core();
        if let Err(error) = core.catch_up().await
            && !core.gone.get()
        {
            log::background("tenant alarm", error.source().unwrap_or_else(|| error.code()));
            // Where even that fails the platform comes again by itself, some times.
            core.come_again().await.map_err(|error| worker::Error::RustError(error.code().to_owned()))?;
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

impl TenantObject {
    fn core(&self) -> Rc<Core> {
        Rc::clone(&self.core.borrow())
    }
}

impl Core {
    fn new(state: Rc<State>, env: Env) -> Self {
        Self {
            state,
            env,
            gone: Cell::default(),
            delivering: Delivering::default(),
            stored: RefCell::default(),
            identity: RefCell::default(),
            readings: Readings::default(),
            flight: Flight::default(),
            rounds: Rounds::default(),
            pulse: Pulse::default(),
        }
    }

    fn about_mail(&self, call: MailCall) -> ApiResult<Vec<u8>> {
        match call {
            MailCall::Consent { from, change } => rpc::reply(&self.with_loaded(|stored| stored.consent(&from, change))?),
            MailCall::Follow { from, target, counts } => rpc::reply(&self.with_loaded(|stored| stored.follow(&from, &target, counts))?),
            MailCall::Opened(from) => rpc::reply(&self.with_loaded(|stored| stored.opened(&from.letter))?),
            MailCall::Letters => rpc::reply(&self.with_loaded(|stored| stored.letters_report())?),
            MailCall::Letter(id) => rpc::reply(&self.with_loaded(|stored| stored.posted(&id))?),
            MailCall::Reported { letter, what, detail, suppresses } => {
                rpc::reply(&self.with_loaded(|stored| stored.reported(&letter, &what, &detail, suppresses))?)
            }
            MailCall::Unsuppress(address) => rpc::reply(&self.with_loaded(|stored| stored.unsuppress(&address))?),
        }
    }

    async fn answer(self: &Rc<Self>, envelope: TenantEnvelope) -> ApiResult<Vec<u8>> {
        // These ask what is there, and make nothing where nothing is.
        match &envelope.call {
            TenantCall::Farewell(user) => return rpc::reply(&self.farewell(&envelope, user.as_deref())?),
            TenantCall::Erase(user) => return rpc::reply(&self.erase_user(&envelope, user.as_deref().unwrap_or_default()).await?),
            TenantCall::Export(wish) => return rpc::reply(&self.export(&envelope, wish)?),
            TenantCall::RulesChanged { .. } | TenantCall::Retain(_) if !Rows::exist(&self.state)? => return rpc::reply(&()),
            #[cfg(feature = "dev-tools")]
            TenantCall::Rows => return rpc::reply(&Rows::attach(&self.state).all()?),
            _ => {}
        }
        let merely_asks = envelope.call.merely_asks() && self.with(&envelope, |stored| stored.is_nobody())?;
        self.prepare(&envelope, merely_asks).await?;
        let answer = self.act(envelope).await;
        if merely_asks {
            self.stored.replace(None); // the rules it holds are not written down
        }
        answer
    }

    async fn act(self: &Rc<Self>, envelope: TenantEnvelope) -> ApiResult<Vec<u8>> {
        let now = host::now();
        match envelope.call {
            TenantCall::Events { batch, tz, people, visits } => rpc::reply(&self.count(&batch, tz.as_deref(), (&people, &visits), now)?),
            TenantCall::Snapshot(who) => rpc::reply(&self.snapshot(&who, now)?),
            TenantCall::Page(who) => rpc::reply(&self.page(&who, now)?),
            TenantCall::Report => rpc::reply(&self.report(now)?),
            TenantCall::Decisions { who, placement, as_page } => rpc::reply(&self.decide(&who, placement.as_deref(), as_page, now)?),
            TenantCall::SyncSubscription { subscription, customer, api_key } => {
                rpc::reply(&self.sync_subscription(&subscription, &customer, &api_key).await?)
            }
            TenantCall::Compare { subscription, api_key } => rpc::reply(&self.compare_subscription(&subscription, &api_key).await?),
            TenantCall::Recheck { customer, api_key } => rpc::reply(&self.recheck(&customer, &api_key).await?),
            TenantCall::Plans { who, wanted, letter } => {
                rpc::reply(&self.with_loaded(|stored| Ok(stored.comparison(&who, wanted.as_deref(), letter.as_deref(), now)))?)
            }
            TenantCall::Quote { wish, api_key } => rpc::reply(&self.quote(&wish, &api_key).await?),
            TenantCall::Upgrade { user, token, key, return_url, api_key } => {
                let confirmed = Confirmed { user: &user, token: &token, key, return_url, api_key: &api_key };
                rpc::reply(&self.upgrade(confirmed).await?)
            }
            TenantCall::UpgradeState { id, api_key } => rpc::reply(&self.upgrade_state(&id, &api_key).await?),
            TenantCall::Ask { user, subject } => rpc::reply(&self.ask(&user, &subject, now)?),
            TenantCall::Requests => rpc::reply(&self.with_loaded(|stored| Ok(stored.requested(now)))?),
            TenantCall::Timeline { before, limit } => rpc::reply(&self.with_loaded(|stored| stored.timeline(before, limit))?),
            TenantCall::RulesChanged { .. } => rpc::reply(&()),
            TenantCall::Retain(retention) => rpc::reply(&self.retain(&retention)?),
            TenantCall::Mail(call) => self.about_mail(call),
            TenantCall::Replay => rpc::reply(&self.replay(&envelope.app, &envelope.tenant).await?),
            TenantCall::Backtest { candidate, window } => rpc::reply(&self.backtest(&envelope.tenant, &candidate, window)?),
            TenantCall::Letter { who, rules, template, envelope: letter } => {
                rpc::reply(&self.letter(&who, &rules, &template, letter, now)?)
            }
            TenantCall::Farewell(_) | TenantCall::Erase(_) | TenantCall::Export(_) => Err(ApiError::unreadable()), // answered above
            #[cfg(feature = "dev-tools")]
            TenantCall::Rows => Err(ApiError::unreadable()),              // likewise
            TenantCall::Live(_) => Err(ApiError::new(crate::problem::Code::UpgradeRequired, "a live connection needs a WebSocket request")),
            #[cfg(feature = "dev-tools")]
            TenantCall::Panic => crate::routes::dev::boom(),
        }
    }

    /// Loads what is stored, and the rules if a newer revision of them is in force. Where somebody merely asks for a tenant that is
    /// nobody, nothing is written: a question makes no tenant, and brings none back that was erased.
    async fn prepare(&self, envelope: &TenantEnvelope, merely_asks: bool) -> ApiResult<()> {
        let known = self.with(envelope, |stored| Ok(stored.rules.revision))?;
        let may_wait = matches!(envelope.call, TenantCall::RulesChanged { detect: false });
        let nobody_looks = may_wait && self.state.get_websockets().is_empty() && self.with_loaded(|stored| Ok(stored.is_in_nothing()))?;
        if known >= envelope.revision || nobody_looks {
            return Ok(());
        }
        let rules: Rulebook = app_object(&self.env, &envelope.app)?.call(&AppCall::Rulebook).await?;
        if merely_asks {
            return self.with(envelope, |stored| {
                stored.rules = Rc::new(rules);
                Ok(())
            });
        }
        let changed = self.with(envelope, |stored| stored.put_rules(rules))?;
        if changed {
            self.push_snapshots();
        }
        Ok(())
    }

    /// Works on what is stored of the tenant that a call names.
    fn with<T>(&self, envelope: &TenantEnvelope, work: impl FnOnce(&mut Stored) -> ApiResult<T>) -> ApiResult<T> {
        self.call_it(&envelope.app, &envelope.tenant);
        self.with_loaded(work)
    }

    /// Remembers whose object this is.
    fn call_it(&self, app: &str, tenant: &str) {
        let mut identity = self.identity.borrow_mut();
        if identity.is_none() {
            *identity = Some((app.to_owned(), tenant.to_owned()));
        }
    }

    /// Works on what is stored, loading it first if need be. After a failure memory is dropped: rows are what counts.
    fn with_loaded<T>(&self, work: impl FnOnce(&mut Stored) -> ApiResult<T>) -> ApiResult<T> {
        self.is_alive()?;
        let mut guard = self.stored.borrow_mut();
        if guard.is_none() {
            let identity = self.identity.borrow();
            let nobody = || ApiError::from(worker::Error::RustError("whose object this is has not been told".to_owned()));
            let (app, tenant) = identity.as_ref().ok_or_else(nobody)?;
            *guard = Some(Stored::load(&self.state, app, tenant)?);
        }
        let Some(stored) = guard.as_mut() else { return Err(ApiError::unreadable()) };
        let result = work(stored);
        if result.is_err() {
            *guard = None;
        }
        result
    }

    /// Sets the alarm where a failure came before it was set: else nobody would wake this object.
    async fn come_again(&self) -> ApiResult<()> {
        let storage = self.state.storage();
        if storage.get_alarm().await?.is_none() { set_alarm(&storage, RETRY) } else { Ok(()) }
    }

    /// What was left for later: facts to be delivered, upgrades to be taken up again. Sets the alarm for what is still left;
    /// an object has one, so its moment is computed from all of it.
    async fn catch_up(self: &Rc<Self>) -> ApiResult<()> {
        // An alarm comes without saying whose it is, so the name was stored with the first fact.
        let Some((app, tenant)) = Rows::peek::<(String, String)>(&self.state, outbox::IDENTITY)? else { return Ok(()) };
        self.call_it(&app, &tenant);
        fault::at("tenant.alarm")?;
        let delivered = self.deliver().await;
        let recovered = self.recover(&app).await;
        self.with_loaded(|stored| {
            stored.close_aged_chunk(host::now())?;
            stored.forget_aged(host::now())
        })?;
        let trimmed = self.trim_history(&app, &tenant).await;
        let posted = self.post(&app).await;
        // From here on nothing else runs: rules and facts that came in meanwhile are seen.
        let ticked = self.tick();
        let (due, mail, waits, aged) = self.with_loaded(|stored| {
            Ok((stored.tenant.upgrades.due(), stored.tenant.mailing.due(), stored.has_facts()?, stored.next_aged()?))
        })?;
        let now = host::now();
        let facts = waits.then_some(if delivered.is_ok() { 0 } else { RETRY });
        let tick = ticked.as_ref().map_or(Some(now.plus(HOUR)), |next| *next);
        let aged = aged.map(|at| if trimmed.is_ok() { at } else { at.max(now.plus(HOUR)) });
        let later = due.into_iter().chain(tick).chain(aged).map(|at| at.since(now).max(SECOND));
        let mail = if posted.is_ok() { mail.map(|at| at.since(now).max(0)) } else { Some(RETRY) };
        if let Some(ms) = facts.into_iter().chain(later).chain(mail).min() {
            self.with_loaded(|stored| stored.plan(now.plus(ms), ms))?;
        }
        delivered?;
        recovered?;
        trimmed?;
        posted?;
        ticked.map(|_| ())
    }

    fn count(self: &Rc<Self>, batch: &Batch, tz: Option<&str>, (people, visits): (&People, &Visits), now: Millis) -> ApiResult<Receipt> {
        let (mut receipt, changed) = self.with_loaded(|stored| stored.apply(batch, tz, people, now))?;
        for (_, letter) in visits {
            let is_new = self.with_loaded(|stored| stored.arrive(letter))?;
            *if is_new { &mut receipt.accepted } else { &mut receipt.duplicates } += 1;
        }
        if changed {
            self.push_live();
        }
        Ok(receipt)
    }

    fn snapshot(&self, who: &WhoLooks, now: Millis) -> ApiResult<SnapshotReply> {
        self.with_loaded(|stored| {
            stored.meet(who, now)?;
            let page = stored.page(who, now);
            Ok(SnapshotReply { hash: page.hash(), frame: page.whole() })
        })
    }

    fn page(&self, who: &WhoLooks, now: Millis) -> ApiResult<Page> {
        self.with_loaded(|stored| {
            stored.meet(who, now)?;
            Ok(stored.page(who, now))
        })
    }

    fn report(&self, now: Millis) -> ApiResult<TenantReport> {
        let sockets = u32::try_from(self.state.get_websockets().len()).unwrap_or(u32::MAX);
        self.with_loaded(|stored| {
            Ok(TenantReport {
                overview: stored.tenant.overview(&stored.rules, upcue_engine::facts::Role::Admin, now),
                meters: stored.rules.config.meters.clone(),
                features: stored.rules.config.features.clone(),
                subscription: stored.tenant.mirror.current().cloned(),
                sockets,
                score: stored.tenant.score(&stored.rules, now),
                signals: stored.signals(now),
                segments: stored.segments(),
                tallies: stored.tenant.counts.tallies.all().to_vec(),
            })
        })
    }

    fn ask(&self, user: &str, subject: &Subject, now: Millis) -> ApiResult<AskReport> {
        let report = self.with_loaded(|stored| stored.ask(user, subject, now))?;
        if report.is_new {
            self.push_snapshots();
        }
        Ok(report)
    }

    /// A letter by these rules, of what is so at this tenant.
    fn letter(
        &self,
        who: &WhoLooks,
        rules: &Rulebook,
        template: &str,
        mut envelope: LetterEnvelope,
        now: Millis,
    ) -> ApiResult<LetterReply> {
        self.with_loaded(|stored| {
            stored.load_user(&who.user)?;
            let tenant = &stored.tenant;
            envelope.name = envelope.name.or_else(|| tenant.mailing.contact(&who.user)?.name.clone());
            let user = tenant.users.get(&who.user);
            let facts = Facts::new(tenant, rules, Some(Person { user, role: who.role }), now);
            let stranger = tenant.profile.first_seen.is_none() && tenant.mirror.all().next().is_none();
            Ok(LetterReply { stranger, ..drawn(rules, template, &facts, &tenant.name, &envelope)? })
        })
    }

    fn decide(&self, who: &WhoLooks, placement: Option<&str>, as_page: bool, now: Millis) -> ApiResult<DecisionReport> {
        self.with_loaded(|stored| {
            stored.load_user(&who.user)?;
            let zone = zones::of(&stored.rules.config, who.tz.as_deref(), now);
            let (tenant, rules, viewer) = (&stored.tenant, &stored.rules, viewer(who, &zone));
            let placements =
                if as_page { tenant.decide_as_page(rules, &viewer, placement, now) } else { tenant.decide(rules, &viewer, placement, now) };
            Ok(DecisionReport { at: now, config_version: rules.version, placements })
        })
    }
}

fn viewer<'w>(who: &'w WhoLooks, zone: &'w Zone) -> Viewer<'w> {
    Viewer { user: &who.user, role: who.role, client: who.client, zone }
}
