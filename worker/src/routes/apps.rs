//! `/v1/apps`: apps and their keys, for the operator of a deployment.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use upcue_engine::config::unknown;
use upcue_engine::ids::is_app_id;
use upcue_engine::time::{DAY, DurationMs, HOUR, parse_duration};
use worker::{Env, Request, Response};

use super::segment;
use crate::auth;
use crate::host;
use crate::http::{self, read};
use crate::mail::MailSettings;
use crate::problem::{ApiError, ApiResult, Code};
use crate::rpc::{AppCall, AppSettings, KeyKind, NewApp, NewKey, Retention, app_object};

/// The largest body, in bytes.
const MAX_BODY: usize = 64 * 1024;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawApp {
    id: Option<String>,
    name: Option<String>,
    allowed_origins: Option<Vec<String>>,
    #[serde(default)]
    stripe: RawStripe,
    email: Option<MailSettings>,
    /// How long what names people is kept; null: as long as usual.
    #[serde(default)]
    retention: Map<String, Value>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawStripe {
    api_key: Option<String>,
    webhook_secrets: Option<Vec<String>>,
}

impl RawApp {
    fn settings(self, id: String, req: &Request) -> ApiResult<AppSettings> {
        if let Some(origin) = self.allowed_origins.iter().flatten().find(|o| !is_origin(o)) {
            let detail = format!("`{origin}` in allowed_origins is no origin; write scheme and host as in \"https://app.example\"");
            return Err(ApiError::new(Code::InvalidRequest, detail));
        }
        if self.stripe.webhook_secrets.iter().flatten().any(|s| s.len() < 8) {
            return Err(ApiError::new(Code::InvalidRequest, "a webhook secret has at least 8 characters (whsec_…)"));
        }
        Ok(AppSettings {
            id,
            name: self.name,
            allowed_origins: self.allowed_origins,
            stripe_key: self.stripe.api_key,
            webhook_secrets: self.stripe.webhook_secrets,
            origin: origin(&req.inner().url()),
            email: self.email,
            retention: self.retention.into_iter().map(kept).collect::<ApiResult<_>>()?,
        })
    }
}

/// How long something is kept, as the operator wants it.
fn kept((name, value): (String, Value)) -> ApiResult<(String, Option<DurationMs>)> {
    let mut usual = Retention::USUAL;
    let named = usual.named();
    let refuse = |detail: String| Err(ApiError::new(Code::InvalidRequest, detail));
    let Some((_, most)) = named.iter().find(|(known, _)| *known == name) else {
        let known: Vec<&str> = named.iter().map(|(known, _)| *known).collect();
        return refuse(format!("`retention`: {}", unknown("member", &name, &known)));
    };
    let wanted = value.as_str().and_then(parse_duration).filter(|ms| (Retention::LEAST..=**most).contains(ms));
    if wanted.is_none() && !value.is_null() {
        return refuse(format!("`retention.{name}` must be a duration from \"1d\" to \"{}d\", or null for the longest", **most / DAY));
    }
    Ok((name, wanted))
}

fn is_origin(text: &str) -> bool {
    text.split_once("://")
        .is_some_and(|(scheme, host)| matches!(scheme, "http" | "https") && !host.is_empty() && !host.contains(['/', '?', '#', '@', ' ']))
}

/// Scheme and host of an address.
fn origin(url: &str) -> String {
    let host = url.find("://").map_or(0, |at| at + 3);
    let end = url.get(host..).and_then(|rest| rest.find(['/', '?', '#'])).map_or(url.len(), |at| host + at);
    url.get(..end).unwrap_or_default().to_owned()
}

pub(super) async fn create(req: &mut Request, env: &Env) -> ApiResult<Response> {
    auth::operator(req, env)?;
    let raw: RawApp = http::json(&read(req, MAX_BODY).await?)?;
    let id = match &raw.id {
        Some(id) if is_app_id(id) => id.clone(),
        Some(_) => return Err(ApiError::new(Code::InvalidRequest, "`id`: 1 to 40 of a-z, 0-9 and `-`, not beginning with `-`")),
        None => host::random::<8>()?.iter().map(|b| char::from(b'a' + b % 26)).collect(),
    };
    let new: NewApp = app_object(env, &id)?.call(&AppCall::Create(raw.settings(id.clone(), req)?)).await?;
    auth::forget(&id);
    http::answer(
        201,
        &json!({
            "id": id, "secret_key": new.secret_key,
            "signing_key": {"kid": new.signing_key.kid, "secret": new.signing_key.secret},
            "webhook_path": format!("/webhooks/stripe/{id}"),
        }),
    )
}

pub(super) async fn update(req: &mut Request, env: &Env, path: &str) -> ApiResult<Response> {
    auth::operator(req, env)?;
    let id = app(path)?;
    let raw: RawApp = http::json(&read(req, MAX_BODY).await?)?;
    if raw.id.is_some() {
        return Err(ApiError::new(Code::InvalidRequest, "an app's `id` cannot change"));
    }
    let mut retention: Retention = app_object(env, &id)?.call(&AppCall::Update(raw.settings(id.clone(), req)?)).await?;
    auth::forget(&id);
    let kept = retention.named().map(|(name, kept)| (name.to_owned(), json!(format!("{}h", *kept / HOUR))));
    http::answer(200, &json!({"id": id, "retention": http::object(kept.into_iter())}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawKey {
    kind: KeyKind,
}

pub(super) async fn add_key(req: &mut Request, env: &Env, path: &str) -> ApiResult<Response> {
    auth::operator(req, env)?;
    let id = app(path)?;
    let RawKey { kind } = http::json(&read(req, MAX_BODY).await?)?;
    let key: NewKey = app_object(env, &id)?.call(&AppCall::AddKey(kind)).await?;
    auth::forget(&id);
    let document = match key {
        NewKey::Secret(key) => json!({"secret_key": key}),
        NewKey::Signing(key) => json!({"signing_key": {"kid": key.kid, "secret": key.secret}}),
    };
    http::answer(201, &document)
}

pub(super) async fn revoke_key(req: &Request, env: &Env, path: &str) -> ApiResult<Response> {
    auth::operator(req, env)?;
    let id = app(path)?;
    app_object(env, &id)?.call::<()>(&AppCall::RevokeKey(segment(path, 5)?)).await?;
    auth::forget(&id);
    Ok(Response::empty()?.with_status(204))
}

fn app(path: &str) -> ApiResult<String> {
    let id = segment(path, 3)?;
    if is_app_id(&id) { Ok(id) } else { Err(ApiError::new(Code::UnknownApp, "no app of this name")) }
}
