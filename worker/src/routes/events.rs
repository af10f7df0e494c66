//! `POST /v1/events`: usage, tracked events, and what users did with nudges.

use serde_json::{Value, json};
use upcue_engine::ids::is_id;
use upcue_engine::map::{Map, ordered};
use upcue_engine::sequence::{OWNER, Seen};
use upcue_engine::tenant::{Batch, Receipt, Rejection};
use upcue_engine::time::Millis;
use upcue_engine::traits::TraitValue;
use upcue_engine::usage::{Event, EventKind, MAX_EVENTS, MAX_VALUE, NoteKind, Reading};
use worker::{Env, Request, Response};

use super::Answer;
use crate::auth::link::verify_visit;
use crate::auth::{self, Caller, Credential};
use crate::http::{answer, json as parse, read};
use crate::people;
use crate::problem::{ApiError, ApiResult, Code};
use crate::rpc::{TenantCall, TenantEnvelope, tenant_object};

/// The largest body, in bytes.
const MAX_BODY: usize = 256 * 1024;
/// The longest name of a decision.
const MAX_DECISION: usize = 128;

/// A batch as sent. Events stay loose here, so that a bad one is refused by itself and not the batch with it.
struct RawBatch {
    client: Option<String>,
    seq: Option<u64>,
    /// The user's token, from a page that sends `text/plain` to save the preflight that a header would cost.
    token: Option<String>,
    tenant: Option<String>,
    user: Option<String>,
    events: Vec<Value>,
}

impl RawBatch {
    fn read(mut body: Value) -> ApiResult<Self> {
        let bad = |field: &str, must: &str| ApiError::new(Code::InvalidRequest, format!("`{field}` must be {must}"));
        if !body.is_object() {
            return Err(bad("the body", "an object with `events`"));
        }
        let text = |field: &str| text(part(&body, field), field).map_err(|_| bad(field, "a string"));
        let (client, token, tenant, user) = (text("client")?, text("token")?, text("tenant")?, text("user")?);
        let seq = match part(&body, "seq") {
            Value::Null => None,
            seq => Some(seq.as_u64().ok_or_else(|| bad("seq", "a whole number"))?),
        };
        let events = match body.get_mut("events").map(Value::take) {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(events)) => events,
            Some(_) => return Err(bad("events", "a list")),
        };
        Ok(Self { client, seq, token, tenant, user, events })
    }
}

/// A part of an object; null when it has none of the name.
fn part<'v>(object: &'v Value, name: &str) -> &'v Value {
    object.get(name).unwrap_or(&Value::Null)
}

pub(super) async fn post(req: &mut Request, env: &Env) -> Answer {
    let (bytes, credential) = match receive(req).await {
        Ok(received) => received,
        Err(error) => return error.into(),
    };
    let batch = match parse(&bytes).and_then(RawBatch::read) {
        Ok(batch) => batch,
        Err(error) => return error.into(),
    };
    let caller = match auth::caller(env, credential.or_else(|| batch.token.clone())).await {
        Ok(caller) => caller,
        Err(error) => return error.into(),
    };
    let tenant = caller.tenant(batch.tenant.as_deref()).ok();
    let outcome = match auth::check_origin(req, &caller.app) {
        Ok(()) => count(env, &caller, batch).await,
        Err(error) => Err(error),
    };
    Answer { outcome, allowed_origins: Some(caller.app.allowed_origins), tenant }
}

async fn receive(req: &mut Request) -> ApiResult<(Vec<u8>, Option<String>)> {
    let credential = auth::bearer(req)?;
    Ok((read(req, MAX_BODY).await?, credential))
}

async fn count(env: &Env, caller: &Caller, batch: RawBatch) -> ApiResult<Response> {
    if batch.events.len() > MAX_EVENTS {
        let detail = format!("{} events; a batch has at most {MAX_EVENTS}", batch.events.len());
        return Err(ApiError::new(Code::TooManyEvents, detail));
    }
    let (sorted, mut total) = split(caller, batch)?;
    let tz = if let Credential::User(token) = &caller.credential { token.tz.clone() } else { None };
    for (tenant, Sorted { batch, people, visits }) in sorted {
        let envelope = TenantEnvelope {
            app: caller.app.id.clone(),
            tenant: tenant.clone(),
            revision: caller.app.revision,
            call: TenantCall::Events { batch, tz: tz.clone(), people, visits },
        };
        let receipt: Receipt = tenant_object(env, &caller.app.id, &tenant)?.call(&envelope).await?;
        total.accepted += receipt.accepted;
        total.duplicates += receipt.duplicates;
        total.rejected.extend(receipt.rejected);
    }
    total.rejected = ordered(total.rejected, |r| i64::from(r.index));
    let body = json!({"accepted": total.accepted, "duplicates": total.duplicates, "rejected": total.rejected});
    match total.rejected.first() {
        // Nothing of the batch was good: that is an error of the request, said in the words of its first event.
        Some(first) if total.accepted == 0 && total.duplicates == 0 => {
            let detail = format!("event {}: {}", first.index, first.detail);
            Err(ApiError::new(Code::EventsRejected, detail).finer(&first.code).with(&body))
        }
        _ => answer(202, &body),
    }
}

/// The events of one tenant, and what is said beside them.
#[derive(Default)]
struct Sorted {
    batch: Batch,
    people: Vec<(String, Seen)>,
    visits: Vec<(String, String)>,
}

/// Sorts the events of a batch by tenant. A user's all belong to one; a back end may report for many at once.
fn split(caller: &Caller, raw: RawBatch) -> ApiResult<(Map<Sorted>, Receipt)> {
    let client = numbered(caller, raw.client.as_deref(), raw.seq)?;
    let of_batch = raw.tenant.as_deref();
    let role = if let Credential::User(token) = &caller.credential { Some(token.role) } else { None };
    if role.is_some() {
        caller.tenant(of_batch)?;
    }
    let mut batches: Map<Sorted> = Map::new();
    let mut refused = Receipt::default();
    for (index, event) in (0..).zip(raw.events) {
        let sorted = address(caller, of_batch, &event).and_then(|tenant| {
            let user = user(caller, raw.user.as_deref(), &event)?;
            if role.is_some() && part(&event, "type") == "identify" {
                return Err(("forbidden_event", "only a back end, with its secret key, may say who somebody is".to_owned()));
            }
            let part = match visit(caller, &tenant, &event)? {
                Some(letter) => Part::Visit(user.unwrap_or_default(), letter),
                None => Part::Event(person(user.as_deref(), &event)?, read_event(index, user, &event)?),
            };
            Ok((tenant, part))
        });
        match sorted {
            Ok((tenant, part)) => {
                let of = batches.entry(&tenant, Sorted::default);
                of.batch.client = client;
                of.batch.role = role;
                match part {
                    Part::Visit(user, letter) => of.visits.push((user, letter)),
                    Part::Event(person, event) => {
                        of.people.extend(person);
                        of.batch.events.push(event);
                    }
                }
            }
            Err(("forbidden_tenant", detail)) => return Err(ApiError::new(Code::ForbiddenTenant, detail)),
            Err((code, detail)) => refused.rejected.push(Rejection { index, code: code.to_owned(), detail }),
        }
    }
    if let Credential::User(token) = &caller.credential
        && batches.contains_key(&token.tenant)
    {
        batches.entry(&token.tenant, Sorted::default).people.push((token.user.clone(), people::of_token(token)));
    }
    Ok((batches, refused))
}

/// What one event of a batch comes to.
enum Part {
    /// Something that is counted, and what it says of a person who may be written to.
    Event(Option<(String, Seen)>, Event),
    /// A user came from this letter.
    Visit(String, String),
}

/// The letter that a click comes from: `ref` is what the letter's link brought along.
fn visit(caller: &Caller, tenant: &str, raw: &Value) -> Result<Option<String>, Refusal> {
    let Some(token) = text(part(raw, "ref"), "ref")?.filter(|_| part(raw, "type") == "click") else { return Ok(None) };
    let app = &caller.app;
    let letter = verify_visit(&token, &app.id, tenant, &app.link_key);
    letter.map(Some).ok_or(("unknown_link", "`ref` is not what a letter to this tenant has brought along".to_owned()))
}

/// Somebody whom an event says something of. An owner need not be a user.
fn person(user: Option<&str>, raw: &Value) -> Result<Option<(String, Seen)>, Refusal> {
    if part(raw, "type") != "identify" {
        return Ok(None);
    }
    let Some(seen) = people::of_event(raw).map_err(|detail| ("invalid_event", detail))? else { return Ok(None) };
    match (user, seen.is_owner) {
        (Some(user), _) => Ok(Some((user.to_owned(), seen))),
        (None, Some(true)) => Ok(Some((OWNER.to_owned(), seen))),
        (None, _) => Err(("user_required", "`email` and the like need `user`, or `\"owner\": true`".to_owned())),
    }
}

/// Why an event is refused: code and sentence.
type Refusal = (&'static str, String);

fn numbered(caller: &Caller, client: Option<&str>, seq: Option<u64>) -> ApiResult<Option<(u64, u64)>> {
    let owner = match &caller.credential {
        Credential::User(token) => token.user.as_str(),
        Credential::Secret => "",
    };
    match (client, seq) {
        (Some(client), Some(seq)) if is_id(client) && seq > 0 => Ok(Some((Batch::client_key(owner, client), seq))),
        (None, None) => Ok(None),
        _ => {
            Err(ApiError::new(Code::InvalidRequest, "`client` (1 to 128 characters) and `seq` (from 1) go together, or are both left out"))
        }
    }
}

fn address(caller: &Caller, of_batch: Option<&str>, event: &Value) -> Result<String, Refusal> {
    let named = text(part(event, "tenant"), "tenant")?.or(of_batch.map(str::to_owned));
    caller.tenant(named.as_deref()).map_err(|error| {
        let detail = error.document().get("detail").and_then(Value::as_str).unwrap_or_default().to_owned();
        (if error.code() == "forbidden_tenant" { "forbidden_tenant" } else { "tenant_required" }, detail)
    })
}

fn user(caller: &Caller, of_batch: Option<&str>, event: &Value) -> Result<Option<String>, Refusal> {
    if let Credential::User(token) = &caller.credential {
        return Ok(Some(token.user.clone()));
    }
    let user = text(part(event, "user"), "user")?.or(of_batch.map(str::to_owned));
    match user {
        Some(user) if !is_id(&user) => Err(("invalid_event", "`user`: 1 to 128 characters, no spaces or control characters".to_owned())),
        user => Ok(user),
    }
}

fn read_event(index: u32, user: Option<String>, raw: &Value) -> Result<Event, Refusal> {
    let id = text(part(raw, "id"), "id")?;
    if id.as_deref().is_some_and(|id| !is_id(id)) {
        return Err(("invalid_event", "`id`: 1 to 128 characters, no spaces or control characters".to_owned()));
    }
    Ok(Event { index, id, user, at: time(part(raw, "at"), "at")?, kind: read_kind(raw)? })
}

fn read_kind(raw: &Value) -> Result<EventKind, Refusal> {
    let kind = text(part(raw, "type"), "type")?.unwrap_or_default();
    let note = match kind.as_str() {
        "usage" => return Ok(EventKind::Usage { meter: required(part(raw, "meter"), "meter")?, reading: reading(raw)? }),
        "track" => {
            let feature = part(raw, "feature").as_str().map(str::to_owned);
            return Ok(EventKind::Track { name: required(part(raw, "name"), "name")?, feature });
        }
        "identify" => return Ok(EventKind::Identify { traits: traits(raw)? }),
        "render" => NoteKind::Render,
        "exposure" => NoteKind::Exposure,
        "ghost_exposure" => NoteKind::Ghost,
        "click" => NoteKind::Click,
        "dismiss" => NoteKind::Dismiss,
        "snooze" => {
            let until = time(part(raw, "until"), "until")?;
            NoteKind::Snooze(until.ok_or(("invalid_event", "`until` is missing: until when, in milliseconds since 1970".to_owned()))?)
        }
        _ => {
            let known = "usage, track, identify, render, exposure, ghost_exposure, click, dismiss, snooze";
            return Err(("unknown_type", format!("`type` is `{kind}`; known: {known}")));
        }
    };
    let decision = text(part(raw, "decision"), "decision")?.filter(|decision| !decision.is_empty());
    if decision.as_ref().is_some_and(|decision| decision.len() > MAX_DECISION) {
        return Err(("invalid_event", format!("`decision`: at most {MAX_DECISION} characters")));
    }
    Ok(EventKind::Note { kind: note, campaign: required(part(raw, "campaign"), "campaign")?, decision })
}

/// What is said of somebody: texts, numbers, yes or no, lists of texts; null takes back what was said.
fn traits(raw: &Value) -> Result<Vec<(String, Option<TraitValue>)>, Refusal> {
    let says_who = people::MEMBERS.iter().any(|member| raw.get(member).is_some());
    let Value::Object(members) = part(raw, "traits") else {
        if says_who && part(raw, "traits").is_null() {
            return Ok(Vec::new());
        }
        return Err(("invalid_event", "`traits` must be an object, as in {\"industry\": \"retail\"}".to_owned()));
    };
    members.iter().map(|(key, value)| Ok((key.clone(), if value.is_null() { None } else { Some(trait_value(key, value)?) }))).collect()
}

fn trait_value(key: &str, value: &Value) -> Result<TraitValue, Refusal> {
    let refused = || ("invalid_value", format!("`{key}` is {value}; a trait is a string, a number, true or false, or a list of strings"));
    Ok(match value {
        Value::String(text) => TraitValue::Text(text.clone()),
        Value::Bool(b) => TraitValue::Bool(*b),
        Value::Number(n) => match (n.as_i64(), n.as_f64()) {
            (Some(whole), _) => TraitValue::Int(whole),
            (None, Some(double)) => TraitValue::Double(double.to_bits()),
            (None, None) => return Err(refused()),
        },
        Value::Array(items) => {
            TraitValue::List(items.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(refused)).collect::<Result<_, _>>()?)
        }
        _ => return Err(refused()),
    })
}

fn reading(raw: &Value) -> Result<Reading, Refusal> {
    let number = |value: &Value, field: &str| match value.as_u64() {
        Some(n) if n <= MAX_VALUE => Ok(n),
        _ => Err(("invalid_value", format!("`{field}` is {value}; it must be a whole number from 0 to {MAX_VALUE}"))),
    };
    match (part(raw, "value"), part(raw, "set")) {
        (Value::Null, Value::Null) => {
            Err(("invalid_value", "send `value` (a counter counts so many more) or `set` (a gauge shows so many)".to_owned()))
        }
        (value, Value::Null) => Ok(Reading::Add(number(value, "value")?)),
        (Value::Null, set) => Ok(Reading::Set(number(set, "set")?)),
        _ => Err(("invalid_value", "send `value` or `set`, not both".to_owned())),
    }
}

fn text(value: &Value, field: &str) -> Result<Option<String>, Refusal> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        other => Err(("invalid_event", format!("`{field}` is {other}; it must be a string"))),
    }
}

fn required(value: &Value, field: &str) -> Result<String, Refusal> {
    text(value, field)?.ok_or_else(|| ("invalid_event", format!("`{field}` is missing")))
}

fn time(value: &Value, field: &str) -> Result<Option<Millis>, Refusal> {
    match value {
        Value::Null => Ok(None),
        // A device's clock may have fractions of a millisecond; they mean nothing here.
        #[expect(clippy::cast_possible_truncation, reason = "saturates, and the engine clamps the time to what is believable")]
        Value::Number(n) => Ok(n.as_i64().or_else(|| n.as_f64().map(|f| f as i64)).map(Millis)),
        other => Err(("invalid_event", format!("`{field}` is {other}; it must be milliseconds since 1970"))),
    }
}
