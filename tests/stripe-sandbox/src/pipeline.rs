//! What happens around every API call: log, fault, credentials, version, idempotency, the call itself, commit.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::Request,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::Value;
use tokio::time::sleep;

use crate::{
    app::App,
    auth,
    call::{Call, Handler, Origin},
    clock,
    error::ApiError,
    expand,
    faults::{Act, Effect},
    idempotency::{InFlight, Keyed, Replay},
    incoming::Incoming,
    params::Params,
    present::present,
    reply::Reply,
    store::Store,
    version::ApiVersion,
};

pub(crate) async fn run(app: Arc<App>, handler: Handler, path_ids: Vec<String>, request: Request) -> Response {
    let incoming = match Incoming::read(request).await {
        Ok(incoming) => incoming,
        Err(error) => return Reply::error(&error).into_response(),
    };
    app.log().begin(incoming.log_entry());
    let fault = app.faults().take(&incoming.method, &incoming.path).unwrap_or_default();
    let act = fault.act().unwrap_or(Act::Answer);
    // Held until the answer is on its way, so that a second try during a delay meets the first, as at Stripe.
    let claim = incoming.idempotency_key().map(|key| InFlight::claim(&app, key)).transpose();
    wait(app.latency()).await;
    let carry_out = || answer(&app, handler, path_ids, &incoming).unwrap_or_else(|error| Reply::error(&error));
    let mut reply = match (&claim, &act) {
        (Err(error), _) => Reply::error(error),
        (Ok(_), Act::Refuse(status, body)) => refused(&app, &incoming, *status, body),
        (Ok(_), Act::Silence(Effect::None) | Act::Reset(Effect::None)) => Reply::lost(),
        (Ok(_), Act::Answer | Act::Silence(Effect::Done) | Act::Reset(Effect::Done)) => carry_out(),
    };
    wait(fault.delay()).await;
    reply.add_headers(&fault.headers());
    // The server is through with the call; it is only the client that does not know.
    drop(claim);
    match act {
        Act::Silence(_) => std::future::pending().await,
        Act::Reset(_) => return Reply::reset(),
        Act::Answer | Act::Refuse(..) => {}
    }
    app.log().answered(&incoming.id, reply.status.as_u16());
    reply.describe(&incoming);
    reply.into_response()
}

/// Even a sleep of nothing costs a tick of the timer, which every call would pay.
async fn wait(time: Duration) {
    if !time.is_zero() {
        sleep(time).await;
    }
}

/// The answer of a fault, kept under the request's key like any other: after a decline only a new key helps.
fn refused(app: &Arc<App>, incoming: &Incoming, status: StatusCode, body: &Value) -> Reply {
    let mut store = app.store();
    if let Ok(Some(replay)) = find_replay(&store, incoming) {
        return Reply::replayed(replay);
    }
    keep(&mut store, incoming, status, body);
    match app.commit_call(&mut store) {
        Ok(()) => Reply::new(status, body.clone()),
        Err(error) => Reply::error(&error),
    }
}

fn answer(app: &Arc<App>, handler: Handler, path_ids: Vec<String>, incoming: &Incoming) -> Result<Reply, ApiError> {
    auth::check(&incoming.headers)?;
    let version = incoming.version()?;
    let mut store = app.store();
    if let Some(replay) = find_replay(&store, incoming)? {
        return Ok(Reply::replayed(replay));
    }
    let (params, paths) = take_expand(incoming)?;
    if incoming.changes_state() {
        expand::check(incoming.collection(), &paths, &version)?;
    }
    let mut call = Call {
        store: &mut store,
        params,
        path_ids,
        method: incoming.method.clone(),
        url: incoming.path.clone(),
        now: clock::now(),
        version,
        origin: Origin { request_id: Some(incoming.id.clone()), idempotency_key: incoming.idempotency_key().map(str::to_owned) },
        delivery: app.delivery_settings(),
    };
    let answered = answer_body(&mut call, handler, &paths);
    if let Err(declined) = answered.as_ref()
        && declined.status == StatusCode::PAYMENT_REQUIRED
    {
        // A payment was tried. That is a fact, even where nothing else changes.
        keep(&mut store, incoming, declined.status, &declined.body());
        app.commit_call(&mut store)?;
    }
    let body = answered?;
    if incoming.changes_state() {
        keep(&mut store, incoming, StatusCode::OK, &body);
        app.commit_call(&mut store)?;
    }
    Ok(Reply::new(StatusCode::OK, body))
}

fn answer_body(call: &mut Call<'_>, handler: Handler, paths: &[String]) -> Result<Value, ApiError> {
    let stored = handler(call)?;
    let render = |stored: &Value| {
        let mut value = present(call.store, stored);
        call.version.shape(&mut value);
        value
    };
    let mut body = render(&stored);
    expand::expand(&mut body, paths, &|id| call.store.find(id).map(render))?;
    expand::leave_out(&mut body, paths);
    Ok(body)
}

fn take_expand(incoming: &Incoming) -> Result<(Params, Vec<String>), ApiError> {
    let mut params = Params::new(incoming.form.clone());
    let paths = params.texts("expand")?.unwrap_or_default();
    Ok((params, paths))
}

fn keyed(incoming: &Incoming) -> Option<Keyed<'_>> {
    incoming.idempotency_key().map(|key| Keyed { key, path: &incoming.path, form: &incoming.form })
}

fn find_replay(store: &Store, incoming: &Incoming) -> Result<Option<Replay>, ApiError> {
    match keyed(incoming) {
        Some(keyed) => store.answers.find(keyed, clock::now()),
        None => Ok(None),
    }
}

fn keep(store: &mut Store, incoming: &Incoming, status: StatusCode, body: &Value) {
    if let Some(keyed) = keyed(incoming) {
        store.answers.keep(keyed, clock::now(), &incoming.id, status, body);
    }
}

/// For paths that no resource has. Takes part in the pipeline, so that it is logged and needs a key like the rest.
pub(crate) fn unrecognized(call: &mut Call<'_>) -> Result<Value, ApiError> {
    Err(ApiError::unrecognized_url(&call.method, &call.url))
}

impl Incoming {
    fn version(&self) -> Result<ApiVersion, ApiError> {
        self.header("stripe-version").map_or_else(|| Ok(ApiVersion::default()), ApiVersion::parse)
    }
}
