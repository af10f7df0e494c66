//! `/v1/webhooks`: where an app has its messages sent, for its back end.

use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::{Map, Value, json};
use upcue_engine::config::unknown;
use upcue_engine::hook::{Attempt, EVENTS, Endpoint, Secret, Stage, check};
use upcue_engine::time::{DAY, DurationMs, parse_duration};
use upcue_engine::wire;
use worker::{Env, Request, Response};

use super::tenants::back_end;
use super::{Route, segment};
use crate::hook::OWN_MACHINE;
use crate::http::{self, Query, read};
use crate::problem::{ApiError, ApiResult, Code};
use crate::rpc::{AppCall, HookCall, HookChange, HookDelivery, HookListing, Object, app_object};

/// The largest body, in bytes.
const MAX_BODY: usize = 8_192;
/// Deliveries on a page: usually, and at most.
const PAGE: (u32, u32) = (50, 500);
/// How long an old secret signs beside a new one: usually, and at most.
const OVERLAP: (DurationMs, DurationMs) = (DAY, 30 * DAY);

pub(super) async fn answer(route: Route, req: &mut Request, env: &Env, path: &str) -> ApiResult<Response> {
    let caller = back_end(req, env).await?;
    let object = app_object(env, &caller.app.id)?;
    match route {
        Route::HookAdd => add(req, &object).await,
        Route::HookChange => change(req, &object, segment(path, 3)?).await,
        Route::HookRemove => {
            object.call::<()>(&hook(HookCall::Remove(segment(path, 3)?))).await?;
            Ok(Response::empty()?.with_status(204))
        }
        Route::HookRotate => rotate(req, &object, segment(path, 3)?).await,
        Route::HookTest => {
            let message: String = object.call(&hook(HookCall::Try(segment(path, 3)?))).await?;
            http::answer(202, &json!({ "id": message }))
        }
        Route::HookDeliveries => deliveries(req, &object, segment(path, 3)?).await,
        Route::HookReplay => {
            let call = HookCall::Replay { id: segment(path, 3)?, message: segment(path, 5)? };
            let found: HookDelivery = object.call(&hook(call)).await?;
            http::answer(202, &delivery(&found))
        }
        _ => {
            let found: Vec<Endpoint> = object.call(&hook(HookCall::List)).await?;
            http::answer(200, &json!({"endpoints": found.iter().map(endpoint).collect::<Vec<_>>()}))
        }
    }
}

fn hook(call: HookCall) -> AppCall {
    AppCall::Hook(call)
}

async fn add(req: &mut Request, object: &Object) -> ApiResult<Response> {
    let fields = fields(&read(req, MAX_BODY).await?, &["url", "events"])?;
    let url =
        url(fields.get("url").ok_or_else(|| refuse("/url", "`url` is missing: where messages are sent, as https://app.example/hooks"))?)?;
    let events = fields.get("events").map_or_else(|| Ok(vec!["*".to_owned()]), events)?;
    let made: (Endpoint, String) = object.call(&hook(HookCall::Register { url, events })).await?;
    http::answer(201, &with_secret(&made))
}

async fn change(req: &mut Request, object: &Object, id: String) -> ApiResult<Response> {
    let fields = fields(&read(req, MAX_BODY).await?, &["url", "events", "state"])?;
    let enabled = fields.get("state").map(|state| match state.as_str() {
        Some("enabled") => Ok(true),
        Some("disabled") => Ok(false),
        _ => Err(refuse("/state", "`state` must be \"enabled\" or \"disabled\"")),
    });
    let change = HookChange {
        url: fields.get("url").map(url).transpose()?,
        events: fields.get("events").map(events).transpose()?,
        enabled: enabled.transpose()?,
    };
    let changed: Endpoint = object.call(&hook(HookCall::Change { id, change })).await?;
    http::answer(200, &endpoint(&changed))
}

async fn rotate(req: &mut Request, object: &Object, id: String) -> ApiResult<Response> {
    let bytes = read(req, MAX_BODY).await?;
    let fields = if bytes.is_empty() { Map::new() } else { fields(&bytes, &["overlap"])? };
    let overlap = fields.get("overlap").map_or(Ok(OVERLAP.0), |overlap| {
        let overlap = overlap.as_str().and_then(parse_duration).filter(|ms| *ms <= OVERLAP.1);
        overlap.ok_or_else(|| {
            refuse("/overlap", "`overlap` must be a duration of at most 30 days, as in \"24h\"; \"0s\" drops the old secret at once")
        })
    })?;
    let made: (Endpoint, String) = object.call(&hook(HookCall::Rotate { id, overlap })).await?;
    http::answer(200, &with_secret(&made))
}

async fn deliveries(req: &Request, object: &Object, id: String) -> ApiResult<Response> {
    let query = Query::of(req);
    let state = query.get("state").map(str::to_owned);
    let states = [Stage::Pending(upcue_engine::time::Millis(0)), Stage::Delivered, Stage::Failed].map(|stage| stage.code());
    if let Some(state) = state.as_ref().filter(|state| !states.contains(&state.as_str())) {
        return Err(ApiError::new(Code::InvalidRequest, unknown("state", state, &states)));
    }
    let limit = query.number("limit", PAGE.0, PAGE.1)?;
    let before = query.get("cursor").map(read_cursor).transpose()?;
    let listing = HookListing { id, state, before, limit: limit + 1 };
    let mut found: Vec<HookDelivery> = object.call(&hook(HookCall::Deliveries(listing))).await?;
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let next = found.last().filter(|_| more).map(|last| Base64UrlUnpadded::encode_string(&wire::encode(&last.number)));
    http::answer(200, &json!({"deliveries": found.iter().map(delivery).collect::<Vec<_>>(), "next": next}))
}

fn read_cursor(text: &str) -> ApiResult<u64> {
    let read = Base64UrlUnpadded::decode_vec(text).ok().and_then(|bytes| wire::decode(&bytes));
    read.ok_or_else(|| ApiError::new(Code::InvalidRequest, "`cursor` must be the `next` of a page before"))
}

/// The members of a body; what is none of those known is refused.
fn fields(bytes: &[u8], known: &[&str]) -> ApiResult<Map<String, Value>> {
    let Value::Object(fields) = http::json(bytes)? else { return Err(refuse("", "the body must be a JSON object")) };
    match fields.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(refuse(&format!("/{name}"), &unknown("field", name, known))),
        None => Ok(fields),
    }
}

fn url(value: &Value) -> ApiResult<String> {
    let text = value.as_str().ok_or_else(|| refuse("/url", "`url` must be a text, as in \"https://app.example/hooks\""))?;
    match check(text, OWN_MACHINE) {
        Ok(()) => Ok(text.to_owned()),
        Err(why) => Err(refuse("/url", &format!("`url`: {why}")).finer("url_refused")),
    }
}

fn events(value: &Value) -> ApiResult<Vec<String>> {
    let wanted = || refuse("/events", "`events` must be a list of at least one event's name, or [\"*\"] for all");
    let list = value.as_array().filter(|list| !list.is_empty()).ok_or_else(wanted)?;
    let mut events: Vec<String> = Vec::new();
    for (i, event) in list.iter().enumerate() {
        let event = event.as_str().ok_or_else(wanted)?;
        if event != "*" && !EVENTS.contains(&event) {
            return Err(refuse(&format!("/events/{i}"), &unknown("event", event, &EVENTS)));
        }
        if !events.iter().any(|known| known == event) {
            events.push(event.to_owned());
        }
    }
    Ok(events)
}

fn refuse(pointer: &str, detail: &str) -> ApiError {
    ApiError::new(Code::InvalidRequest, detail).with(&json!({ "pointer": pointer }))
}

fn with_secret((made, secret): &(Endpoint, String)) -> Value {
    let mut told = endpoint(made);
    if let Some(told) = told.as_object_mut() {
        told.insert("secret".to_owned(), json!(secret));
    }
    told
}

fn endpoint(Endpoint { id, url, events, disabled, created_at, failing_since, secrets }: &Endpoint) -> Value {
    let secrets = secrets
        .iter()
        .map(|Secret { id, created_at, expires_at, .. }| json!({"id": id, "created_at": created_at, "expires_at": expires_at}));
    json!({
        "id": id, "url": url, "events": events, "state": if disabled.is_some() { "disabled" } else { "enabled" }, "disabled_reason": disabled,
        "created_at": created_at, "failing_since": failing_since, "secrets": secrets.collect::<Vec<_>>(),
    })
}

fn delivery(HookDelivery { message, kind, tenant, at, delivery, .. }: &HookDelivery) -> Value {
    let attempts = delivery
        .attempts
        .iter()
        .map(|Attempt { at, status, error, duration_ms }| json!({"at": at, "status": status, "error": error, "duration_ms": duration_ms}));
    let next = if let Stage::Pending(next) = delivery.stage { Some(next) } else { None };
    let tenant = Some(tenant).filter(|tenant| !tenant.is_empty());
    json!({
        "id": message, "type": kind, "tenant": tenant, "at": at, "state": delivery.stage.code(), "reason": delivery.reason,
        "attempts": attempts.collect::<Vec<_>>(), "next_attempt": next,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(error: &ApiError) -> (String, String) {
        let document = error.document();
        (error.code().to_owned(), document["pointer"].as_str().unwrap_or("-").to_owned())
    }

    #[test]
    fn what_is_wrong_with_a_body_is_told_with_its_place() {
        for (body, code, pointer) in [
            ("{", "malformed_json", "-"),
            ("[]", "invalid_request", ""),
            (r#"{"urll": "https://app.example"}"#, "invalid_request", "/urll"),
        ] {
            let error = fields(body.as_bytes(), &["url", "events"]).expect_err(body);
            assert_eq!(problem(&error), (code.to_owned(), pointer.to_owned()), "{body}");
        }
        for (value, code) in
            [(json!(7), "invalid_request"), (json!("https://10.0.0.1/"), "url_refused"), (json!("app.example"), "url_refused")]
        {
            assert_eq!(problem(&url(&value).expect_err("refused")), (code.to_owned(), "/url".to_owned()), "{value}");
        }
        for (value, pointer) in [
            (json!([]), "/events"),
            (json!("*"), "/events"),
            (json!([7]), "/events"),
            (json!(["signal.detected", "segment.entred"]), "/events/1"),
        ] {
            let error = events(&value).expect_err("refused");
            assert_eq!(problem(&error), ("invalid_request".to_owned(), pointer.to_owned()), "{value}");
        }
        assert!(events(&json!(["segment.entred"])).expect_err("refused").detail().contains("did you mean `segment.entered`?"));
        assert_eq!(events(&json!(["*", "segment.left", "*"])).ok(), Some(vec!["*".to_owned(), "segment.left".to_owned()]));
    }
}
