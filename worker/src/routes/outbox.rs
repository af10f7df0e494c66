//! Mails as an app's back end sees them: the outbox of all tenants, one tenant's letters, one letter as it was written.

use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::{Value, json};
use upcue_engine::sequence::{Contact, Enrolment, Letter, LetterState, OWNER, Reason, Stage, TakenAs};
use upcue_engine::time::Millis;
use upcue_engine::wire;
use worker::{Env, Request, Response};

use super::tenants::{back_end, tenant};
use super::{call_tenant, segment};
use crate::http::{self, Query};
use crate::problem::{ApiError, ApiResult, Code};
use crate::rpc::{AppCall, LetterFact, LetterListing, LettersReport, MailCall, Posted, TenantCall, app_object};

/// Letters on a page: usually, and at most.
const PAGE: (u32, u32) = (50, 500);
/// How a letter can stand.
const STATES: [&str; 7] = ["ready", "sending", "waiting", "sent", "ghost", "failed", "cancelled"];

pub(super) async fn list(req: &Request, env: &Env) -> ApiResult<Response> {
    let caller = back_end(req, env).await?;
    let query = Query::of(req);
    let state = query.get("state").map(str::to_owned);
    if let Some(state) = state.as_ref().filter(|state| !STATES.contains(&state.as_str())) {
        return Err(ApiError::new(Code::InvalidRequest, upcue_engine::config::unknown("state", state, &STATES)));
    }
    let limit = query.number("limit", PAGE.0, PAGE.1)?;
    let after = query.get("cursor").map(read_cursor).transpose()?;
    let listing = LetterListing { tenant: query.get("tenant").map(str::to_owned), state, after, limit: limit + 1 };
    let mut found: Vec<(String, LetterFact)> = app_object(env, &caller.app.id)?.call(&AppCall::Letters(listing)).await?;
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let next = found.last().filter(|_| more).map(|(_, fact)| cursor(&fact.letter));
    let letters: Vec<Value> = found.iter().map(|(tenant, fact)| of_outbox(tenant, fact)).collect();
    http::answer(200, &json!({"letters": letters, "next_cursor": next}))
}

pub(super) async fn of_tenant(req: &Request, env: &Env, path: &str) -> ApiResult<Response> {
    let caller = back_end(req, env).await?;
    let tenant = tenant(path)?;
    let report: LettersReport = call_tenant(env, &caller, &tenant, TenantCall::Mail(MailCall::Letters)).await?;
    let letters: Vec<Value> = report.letters.iter().map(|(letter, posted)| with_text(letter, posted.as_ref())).collect();
    http::answer(
        200,
        &json!({
            "tenant": tenant, "letters": letters, "enrolments": report.enrolments.iter().map(enrolment).collect::<Vec<_>>(),
            "contacts": report.contacts.iter().map(contact).collect::<Vec<_>>(),
        }),
    )
}

pub(super) async fn get(req: &Request, env: &Env, path: &str) -> ApiResult<Response> {
    let caller = back_end(req, env).await?;
    let tenant = tenant(path)?;
    let id = segment(path, 5)?;
    let posted: Option<Posted> = call_tenant(env, &caller, &tenant, TenantCall::Mail(MailCall::Letter(id.clone()))).await?;
    let missing = || ApiError::new(Code::NotFound, "no letter of this id was written, or it was so long ago that its text is not kept");
    let posted = posted.ok_or_else(missing)?;
    let mut told = written(&posted);
    if let Some(told) = told.as_object_mut() {
        told.insert("id".to_owned(), json!(id));
        told.insert("html".to_owned(), json!(posted.html));
        told.insert("text".to_owned(), json!(posted.text));
    }
    http::answer(200, &told)
}

fn of_outbox(tenant: &str, fact: &LetterFact) -> Value {
    let mut told = letter(&fact.letter);
    if let Some(told) = told.as_object_mut() {
        told.insert("tenant".to_owned(), json!(tenant));
        told.insert("to".to_owned(), json!(fact.address));
        told.insert("subject".to_owned(), json!(fact.subject));
        told.insert("provider".to_owned(), json!(fact.provider));
        told.insert("clicks".to_owned(), json!(fact.clicks));
        told.insert("opened_at".to_owned(), json!(fact.opened));
        told.insert("report".to_owned(), json!(fact.reported.as_ref().map(|(what, _)| what)));
    }
    told
}

fn with_text(of: &Letter, posted: Option<&Posted>) -> Value {
    let mut told = letter(of);
    if let (Some(told), Some(Value::Object(more))) = (told.as_object_mut(), posted.map(written)) {
        told.extend(more);
    }
    told
}

fn written(Posted { address, subject, provider, clicks, opened, reported, .. }: &Posted) -> Value {
    let clicks: Vec<Value> = clicks.iter().map(|(target, at)| json!({"target": target, "at": at})).collect();
    let report = reported.as_ref().map(|(what, at)| json!({"what": what, "at": at}));
    json!({"to": address, "subject": subject, "provider": provider, "clicks": clicks, "opened_at": opened, "report": report})
}

fn letter(letter: &Letter) -> Value {
    let at = match letter.state {
        LetterState::Sent(at) | LetterState::Ghost(at) | LetterState::Failed { at, .. } | LetterState::Cancelled { at, .. } => Some(at),
        LetterState::Ready | LetterState::Sending(_) | LetterState::Asking(_) | LetterState::Waiting { .. } => None,
    };
    let until = if let LetterState::Waiting { until, .. } = letter.state { Some(until) } else { None };
    let reason = letter.state.reason();
    let parts = letter
        .parts
        .iter()
        .map(|part| json!({"sequence": part.sequence, "step": part.step, "template": part.template, "variant": part.variant}));
    json!({
        "id": letter.id, "recipient": shown(&letter.recipient), "parts": parts.collect::<Vec<_>>(), "state": letter.state.code(),
        "reason": reason.map(Reason::code), "detail": detail(letter, reason), "drawn_at": letter.drawn, "settled_at": at, "waits_until": until,
        "attempts": letter.attempts, "unsure": letter.unsure, "provider_id": letter.provider_id, "clicked_at": letter.clicked,
    })
}

/// The provider's words, or the template's fault; else the reason in words.
fn detail(letter: &Letter, reason: Option<Reason>) -> Option<String> {
    if letter.detail.is_empty() { reason.map(|reason| reason.words().to_owned()) } else { Some(letter.detail.clone()) }
}

fn enrolment(enrolment: &Enrolment) -> Value {
    let (state, reason, next) = match &enrolment.stage {
        Stage::Waiting(waiting) => {
            ("waiting", waiting.held, Some(json!({"step": waiting.step, "ripe_at": waiting.ripe, "look_at": waiting.look})))
        }
        Stage::Writing(_) => ("writing", None, None),
        Stage::Ended { reason, .. } => ("ended", Some(*reason), None),
    };
    let taken = enrolment.taken.iter().map(|taken| match &taken.as_what {
        TakenAs::Letter(id) => json!({"step": taken.step, "at": taken.at, "letter": id}),
        TakenAs::Skipped(reason) => json!({"step": taken.step, "at": taken.at, "skipped": reason.code()}),
    });
    json!({
        "sequence": enrolment.sequence, "recipient": shown(&enrolment.recipient), "entered_at": enrolment.entered, "state": state,
        "reason": reason.map(Reason::code), "next": next, "steps": taken.collect::<Vec<_>>(),
    })
}

fn contact(Contact { recipient, email, name, tz, role, is_owner, last_seen, consent }: &Contact) -> Value {
    json!({
        "recipient": shown(recipient), "email": email, "name": name, "tz": tz, "role": role.name(), "owner": is_owner, "last_seen": last_seen,
        "refuses": consent.refused, "refuses_all_since": consent.refused_all, "suppressed_since": consent.suppressed,
    })
}

/// A recipient as people read it.
fn shown(recipient: &str) -> &str {
    if recipient == OWNER { "owner" } else { recipient }
}

/// A cursor is the place of a page's last letter.
fn cursor(letter: &Letter) -> String {
    Base64UrlUnpadded::encode_string(&wire::encode(&(letter.drawn, letter.id.clone())))
}

fn read_cursor(text: &str) -> ApiResult<(Millis, String)> {
    let bytes = Base64UrlUnpadded::decode_vec(text).ok();
    let read = bytes.and_then(|bytes| wire::decode(&bytes));
    read.ok_or_else(|| ApiError::new(Code::InvalidRequest, "`cursor` must be the `next_cursor` of a page before"))
}
