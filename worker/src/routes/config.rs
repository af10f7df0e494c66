//! `/v1/config`: the app's configuration, published as immutable versions.

use serde::Deserialize;
use serde_json::{Value, json};
use upcue_engine::config::diff::{Change, diff as changes};
use upcue_engine::config::{Config, Host, Problem, SCHEMA, review_for};
use upcue_engine::wire;
use worker::{Env, Headers, Request, Response};

use super::tenants::back_end;
use crate::auth::{self, Caller};
use crate::host;
use crate::http::{self, Query, read};
use crate::mjml;

use crate::problem::{ApiError, ApiResult, Code};
use crate::rpc::{AppCall, ConfigVersion, Published, StoredConfig, app_object};
use crate::zones;

/// The largest document, in bytes.
const MAX_BODY: usize = 1024 * 1024;
/// The largest configuration once compiled, in bytes: a row may have two million, and plans are in it too. A document may become
/// larger by compiling, as texts are kept for each role.
const MAX_COMPILED: usize = 1_750_000;
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
    let (problems, warnings) = match compiled(&document(req).await?) {
        Ok((_, warnings)) => (Vec::new(), warnings),
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

/// What changed between two versions: between the newest and the one before it, where none is named.
pub(super) async fn diff(req: &Request, env: &Env) -> ApiResult<Response> {
    let caller = back_end(req, env).await?;
    let query = Query::of(req);
    let named = |name| query.get(name).map(|_| query.number(name, 1, u32::MAX)).transpose();
    let (from, to) = (named("from")?, named("to")?);
    let app = app_object(env, &caller.app.id)?;
    let after: StoredConfig = app.call(&AppCall::Config(to)).await?;
    let from = match from {
        Some(from) => from,
        None if after.version.version > 1 => after.version.version - 1,
        None => return Err(ApiError::new(Code::NotFound, "version 1 is the first: there is none before it to compare with")),
    };
    let before: StoredConfig = app.call(&AppCall::Config(Some(from))).await?;
    // What is stored was compiled, so it is JSON.
    let changes = changes(&before.document, &after.document).map_err(|_| ApiError::unreadable())?;
    let changes: Vec<Value> = changes.iter().map(change).collect();
    http::answer(200, &json!({"from": from, "to": after.version.version, "changes": changes}))
}

fn change(Change { op, pointer, before, after }: &Change) -> Value {
    let mut told = json!({"op": op, "pointer": pointer});
    for (name, text) in [("before", before), ("after", after)] {
        let value = text.as_ref().and_then(|text| serde_json::from_slice::<Value>(text.as_bytes()).ok());
        if let (Some(told), Some(value)) = (told.as_object_mut(), value) {
            told.insert(name.to_owned(), value);
        }
    }
    told
}

/// The JSON Schema of the document: the same for everybody and until the next build, so that editors may keep it.
pub(super) fn schema() -> ApiResult<Response> {
    let headers = Headers::new();
    headers.set("content-type", "application/schema+json")?;
    headers.set("cache-control", "public, max-age=3600")?;
    Ok(Response::from_bytes(SCHEMA.as_bytes().to_vec())?.with_headers(headers))
}

fn if_match(req: &Request) -> ApiResult<String> {
    let header = req.headers().get("if-match")?.ok_or_else(|| {
        ApiError::new(Code::PreconditionRequired, "send `If-Match` with the ETag of the version you edited (GET /v1/config), or `*`")
    })?;
    Ok(expected(&header))
}

/// The hash in an `If-Match`, or `*` for any version. Only the bare `*` is that: an entity tag of this text is a tag (RFC 9110, 13.1.1),
/// which no version has, and keeps its quotes.
fn expected(header: &str) -> String {
    let header = header.trim();
    match header.strip_prefix("W/").unwrap_or(header).trim_matches('"') {
        "*" if header != "*" => "\"*\"".to_owned(),
        tag => tag.to_owned(),
    }
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

/// Compiles a document that is to be run and not published, or tells everything that is wrong with it.
pub(crate) fn check(document: &str) -> ApiResult<Config> {
    let (config, _) = compiled(document).map_err(|problems| refusal(&problems, "nothing was run"))?;
    Ok(config)
}

/// Compiles a document that is to be published; with what looks like a mistake although it can run. Or tells everything that is wrong
/// with it.
pub(crate) fn reviewed(document: &str) -> ApiResult<(Config, Vec<Problem>)> {
    compiled(document).map_err(|problems| refusal(&problems, "nothing was published"))
}

/// All problems of a document, and what has not come of it.
fn refusal(problems: &[Problem], so: &str) -> ApiError {
    let (code, detail) = match problems {
        [first] if first.code == Problem::MALFORMED => (Code::MalformedJson, told(first)),
        all => {
            let first = all.first().map(told).unwrap_or_default();
            (Code::InvalidConfig, format!("{} problem(s); {so}. First: {first}", all.len()))
        }
    };
    ApiError::new(code, detail).with(&json!({ "problems": problems }))
}

/// A configuration that can run, and be stored; with its warnings.
fn compiled(document: &str) -> Result<(Config, Vec<Problem>), Vec<Problem>> {
    let (config, warnings) = review_for(document, host::now(), Host { knows: zones::is_known, mjml: mjml::to_html });
    let config = config?;
    match too_large(wire::encode(&config).len()) {
        None => Ok((config, warnings)),
        Some(problem) => Err(vec![problem]),
    }
}

/// What is wrong with a configuration of so many bytes compiled, if that is too many.
fn too_large(size: usize) -> Option<Problem> {
    let detail = format!("this compiles to {size} bytes, of which {MAX_COMPILED} can be stored; shorten texts or remove campaigns");
    let problem = Problem { code: "too_large", pointer: String::new(), line: 1, column: 1, offset: None, detail };
    Some(problem).filter(|_| size > MAX_COMPILED)
}

fn told(problem: &Problem) -> String {
    format!("line {}, column {}: {}", problem.line, problem.column, problem.detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_bare_star_is_any_version() {
        for (header, tag) in [
            ("*", "*"),
            (" * ", "*"),
            ("\"*\"", "\"*\""),
            ("W/\"*\"", "\"*\""),
            ("W/*", "\"*\""),
            ("\"0f3a\"", "0f3a"),
            ("W/\"0f3a\"", "0f3a"),
            ("0f3a", "0f3a"),
        ] {
            assert_eq!(expected(header), tag, "{header}");
        }
    }

    #[test]
    fn a_refusal_says_what_has_not_come_of_the_document() {
        let bad = r#"{"meters": {"calls": {}}}"#;
        let problems = upcue_engine::config::compile(bad).expect_err("bad");
        let [published, run] = ["nothing was published", "nothing was run"].map(|so| refusal(&problems, so).detail());
        assert!(published.starts_with("1 problem(s); nothing was published. First: line 1, column 13: `kind` is missing"), "{published}");
        assert_eq!(run, published.replace("published", "run"));
    }

    #[test]
    fn the_limits_in_bytes_are_documented_and_so_is_what_is_told_beyond_them() {
        let documentation = include_str!("../../../docs/configuration.md");
        let problem = too_large(MAX_COMPILED + 1).expect("too large");
        assert_eq!(too_large(MAX_COMPILED), None);
        let open = problem.detail.replace("1750001", "…").replace("1750000", "…");
        for row in [
            format!("| {MAX_BODY} | bytes of a document |"),
            format!("| {MAX_COMPILED} | bytes of a configuration once compiled |"),
            format!("| `{}` | the configuration is too large once compiled | {open} |", problem.code),
        ] {
            assert!(documentation.contains(&row), "{row}");
        }
    }
}
