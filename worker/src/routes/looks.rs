//! `/v1/letters/preview/{name}`: a letter in a browser, as it would look at its reader's.
//!
//! The address is handed out by a preview and cannot be guessed; whoever has it sees this one letter, for an hour. The page shows
//! it as mail programs do, wide and narrow, by day and by night, each in a frame in which nothing runs; and its text.

use std::fmt::Write;

use upcue_engine::letter::escaped;
use worker::{Env, Headers, Request, Response};

use super::segment;
use crate::auth::{self, Caller};
use crate::host;
use crate::http::Query;
use crate::problem::{ApiError, ApiResult, Code};
use crate::rpc::{AppCall, LetterReply, Look, app_object};

/// What a letter may do when it is opened as a page: show itself, with pictures and fonts; nothing runs in it or is sent from it.
const POLICY: &str = "default-src 'none'; img-src https: http: data:; style-src 'unsafe-inline' https:; font-src https:; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox";
/// The letter alone, without the page around it.
const ALONE: &str = "letter";

const STYLE: &str = "*{box-sizing:border-box}body{font:15px/1.5 system-ui,sans-serif;margin:0;padding:2rem;color:#1c2024;background:#fff}\
h1{font-size:1.35rem;line-height:1.3;margin:0 0 .25rem;overflow-wrap:anywhere}h2{font-size:1rem;margin:2.5rem 0 .75rem}p{margin:0;max-width:46rem;color:#565d66}\
p.missing{margin:.75rem 0;padding:.6rem .9rem;border-left:3px solid #b45309;background:#fff7ed;color:#7c2d12}\
div{display:flex;flex-wrap:wrap;gap:1.5rem;align-items:start}figure{margin:0;max-width:100%;overflow-x:auto}figcaption{color:#565d66;margin:0 0 .4rem;font-size:.875rem}\
iframe{display:block;height:46rem;border:1px solid #d4d4d8;border-radius:.5rem;background:#fff}\
iframe.dark{background:#16181b}.light{color-scheme:light}.dark{color-scheme:dark}.wide{width:640px}.narrow{width:360px}\
pre{margin:0;padding:1rem;border:1px solid #d4d4d8;border-radius:.5rem;max-width:46rem;white-space:pre-wrap;overflow-wrap:anywhere;font:13px/1.55 ui-monospace,monospace}\
@media(prefers-color-scheme:dark){body{background:#16181b;color:#eceef0}p,figcaption{color:#a6adb5}iframe,pre{border-color:#3f3f46}\
p.missing{background:#2a1f14;color:#fed7aa}}";

/// Keeps a letter to be looked at; answers its address.
pub(super) async fn keep(env: &Env, caller: &Caller, look: Look) -> ApiResult<String> {
    let app = &caller.app;
    let name: String = app_object(env, &app.id)?.call(&AppCall::KeepLook(Box::new(look))).await?;
    let origin = env.var("PUBLIC_URL").map_or_else(|_| app.origin.clone(), |url| url.to_string());
    Ok(format!("{}/v1/letters/preview/{}.{name}", origin.trim_end_matches('/'), app.id))
}

pub(super) async fn get(req: &Request, env: &Env, path: &str) -> ApiResult<Response> {
    let look = find(env, &segment(path, 4)?).await?;
    match Query::of(req).get("show") {
        Some(ALONE) => letter(&look.letter),
        _ => page(&look),
    }
}

async fn find(env: &Env, name: &str) -> ApiResult<Look> {
    let over =
        || ApiError::new(Code::UnknownLink, "nothing is to be seen here, or not any more; POST /v1/email/preview gives a new address");
    let (app, name) = name.split_once('.').ok_or_else(over)?;
    let app = auth::head(env, app).await.map_err(|error| if error.code() == "unknown_app" { over() } else { error })?;
    let look: Option<Look> = app_object(env, &app.id)?.call(&AppCall::Look(name.to_owned())).await?;
    look.ok_or_else(over)
}

/// The letter as a page of its own.
pub(super) fn letter(letter: &LetterReply) -> ApiResult<Response> {
    answer(letter.html.clone(), POLICY)
}

fn page(Look { template, tenant, letter }: &Look) -> ApiResult<Response> {
    let nonce = host::name()?;
    let (template, subject) = (escaped(template), escaped(&letter.subject));
    let facts = tenant.as_ref().map_or_else(|| "sample facts".to_owned(), |tenant| format!("what is known of <b>{}</b>", escaped(tenant)));
    let mut html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{subject}</title><style nonce=\"{nonce}\">{STYLE}</style></head><body><h1>{subject}</h1>\
         <p>Template <b>{template}</b>, filled in with {facts}. Nobody was sent it; this address works for an hour.</p>"
    );
    if !letter.missing.is_empty() {
        let missing = escaped(&letter.missing.join(", "));
        let _infallible = write!(html, "<p class=\"missing\">It would not be sent as it is: these values are not known: {missing}</p>");
    }
    html.push_str("<h2>As mail programs show it</h2><div>");
    for (width, scheme, words) in [
        ("wide", "light", "On a desk"),
        ("narrow", "light", "On a phone"),
        ("wide", "dark", "On a desk, dark"),
        ("narrow", "dark", "On a phone, dark"),
    ] {
        let frame = format!("sandbox=\"allow-popups allow-popups-to-escape-sandbox\" src=\"?show={ALONE}\"");
        let _infallible = write!(
            html,
            "<figure><figcaption>{words}</figcaption><iframe class=\"{width} {scheme}\" title=\"{words}\" {frame}></iframe></figure>"
        );
    }
    let _infallible = write!(html, "</div><h2>Without markup</h2><pre>{}</pre></body></html>", escaped(&letter.text));
    let policy = format!(
        "default-src 'none'; style-src 'nonce-{nonce}'; frame-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
    );
    answer(html, &policy)
}

fn answer(html: String, policy: &str) -> ApiResult<Response> {
    let headers = Headers::new();
    headers.set("content-type", "text/html; charset=utf-8")?;
    headers.set("cache-control", "no-store")?;
    headers.set("content-security-policy", policy)?;
    headers.set("referrer-policy", "no-referrer")?; // the address is a credential
    headers.set("x-robots-tag", "noindex")?;
    Ok(Response::from_bytes(html.into_bytes())?.with_headers(headers))
}
