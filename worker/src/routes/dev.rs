//! `POST /dev/…`: a clock that can be moved, switches that panic, any mail, and expressions that read no facts, for CEL's conformance
//! suite. In builds with `dev-tools` only, for the operator only.

use serde::Deserialize;
use serde_json::{Value as Json, json};
use upcue_engine::expr::{Lookup, Names, Type, Value, compile_any};
use upcue_engine::facts::{Fact, Input};
use worker::{Env, Request, Response};

use super::segment;
use super::trial_mail::{RawMailbox, told};
use crate::auth;
use crate::fault;
use crate::host;
use crate::http::{self, read};
use crate::mail::{self, Mail, Mailbox};
use crate::problem::{ApiError, ApiResult, Code};
use crate::rates;
use crate::rpc::{AppCall, TenantCall, TenantEnvelope, app_object, tenant_object};

#[derive(Deserialize)]
struct Clock {
    offset: i64,
}

#[derive(Deserialize)]
struct Fault {
    /// Where; nowhere any more when it is absent.
    at: Option<String>,
    /// What happens there, once.
    kind: Option<fault::Kind>,
}

#[derive(Deserialize)]
struct Limits {
    limits: String,
}

#[derive(Deserialize)]
struct Whose {
    app: String,
    tenant: Option<String>,
}

#[derive(Deserialize)]
struct Expressions {
    expressions: Vec<String>,
}

/// Any mail, so that what a letter may hold can be tried on every provider.
#[derive(Deserialize)]
struct RawMail {
    app: String,
    key: String,
    from: RawMailbox,
    to: RawMailbox,
    reply_to: Option<RawMailbox>,
    subject: String,
    html: String,
    text: String,
    /// For `List-Unsubscribe` and its one-click form.
    unsubscribe: Option<String>,
}

/// There are no facts.
struct Nothing;

impl Names for Nothing {
    fn resolve(&mut self, path: &[String]) -> Result<(Fact, Type), String> {
        Err(format!("there is no fact `{}` here", path.join(".")))
    }
}

impl Lookup for Nothing {
    fn input(&self, _: Input) -> Value<'_> {
        Value::Unknown
    }

    fn fact(&self, _: Fact) -> Value<'_> {
        Value::Unknown
    }
}

/// What an expression is worth, in the shape that `engine/examples/cel.rs` has as well.
fn worth(source: &str) -> Json {
    let (program, of) = match compile_any(source, &mut Nothing) {
        Ok(compiled) => compiled,
        Err(problems) => {
            let told: Vec<Json> = problems.iter().map(|p| json!({"at": p.at, "code": p.code, "message": p.message})).collect();
            return json!({ "problems": told });
        }
    };
    let value = match program.eval(&Nothing) {
        Value::Unknown => return json!({ "error": true }),
        Value::Bool(b) => json!(b),
        Value::Int(i) | Value::Duration(i) | Value::Timestamp(i) => json!(i.to_string()),
        // JSON has no infinities.
        Value::Double(d) if d.is_nan() => json!("NaN"),
        Value::Double(d) if d.is_infinite() => json!(if d > 0.0 { "Infinity" } else { "-Infinity" }),
        Value::Double(d) => json!(d),
        Value::Str(text) => json!(text),
        Value::List(texts) => json!(texts),
    };
    json!({ "type": of.name(), "value": value })
}

pub(super) async fn post(req: &mut Request, env: &Env, path: &str) -> ApiResult<Response> {
    auth::operator(req, env)?;
    match segment(path, 2)?.as_str() {
        "clock" => {
            let Clock { offset } = http::json(&read(req, 1_024).await?)?;
            host::set_offset(offset);
            http::answer(200, &json!({"now": host::now()}))
        }
        "fault" => {
            let Fault { at, kind } = http::json(&read(req, 1_024).await?)?;
            fault::arm(at.zip(kind));
            http::answer(200, &json!({}))
        }
        "cel" => {
            let Expressions { expressions } = http::json(&read(req, 1 << 20).await?)?;
            http::answer(200, &json!({"values": expressions.iter().map(|source| worth(source)).collect::<Vec<_>>()}))
        }
        "rates" => {
            let Limits { limits } = http::json(&read(req, 1_024).await?)?;
            let bad = || ApiError::new(Code::InvalidRequest, "`limits`: as in `key=500/2000`");
            rates::set(&limits).ok_or_else(bad)?;
            http::answer(200, &json!({}))
        }
        "rows" => rows(env, http::json(&read(req, 1_024).await?)?).await,
        "mail" => send(env, http::json(&read(req, 4 << 20).await?)?).await,
        "panic" => boom(),
        "panic-later" => {
            read(req, 1_024).await?;
            auth::head(env, "nobody").await.map_or_else(|_| boom(), |_| boom())
        }
        "panic-in-object" => {
            let envelope = TenantEnvelope { app: "dev".to_owned(), tenant: "dev".to_owned(), revision: 0, call: TenantCall::Panic };
            tenant_object(env, "dev", "dev")?.call::<()>(&envelope).await?;
            boom()
        }
        _ => Err(ApiError::new(Code::NotFound, "known: clock, fault, cel, rates, rows, mail, panic, panic-later, panic-in-object")),
    }
}

/// Everything an object has stored, row by row: a tenant's, or the app's own.
async fn rows(env: &Env, Whose { app, tenant }: Whose) -> ApiResult<Response> {
    let rows: Vec<String> = match tenant {
        None => app_object(env, &app)?.call(&AppCall::Rows).await?,
        Some(tenant) => {
            let envelope = TenantEnvelope { app: app.clone(), tenant: tenant.clone(), revision: 0, call: TenantCall::Rows };
            tenant_object(env, &app, &tenant)?.call(&envelope).await?
        }
    };
    http::answer(200, &json!({ "rows": rows }))
}

async fn send(env: &Env, raw: RawMail) -> ApiResult<Response> {
    let app = auth::head(env, &raw.app).await?;
    let headers = raw
        .unsubscribe
        .map(|url| [("List-Unsubscribe", format!("<{url}>")), ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned())]);
    let mail = Mail {
        key: &raw.key,
        from: raw.from.into(),
        reply_to: raw.reply_to.map(Mailbox::from),
        to: raw.to.into(),
        subject: &raw.subject,
        html: &raw.html,
        text: &raw.text,
        headers: headers.into_iter().flatten().collect(),
    };
    http::answer(200, &told(&mail::send(env, &app.email, &mail).await))
}

/// Panics, as a bug would.
#[expect(clippy::panic, reason = "panicking is what this is for")]
pub(crate) fn boom() -> ! {
    panic!("asked to")
}
