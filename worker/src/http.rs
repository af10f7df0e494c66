//! HTTP in and out: dispatch, bodies, answers, CORS, one log line per request.

mod body;
mod csv;
mod query;

use serde_json::Value;
use worker::{Env, Headers, Method, Request, Response};

pub(crate) use body::{json, read};
pub(crate) use csv::{Cell, Csv};
pub(crate) use query::Query;

use crate::auth::is_allowed;
use crate::host;
use crate::log::{self, Line};
use crate::problem::{ApiError, ApiResult, Code};
use crate::rates::{self, Of};
use crate::routes::{self, Answer};

/// Answers a request, whatever happens.
pub(crate) async fn serve(mut req: Request, env: Env) -> worker::Result<Response> {
    let started = host::now();
    let origin = req.headers().get("origin")?;
    if req.method() == Method::Options {
        return preflight(origin.as_deref());
    }
    let method = req.method();
    let path = req.path();
    // A method that nobody knows comes as GET.
    let is_known = req.inner().method() == method.as_ref();
    let route = if is_known { routes::find(&method, &path) } else { Err(routes::not_taken(&path)) };
    let answer = match &route {
        Ok(route) => match admit(&req, &env) {
            Ok(()) => routes::handle(*route, &mut req, &env, &path).await,
            Err(error) => Answer::from(error),
        },
        Err(error) => Answer::from(error.clone()),
    };
    log::request(&Line {
        route: route.as_ref().map_or("-", |r| r.name()),
        method: method.as_ref(),
        status: answer.status(),
        code: answer.error().map(ApiError::code),
        duration: host::now().since(started),
        tenant: answer.tenant.as_deref(),
        source: answer.error().and_then(ApiError::source),
    });
    let mut response = finish(answer, origin.as_deref())?;
    if response.status_code() == 405 {
        response.headers_mut().set("allow", &routes::allowed(&path))?;
    }
    Ok(response)
}

/// Whether a request is taken at all: its address may ask again, and its body is as it says.
fn admit(req: &Request, env: &Env) -> ApiResult<()> {
    if let Some(address) = req.headers().get("cf-connecting-ip")? {
        rates::admit(env, Of::Address, &address)?;
    }
    match req.headers().get("content-encoding")? {
        Some(encoding) if !encoding.is_empty() && !encoding.eq_ignore_ascii_case("identity") => {
            let detail = "bodies are taken as they are, without `Content-Encoding`: what they unfold to is bounded before it is read";
            Err(ApiError::new(Code::UnsupportedEncoding, detail))
        }
        _ => Ok(()),
    }
}

/// A preflight carries no credential, so it cannot know the app: it allows the question, and the answer's own headers decide
/// whether the page may read it.
fn preflight(origin: Option<&str>) -> worker::Result<Response> {
    let headers = Headers::new();
    headers.set("access-control-allow-origin", origin.unwrap_or("*"))?;
    headers.set("access-control-allow-methods", "GET, POST, PUT, PATCH, DELETE")?;
    headers.set("access-control-allow-headers", "authorization, content-type, if-match, if-none-match, idempotency-key")?;
    headers.set("access-control-max-age", "86400")?;
    headers.set("vary", "origin")?;
    Ok(Response::empty()?.with_status(204).with_headers(headers))
}

fn finish(answer: Answer, origin: Option<&str>) -> worker::Result<Response> {
    let Answer { outcome, allowed_origins, .. } = answer;
    let mut response = match outcome {
        Ok(response) => response,
        Err(error) => problem(&error)?,
    };
    if response.status_code() == 101 {
        return Ok(response); // the headers of an upgrade are settled
    }
    let headers = response.headers_mut();
    headers.set("x-content-type-options", "nosniff")?;
    // A problem is readable from anywhere: before the credential is checked nobody knows whose page this is, and a
    // developer should not have to guess at an opaque failure. It holds nothing of any tenant.
    let readable = origin.filter(|origin| allowed_origins.as_ref().is_none_or(|allowed| is_allowed(allowed, origin)));
    if let Some(origin) = readable {
        headers.set("access-control-allow-origin", origin)?;
        headers.set("access-control-expose-headers", "etag, retry-after, upcue-time")?;
        headers.append("vary", "origin")?;
    }
    Ok(response)
}

fn problem(error: &ApiError) -> worker::Result<Response> {
    let headers = Headers::new();
    headers.set("content-type", "application/problem+json")?;
    headers.set("cache-control", "no-store")?;
    if error.status() == 401 {
        headers.set("www-authenticate", "Bearer")?;
    }
    if let Some(seconds) = error.retry_after() {
        headers.set("retry-after", seconds)?;
    }
    let body = error.document().to_string();
    Ok(Response::from_bytes(body.into_bytes())?.with_status(error.status()).with_headers(headers))
}

/// A JSON object. Its entries go in one by one: collecting would sort them first, with a sort for every kind of iterator.
pub(crate) fn object(entries: impl Iterator<Item = (String, Value)>) -> Value {
    let mut object = serde_json::Map::new();
    for (key, value) in entries {
        object.insert(key, value);
    }
    Value::Object(object)
}

/// A JSON answer.
pub(crate) fn answer(status: u16, body: &Value) -> ApiResult<Response> {
    let headers = Headers::new();
    headers.set("content-type", "application/json")?;
    headers.set("cache-control", "no-store")?;
    Ok(Response::from_bytes(body.to_string().into_bytes())?.with_status(status).with_headers(headers))
}
