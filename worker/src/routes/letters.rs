//! `/v1/email/preview`: a letter as somebody would get it, before anybody does.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;
use upcue_engine::facts::Role;
use upcue_engine::ids::is_id;
use upcue_engine::letter::sample::Sample;
use upcue_engine::tenant::Rulebook;
use worker::{Env, Headers, Request, Response};

use super::backtests::member;
use super::call_tenant;
use super::tenants::back_end;
use crate::auth::Caller;
use crate::host;
use crate::http::{self, read};
use crate::letters::drawn;
use crate::problem::{ApiError, ApiResult, Code};
use crate::rpc::{AppCall, LetterEnvelope, LetterReply, TenantCall, WhoLooks, app_object};

/// The largest body, in bytes: a document, and who is meant.
const MAX_BODY: usize = 1024 * 1024 + 16_384;
/// What a letter may do when it is opened as a page: show itself, with pictures and fonts; nothing runs in it or is sent from it.
const POLICY: &str = "default-src 'none'; img-src https: http: data:; style-src 'unsafe-inline' https:; font-src https:; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    template: Option<String>,
    config: Option<IgnoredAny>,
    tenant: Option<String>,
    user: Option<String>,
    role: Option<String>,
    name: Option<String>,
    email: Option<String>,
}

pub(super) async fn preview(req: &mut Request, env: &Env) -> ApiResult<Response> {
    let caller = back_end(req, env).await?;
    let as_page = req.headers().get("accept")?.is_some_and(|accept| accept.contains("text/html"));
    let bytes = read(req, MAX_BODY).await?;
    let wish: Wish = http::json(&bytes)?;
    let document = wish.config.as_ref().and_then(|_| member(&bytes, "config"));
    let (letter, template) = letter(env, &caller, &wish, document).await?;
    if as_page {
        return page(&letter);
    }
    let LetterReply { subject, html, text, summary, missing } = letter;
    let facts = if wish.tenant.is_some() { "tenant" } else { "sample" };
    http::answer(
        200,
        &json!({
            "template": template, "facts": facts, "subject": subject, "html": html, "text": text, "summary": summary, "missing": missing,
        }),
    )
}

/// The letter that is wished for, and the id of its template.
async fn letter(env: &Env, caller: &Caller, wish: &Wish, document: Option<&str>) -> ApiResult<(LetterReply, String)> {
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
    let call = document.map_or(AppCall::Rulebook, |document| AppCall::Candidate(document.to_owned()));
    let rules: Rulebook = app_object(env, &caller.app.id)?.call(&call).await?;
    let template = template(wish, &rules)?;
    let envelope = envelope(caller, wish);
    let Some(tenant) = &wish.tenant else {
        let letter = drawn(&rules, &template, &Sample::of(&rules.config, &rules.plans), "acme", &envelope)?;
        return Ok((letter, template));
    };
    let who = WhoLooks { user, role, client: 0, tz: None, email: None, name: None, expires: host::now() };
    let call = TenantCall::Letter { who, rules: Box::new(rules), template: template.clone(), envelope };
    Ok((call_tenant(env, caller, tenant, call).await?, template))
}

/// The template that is named, or the only one there is.
fn template(wish: &Wish, rules: &Rulebook) -> ApiResult<String> {
    match (&wish.template, rules.config.templates.as_slice()) {
        (Some(template), _) => Ok(template.clone()),
        (None, [only]) => Ok(only.id.clone()),
        (None, []) => Err(refuse("there are no templates; send a `config` with some, or publish one")),
        (None, _) => Err(refuse("there are several templates; say which in `template`")),
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

/// The letter as a page of its own.
fn page(letter: &LetterReply) -> ApiResult<Response> {
    let headers = Headers::new();
    headers.set("content-type", "text/html; charset=utf-8")?;
    headers.set("cache-control", "no-store")?;
    headers.set("content-security-policy", POLICY)?;
    headers.set("referrer-policy", "no-referrer")?;
    Ok(Response::from_bytes(letter.html.clone().into_bytes())?.with_headers(headers))
}

fn refuse(detail: impl Into<String>) -> ApiError {
    ApiError::new(Code::InvalidRequest, detail)
}
