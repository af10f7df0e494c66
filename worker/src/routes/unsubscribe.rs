//! `/u/{token}`: where a recipient stops mails, without signing in.
//!
//! Mail scanners follow every link, so GET shows and changes nothing; POST acts. A mail program's own button posts
//! `List-Unsubscribe=One-Click` (RFC 8058). The page is plain HTML: it reads without styles and works without scripts, and may load
//! nothing from anywhere.

use std::fmt::Write;

use form_urlencoded::parse;
use worker::{Env, Headers, Request, Response};

use super::{segment, suppressions};
use crate::auth::link::{self, Link, Place, unknown};
use crate::host;
use crate::http::read;
use crate::problem::{ApiError, ApiResult};
use crate::rpc::{AppHead, ConsentChange, ConsentReport, MailCall, TenantCall, TenantEnvelope, tenant_object};

/// The largest body, in bytes: a form of one field.
const MAX_BODY: usize = 1_024;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:15vh auto 0;padding:0 1.5rem;color:#1c2024;background:#fff}\
h1{font-size:1.5rem;line-height:1.25}form{margin:1.5rem 0}\
button{font:inherit;padding:.6rem 1rem;margin:0 .5rem .75rem 0;border:1px solid #6b7280;border-radius:.5rem;background:#fff;color:inherit;cursor:pointer}\
button:focus-visible{outline:3px solid #2563eb;outline-offset:2px}p.note{color:#565d66}\
@media(prefers-color-scheme:dark){body,button{background:#16181b;color:#eceef0}button{border-color:#9ba1a6}p.note{color:#a6adb5}}";

pub(super) async fn get(req: &Request, env: &Env, path: &str) -> ApiResult<Response> {
    match find(env, path).await {
        Ok((app, from, _)) => answer(env, &app, &from, None).await,
        Err(error) => refuse(req, error),
    }
}

pub(super) async fn post(req: &mut Request, env: &Env, path: &str) -> ApiResult<Response> {
    let body = read(req, MAX_BODY).await?;
    let (app, from, all) = match find(env, path).await {
        Ok(found) => found,
        Err(error) => return refuse(req, error),
    };
    answer(env, &app, &from, wish(&body, all)).await
}

/// Does what is wanted, if anything is, and tells how it stands.
async fn answer(env: &Env, app: &AppHead, from: &Place, wish: Option<ConsentChange>) -> ApiResult<Response> {
    let report = ask(env, app, from, wish).await?;
    let known = match &report.address {
        Some(address) => suppressions::reason(env, app, address).await?,
        None => None,
    };
    let blocked = known.or_else(|| report.takes_none.then(|| "bounce".to_owned()));
    let content = match (blocked, wish) {
        (Some(reason), _) => takes_none(&app.name, &reason, &report),
        (None, Some(wish)) => done(&app.name, wish, &report),
        (None, None) => offer(&app.name, &report),
    };
    page(200, &format!("Emails from {}", app.name), &content)
}

/// The letter that a token is of, and whether a mail program's button stops all mails.
async fn find(env: &Env, path: &str) -> ApiResult<(AppHead, Place, bool)> {
    let token = segment(path, 2).map_err(|_| unknown())?;
    match link::open(env, &token).await? {
        (app, Link::Unsubscribe { from, all }) => Ok((app, from, all)),
        _ => Err(unknown()),
    }
}

/// What is wanted: by one of the page's buttons, or by a mail program's.
fn wish(body: &[u8], all: bool) -> Option<ConsentChange> {
    let these = if all { ConsentChange::StopAll } else { ConsentChange::StopThese };
    if is_one_click_part(body) {
        return Some(these);
    }
    parse(body).find_map(|(name, value)| match (name.as_ref(), value.as_ref()) {
        ("List-Unsubscribe", value) if value.eq_ignore_ascii_case("one-click") => Some(these),
        ("stop", "these") => Some(ConsentChange::StopThese),
        ("stop", "all") => Some(ConsentChange::StopAll),
        ("resume", _) => Some(ConsentChange::Resume),
        _ => None,
    })
}

/// Whether a body is a `multipart/form-data` one with the field of a mail program's button: RFC 8058, section 3.2, asks for it before the
/// other form. One field of two fixed words needs no reader of multipart bodies.
fn is_one_click_part(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body).to_ascii_lowercase();
    let field = text.split_once("content-disposition: form-data; name=\"list-unsubscribe\"").map(|(_, field)| field);
    field.and_then(|field| field.split_once("\r\n\r\n")).is_some_and(|(_, value)| value.lines().next() == Some("one-click"))
}

async fn ask(env: &Env, app: &AppHead, from: &Place, change: Option<ConsentChange>) -> ApiResult<ConsentReport> {
    let call = TenantCall::Mail(MailCall::Consent { from: from.clone(), change });
    let envelope = TenantEnvelope { app: app.id.clone(), tenant: from.tenant.clone(), revision: app.revision, call };
    tenant_object(env, &app.id, &from.tenant)?.call(&envelope).await
}

/// Nothing that somebody wants changes that their address is not written to: neither mail that came back nor a complaint is taken back
/// here.
fn takes_none(app: &str, reason: &str, report: &ConsentReport) -> String {
    let why = match reason {
        "complaint" => "An email was reported as spam there, so none is sent any more.",
        "bounce" => "Mail to it came back, so none is sent any more.",
        _ => "It was taken off the list.",
    };
    let (rest, buttons): (_, &[_]) = if report.stopped_all {
        ("You have also stopped all of these emails.", &[])
    } else {
        ("To make sure that none comes should that change, stop them all.", &[("stop", "all", "Stop all emails like it")])
    };
    told(app, "No emails are sent to your address", &format!("{why} Who sends them can let them come again. {rest}"), buttons)
}

fn offer(app: &str, report: &ConsentReport) -> String {
    if report.stopped_all {
        return told(app, "You get no more of these emails", "None of them will be sent to you.", &[("resume", "1", "Get them again")]);
    }
    if report.stopped {
        let buttons = [("resume", "1", "Get them again"), ("stop", "all", "Stop all of them")];
        return told(app, "You get no more emails of this kind", "Others like it, about other things, may still come.", &buttons);
    }
    let buttons = [("stop", "these", "Stop this kind of email"), ("stop", "all", "Stop all emails like it")];
    told(app, "Stop these emails?", "Receipts and messages about your account are not sent from here and will still come.", &buttons)
}

fn done(app: &str, wish: ConsentChange, report: &ConsentReport) -> String {
    let undo = [("resume", "1", "Undo")];
    match wish {
        ConsentChange::StopAll => told(app, "Done: no more emails like this", "None of them will be sent to you any more.", &undo),
        ConsentChange::StopThese if report.stopped_all => {
            told(app, "Done: no more emails like this", "You had stopped all of them.", &undo)
        }
        ConsentChange::StopThese => {
            let buttons = [("resume", "1", "Undo"), ("stop", "all", "Stop all emails like it")];
            told(app, "Done: no more emails of this kind", "Others like it, about other things, may still come.", &buttons)
        }
        ConsentChange::Resume => {
            let buttons = [("stop", "these", "Stop this kind of email"), ("stop", "all", "Stop all emails like it")];
            told(app, "Welcome back", "These emails will be sent to you again.", &buttons)
        }
    }
}

/// A page's content: a heading, a sentence, buttons.
fn told(app: &str, heading: &str, sentence: &str, buttons: &[(&str, &str, &str)]) -> String {
    let mut form = String::new();
    for (name, value, label) in buttons {
        let _infallible = write!(form, "<button name=\"{name}\" value=\"{value}\">{label}</button>");
    }
    let form = if form.is_empty() { form } else { format!("<form method=\"post\">{form}</form>") };
    format!("<h1>{heading}</h1><p>{sentence}</p>{form}<p class=\"note\">Emails from {}</p>", escaped(app))
}

/// A token that is not ours: a page for people, a problem for programs. Neither says what is wrong with it.
pub(super) fn refuse(req: &Request, error: ApiError) -> ApiResult<Response> {
    let reads_html = req.headers().get("accept")?.is_some_and(|accept| accept.contains("text/html"));
    if error.code() != "unknown_link" || !reads_html {
        return Err(error);
    }
    page(404, "Link", "<h1>This link does not work</h1><p>Please take it from the email as it is: whole, and unaltered.</p>")
}

/// A whole page.
fn page(status: u16, title: &str, content: &str) -> ApiResult<Response> {
    let nonce = host::name()?;
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>{}</title><style nonce=\"{nonce}\">{STYLE}</style></head><body><main>{content}</main></body></html>",
        escaped(title),
    );
    let headers = Headers::new();
    headers.set("content-type", "text/html; charset=utf-8")?;
    let policy = format!("default-src 'none'; style-src 'nonce-{nonce}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'");
    headers.set("content-security-policy", &policy)?;
    headers.set("cache-control", "no-store")?;
    headers.set("referrer-policy", "no-referrer")?; // the address is a credential
    headers.set("x-robots-tag", "noindex")?;
    Ok(Response::from_bytes(html.into_bytes())?.with_status(status).with_headers(headers))
}

fn escaped(text: &str) -> String {
    let mut html = String::new();
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            c => html.push(c),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_says_what_is_wanted_or_nothing() {
        for (body, all, expected) in [
            ("List-Unsubscribe=One-Click", false, Some(ConsentChange::StopThese)),
            ("List-Unsubscribe=One-Click", true, Some(ConsentChange::StopAll)),
            ("stop=these", true, Some(ConsentChange::StopThese)),
            ("stop=all", false, Some(ConsentChange::StopAll)),
            ("resume=1", false, Some(ConsentChange::Resume)),
            ("", false, None),
            ("stop=maybe", false, None),
            ("List-Unsubscribe=", false, None),
        ] {
            assert_eq!(wish(body.as_bytes(), all), expected, "{body}");
        }
    }

    #[test]
    fn an_apps_name_stays_text() {
        let html = offer("<script>alert(1)</script>", &ConsentReport::default());
        assert!(!html.contains("<script") && html.contains("&lt;script&gt;"));
    }
}
