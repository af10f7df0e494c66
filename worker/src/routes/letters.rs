//! `/v1/email/preview`: a letter as somebody would get it, before anybody does.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;
use upcue_engine::config::{Email, unknown};
use upcue_engine::facts::Role;
use upcue_engine::ids::is_id;
use upcue_engine::letter::sample::Sample;
use upcue_engine::tenant::Rulebook;
use worker::{Env, Request, Response};

use super::backtests::member;
use super::tenants::back_end;
use super::{call_tenant, looks};
use crate::auth::Caller;
use crate::host;
use crate::http::{self, read};
use crate::letters::drawn;
use crate::problem::{ApiError, ApiResult, Code};
use crate::rpc::{AppCall, LetterEnvelope, LetterReply, Look, TenantCall, WhoLooks, app_object};

/// The largest body, in bytes: a document, and who is meant.
pub(super) const MAX_BODY: usize = 1024 * 1024 + 16_384;

/// Which letter is wanted, and to whom.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wish {
    pub(super) template: Option<String>,
    /// In place of a template: the first letter of this sequence.
    pub(super) sequence: Option<String>,
    pub(super) config: Option<IgnoredAny>,
    pub(super) tenant: Option<String>,
    pub(super) user: Option<String>,
    pub(super) role: Option<String>,
    pub(super) name: Option<String>,
    pub(super) email: Option<String>,
    /// Where it is sent, if it is.
    pub(super) to: Option<String>,
}

/// A letter that was wished for.
pub(super) struct Drawn {
    pub(super) letter: LetterReply,
    /// The id of its template.
    pub(super) template: String,
    /// By whom and how the configuration sends letters.
    pub(super) email: Email,
}

pub(super) async fn preview(req: &mut Request, env: &Env) -> ApiResult<Response> {
    let caller = back_end(req, env).await?;
    let as_page = req.headers().get("accept")?.is_some_and(|accept| accept.contains("text/html"));
    let bytes = read(req, MAX_BODY).await?;
    let wish: Wish = http::json(&bytes)?;
    if wish.to.is_some() {
        return Err(refuse("a preview is sent to nobody; POST /v1/email/test sends to `to`, and `email` says whom a preview speaks of"));
    }
    let Drawn { letter, template, .. } = draw(env, &caller, &wish, &bytes).await?;
    if as_page {
        return looks::letter(&letter);
    }
    let look = Look { template, tenant: wish.tenant.clone(), letter };
    let LetterReply { subject, html, text, summary, missing, .. } = look.letter.clone();
    let mut told = json!({
        "template": look.template, "facts": wish.facts(), "subject": subject, "html": html, "text": text, "summary": summary, "missing": missing,
    });
    let url = looks::keep(env, &caller, look).await?;
    if let Some(told) = told.as_object_mut() {
        told.insert("url".to_owned(), json!(url));
    }
    http::answer(200, &told)
}

impl Wish {
    /// Where its values come from.
    pub(super) fn facts(&self) -> &'static str {
        if self.tenant.is_some() { "tenant" } else { "sample" }
    }
}

/// The letter that is wished for in this body.
pub(super) async fn draw(env: &Env, caller: &Caller, wish: &Wish, body: &[u8]) -> ApiResult<Drawn> {
    let role = wish.role.as_deref().map_or(Some(Role::Admin), Role::parse).ok_or_else(|| refuse("`role` must be admin or member"))?;
    let user = wish.user.clone().unwrap_or_default();
    for (field, id) in [("tenant", wish.tenant.as_deref()), ("user", wish.user.as_deref())] {
        if id.is_some_and(|id| !is_id(id)) {
            return Err(refuse(format!("`{field}`: 1 to 128 characters, no spaces or control characters")));
        }
    }
    if wish.user.is_some() && wish.tenant.is_none() {
        return Err(refuse("name the `tenant` of the user"));
    }
    let document = wish.config.as_ref().and_then(|_| member(body, "config"));
    let call = document.map_or(AppCall::Rulebook, |document| AppCall::Candidate(document.to_owned()));
    let rules: Rulebook = app_object(env, &caller.app.id)?.call(&call).await?;
    let template = template(wish, &rules)?;
    let (envelope, email) = (envelope(caller, wish), rules.config.email.clone());
    let letter = match &wish.tenant {
        None => drawn(&rules, &template, &Sample::of(&rules.config, &rules.plans), "acme", &envelope)?,
        Some(tenant) => {
            let who = WhoLooks { user, role, client: 0, tz: None, email: None, name: None, expires: host::now() };
            let call = TenantCall::Letter { who, rules: Box::new(rules), template: template.clone(), envelope };
            call_tenant(env, caller, tenant, call).await?
        }
    };
    Ok(Drawn { letter, template, email })
}

/// The template that is named, or the only one there is.
fn template(wish: &Wish, rules: &Rulebook) -> ApiResult<String> {
    if let Some(sequence) = &wish.sequence {
        return of_sequence(sequence, wish.template.as_ref(), rules);
    }
    match (&wish.template, rules.config.templates.as_slice()) {
        (Some(template), _) => Ok(template.clone()),
        (None, [only]) => Ok(only.id.clone()),
        (None, []) => Err(refuse("there are no templates; send a `config` with some, or publish one")),
        (None, _) => Err(refuse("there are several templates; say which in `template`")),
    }
}

/// The template of a sequence's first step, or the one that is named, if it is of the sequence.
fn of_sequence(sequence: &str, template: Option<&String>, rules: &Rulebook) -> ApiResult<String> {
    let sequences = &rules.config.sequences;
    let found = sequences.iter().find(|known| known.id == sequence).ok_or_else(|| {
        let known: Vec<&str> = sequences.iter().map(|known| known.id.as_str()).collect();
        ApiError::new(Code::NotFound, unknown("sequence", sequence, &known))
    })?;
    let steps = &found.steps;
    let mut templates = steps.iter().flat_map(|step| step.variants.iter().map(|(_, template)| template).chain([&step.template]));
    match template {
        Some(template) if templates.any(|of| of == template) => Ok(template.clone()),
        Some(template) => Err(refuse(format!("no step of `{sequence}` has the template `{template}`; leave one of them out"))),
        None => steps.first().map(|step| step.template.clone()).ok_or_else(|| refuse(format!("`{sequence}` has no steps"))),
    }
}

fn envelope(caller: &Caller, wish: &Wish) -> LetterEnvelope {
    let app = &caller.app;
    let name = if wish.tenant.is_none() && wish.name.is_none() { Some("Ada".to_owned()) } else { wish.name.clone() };
    LetterEnvelope {
        name,
        email: wish.email.clone().unwrap_or_else(|| "ada@example.com".to_owned()),
        app: if app.name.is_empty() { app.id.clone() } else { app.name.clone() },
    }
}

fn refuse(detail: impl Into<String>) -> ApiError {
    ApiError::new(Code::InvalidRequest, detail)
}
