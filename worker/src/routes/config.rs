//! `/v1/config`: the app's configuration, published as immutable versions.

use serde::Deserialize;
use serde_json::{Value, json};
use upcue_engine::config::{Config, Problem, compile};
use worker::{Env, Headers, Request, Response};

use super::tenants::back_end;
use crate::auth::{self, Caller};
use crate::http::{self, Query, read};
use crate::problem::{ApiError, ApiResult, Code};
use crate::rpc::{AppCall, ConfigVersion, Published, StoredConfig, app_object};

/// The largest document, in bytes.
const MAX_BODY: usize = 1024 * 1024;
/// Versions on a page: usually, and at most.
const PAGE: (u32, u32) = (50, 500);

pub(super) async fn get(req: &Request, env: &Env) -> ApiResult<Response> {
    let caller = back_end(req, env).await?;
    let version = Query::of(req).get("version").map(|_| Query::of(req).number("version", 1, u32::MAX)).transpose()?;
    let stored: StoredConfig = app_object(env, &caller.app.id)?.call(&AppCall::Config(version)).await?;
    let response = Response::from_bytes(stored.document.into_bytes())?;
    Ok(response.with_headers(headers(&stored.version)?))
}

pub(super) async fn put(req: &mut Request, env: &Env) -> ApiResult<Response> {
    let caller = back_end(req, env).await?;
    let if_match = if_match(req)?;
    let document = document(req).await?;
    publish(env, &caller, &AppCall::Publish { document, if_match }).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rollback {
    version: u32,
}

pub(super) async fn rollback(req: &mut Request, env: &Env) -> ApiResult<Response> {
    let caller = back_end(req, env).await?;
    let if_match = if_match(req)?;
    let Rollback { version } = http::json(&read(req, 4_096).await?)?;
    publish(env, &caller, &AppCall::Rollback { version, if_match }).await
}

async fn publish(env: &Env, caller: &Caller, call: &AppCall) -> ApiResult<Response> {
    let published: Published = app_object(env, &caller.app.id)?.call(call).await?;
    auth::forget(&caller.app.id);
    let mut document = version(&published.version);
    if let (Some(document), Ok(warnings)) = (document.as_object_mut(), serde_json::from_slice(published.warnings.as_bytes())) {
        document.insert("warnings".to_owned(), warnings);
    }
    Ok(Response::from_bytes(document.to_string().into_bytes())?.with_headers(headers(&published.version)?))
}

pub(super) async fn validate(req: &mut Request, env: &Env) -> ApiResult<Response> {
    back_end(req, env).await?;
    let (problems, warnings) = match compile(&document(req).await?) {
        Ok(config) => (Vec::new(), warnings(&config)),
        Err(problems) => (problems, Vec::new()),
    };
    http::answer(200, &json!({"valid": problems.is_empty(), "problems": problems, "warnings": warnings}))
}

pub(super) async fn versions(req: &Request, env: &Env) -> ApiResult<Response> {
    let caller = back_end(req, env).await?;
    let query = Query::of(req);
    let limit = query.number("limit", PAGE.0, PAGE.1)?;
    let before = query.get("cursor").map_or(Some(u32::MAX), |text| text.parse().ok());
    let before = before.ok_or_else(|| ApiError::new(Code::InvalidRequest, "`cursor` must be the `next_cursor` of a page before"))?;
    let call = AppCall::ConfigVersions { before, limit: limit + 1 };
    let mut found: Vec<ConfigVersion> = app_object(env, &caller.app.id)?.call(&call).await?;
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let next = found.last().filter(|_| more).map(|last| last.version.to_string());
    http::answer(200, &json!({"versions": found.iter().map(version).collect::<Vec<_>>(), "next_cursor": next}))
}

fn if_match(req: &Request) -> ApiResult<String> {
    let header = req.headers().get("if-match")?.ok_or_else(|| {
        ApiError::new(Code::PreconditionRequired, "send `If-Match` with the ETag of the version you edited (GET /v1/config), or `*`")
    })?;
    Ok(header.trim().trim_start_matches("W/").trim_matches('"').to_owned())
}

async fn document(req: &mut Request) -> ApiResult<String> {
    String::from_utf8(read(req, MAX_BODY).await?).map_err(|_| ApiError::new(Code::MalformedJson, "the body is not UTF-8"))
}

fn version(version: &ConfigVersion) -> Value {
    json!({
        "version": version.version, "hash": version.hash, "published_at": version.published_at, "rolled_back_to": version.rolled_back_to,
    })
}

fn headers(version: &ConfigVersion) -> ApiResult<Headers> {
    let headers = Headers::new();
    headers.set("content-type", "application/json")?;
    headers.set("cache-control", "no-store")?;
    headers.set("etag", &format!("\"{}\"", version.hash))?;
    headers.set("upcue-config-version", &version.version.to_string())?;
    Ok(headers)
}

/// What looks like a mistake in a document that can run.
pub(crate) fn warnings(_config: &Config) -> Vec<Problem> {
    Vec::new()
}

/// Compiles a document, or tells everything that is wrong with it.
pub(crate) fn check(document: &str) -> ApiResult<Config> {
    compile(document).map_err(|problems| {
        let (code, detail) = match problems.as_slice() {
            [first] if first.code == Problem::MALFORMED => (Code::MalformedJson, told(first)),
            all => {
                let first = all.first().map(told).unwrap_or_default();
                (Code::InvalidConfig, format!("{} problem(s); nothing was published. First: {first}", all.len()))
            }
        };
        ApiError::new(code, detail).with(&json!({ "problems": problems }))
    })
}

fn told(problem: &Problem) -> String {
    format!("line {}, column {}: {}", problem.line, problem.column, problem.detail)
}
