//! `/v1/config`: the app's configuration, published as immutable versions.

use serde_json::{Value, json};
use upcue_engine::config::{Config, Problem, compile};
use worker::{Env, Headers, Request, Response};

use super::tenants::back_end;
use crate::auth;
use crate::http::{self, Query, read};
use crate::problem::{ApiError, ApiResult, Code};
use crate::rpc::{AppCall, ConfigVersion, StoredConfig, app_object};

/// The largest document, in bytes.
const MAX_BODY: usize = 1024 * 1024;

pub(super) async fn get(req: &Request, env: &Env) -> ApiResult<Response> {
    let caller = back_end(req, env).await?;
    let version = Query::of(req).get("version").map(|_| Query::of(req).number("version", 1, u32::MAX)).transpose()?;
    let stored: StoredConfig = app_object(env, &caller.app.id)?.call(&AppCall::Config(version)).await?;
    let response = Response::from_bytes(stored.document.into_bytes())?;
    Ok(response.with_headers(headers(&stored.version)?))
}

pub(super) async fn put(req: &mut Request, env: &Env) -> ApiResult<Response> {
    let caller = back_end(req, env).await?;
    let if_match = req.headers().get("if-match")?.ok_or_else(|| {
        ApiError::new(Code::PreconditionRequired, "send `If-Match` with the ETag of the version you edited (GET /v1/config), or `*`")
    })?;
    let document =
        String::from_utf8(read(req, MAX_BODY).await?).map_err(|_| ApiError::new(Code::MalformedJson, "the body is not UTF-8"))?;
    check(&document)?;
    let if_match = if_match.trim().trim_start_matches("W/").trim_matches('"').to_owned();
    let stored: StoredConfig = app_object(env, &caller.app.id)?.call(&AppCall::Publish { document, if_match }).await?;
    auth::forget(&caller.app.id);
    let response = Response::from_bytes(version(&stored.version).to_string().into_bytes())?;
    Ok(response.with_headers(headers(&stored.version)?))
}

pub(super) async fn validate(req: &mut Request, env: &Env) -> ApiResult<Response> {
    back_end(req, env).await?;
    let document =
        String::from_utf8(read(req, MAX_BODY).await?).map_err(|_| ApiError::new(Code::MalformedJson, "the body is not UTF-8"))?;
    let problems = compile(&document).err().unwrap_or_default();
    http::answer(200, &json!({"valid": problems.is_empty(), "problems": problems}))
}

pub(super) async fn versions(req: &Request, env: &Env) -> ApiResult<Response> {
    let caller = back_end(req, env).await?;
    let versions: Vec<ConfigVersion> = app_object(env, &caller.app.id)?.call(&AppCall::ConfigVersions).await?;
    http::answer(200, &json!({"versions": versions.iter().map(version).collect::<Vec<_>>()}))
}

fn version(version: &ConfigVersion) -> Value {
    json!({"version": version.version, "hash": version.hash, "published_at": version.published_at})
}

fn headers(version: &ConfigVersion) -> ApiResult<Headers> {
    let headers = Headers::new();
    headers.set("content-type", "application/json")?;
    headers.set("cache-control", "no-store")?;
    headers.set("etag", &format!("\"{}\"", version.hash))?;
    headers.set("upcue-config-version", &version.version.to_string())?;
    Ok(headers)
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
