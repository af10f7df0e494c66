//! `POST /v1/email/test`: a letter sent to whoever tries it out, by the app's own provider.
//!
//! It is the letter of a preview, and is refused where the real one would not be sent. Nobody is enrolled, no budget is spent and
//! nothing stands in the outbox; it goes at the app's rate, and to no address that is suppressed.

use std::time::Duration;

use serde_json::{Value, json};
use upcue_engine::letter::Unready;
use upcue_engine::time::{Millis, SECOND};
use worker::{Delay, Env, Request, Response};

use super::letters::{Drawn, MAX_BODY, Wish, draw};
use super::tenants::back_end;
use super::trial_mail::told;
use crate::auth::Caller;
use crate::auth::link::address_hash;
use crate::host;
use crate::http::{self, read};
use crate::mail::{self, Delivery, Mail, Mailbox};
use crate::people;
use crate::problem::{ApiError, ApiResult, Code};
use crate::rpc::{AppCall, MailLeave, MailWish, app_object};

/// So long it waits for the app's other mails; beyond it the caller is told to come again.
const PATIENCE: i64 = 5 * SECOND;
/// What sets its subject apart.
const MARK: &str = "[Test]";

pub(super) async fn post(req: &mut Request, env: &Env) -> ApiResult<Response> {
    let caller = back_end(req, env).await?;
    let bytes = read(req, MAX_BODY).await?;
    let mut wish: Wish = http::json(&bytes)?;
    let to = wish.to.take().ok_or_else(|| refuse("invalid_request", "say in `to` to whom it is sent".to_owned(), "/to"))?;
    let address = people::address(&to).map_err(|why| refuse("invalid_request", format!("`to` {why}"), "/to"))?;
    wish.email = Some(to.trim().to_owned());
    let drawn = draw(env, &caller, &wish, &bytes).await?;
    check(&drawn, &wish)?;
    let delivery = match leave(env, &caller, &address, drawn.email.rate).await? {
        Some(until) => {
            let wait = until.since(host::now()).max(0);
            Delivery::Later { detail: "the app's other mails go first; ask again then".to_owned(), wait: Some(wait) }
        }
        None => send(env, &caller, &wish, &drawn).await?,
    };
    http::answer(200, &report(&caller, &wish, &drawn, &delivery))
}

/// What would keep the letter from being sent to anybody.
fn check(Drawn { letter, template, email }: &Drawn, wish: &Wish) -> ApiResult<()> {
    if letter.stranger {
        let tenant = wish.tenant.as_deref().unwrap_or_default();
        let detail = format!("nothing has come in of a tenant `{tenant}`; leave `tenant` out to try the letter with sample facts");
        return Err(ApiError::new(Code::NotFound, detail).finer("unknown_tenant").with(&json!({"pointer": "/tenant"})));
    }
    if !letter.missing.is_empty() {
        let detail = format!("the letter `{template}` would not be sent; {}", Unready::Missing(letter.missing.clone()).detail());
        let members = json!({"pointer": format!("/templates/{template}"), "missing": letter.missing});
        return Err(ApiError::new(Code::InvalidRequest, detail).finer("missing_values").with(&members));
    }
    if email.from.is_none() {
        let detail =
            "the configuration names no sender; set `email.from`, as in {\"address\": \"hello@nimbus.example\", \"name\": \"Nimbus\"}";
        return Err(refuse("no_sender", detail.to_owned(), "/email/from"));
    }
    Ok(())
}

/// Waits until the mail may go; answers when to come again, if that is too long.
async fn leave(env: &Env, caller: &Caller, address: &str, rate: u16) -> ApiResult<Option<Millis>> {
    let hash = address_hash(&caller.app.link_key, address)?;
    let ask = async |slot| -> ApiResult<MailLeave> {
        app_object(env, &caller.app.id)?.call(&AppCall::MayMail(MailWish { tenant: None, hash, rate: u32::from(rate), slot })).await
    };
    let mut told = ask(None).await?;
    if let MailLeave::At(until) = told {
        let wait = until.since(host::now());
        if wait <= PATIENCE {
            Delay::from(Duration::from_millis(wait.max(0).unsigned_abs())).await;
            told = ask(Some(until)).await?;
        }
    }
    match told {
        MailLeave::Go => Ok(None),
        MailLeave::At(until) => Ok(Some(until)),
        MailLeave::Suppressed(reason) => {
            let detail =
                format!("no mail goes to this address ({reason}); take it off the list with DELETE /v1/email/suppressions, or try another");
            Err(refuse("suppressed_address", detail, "/to"))
        }
    }
}

async fn send(env: &Env, caller: &Caller, wish: &Wish, Drawn { letter, email, .. }: &Drawn) -> ApiResult<Delivery> {
    let (Some(from), Some(to)) = (&email.from, &wish.email) else { return Err(refuse("no_sender", String::new(), "/email/from")) };
    let key = host::name()?;
    let mail = Mail {
        key: &key,
        from: Mailbox { address: from.address.clone(), name: from.name.clone() },
        reply_to: email.reply_to.clone().map(|address| Mailbox { address, name: None }),
        to: Mailbox { address: to.clone(), name: wish.name.clone() },
        subject: &format!("{MARK} {}", letter.subject),
        html: &letter.html,
        text: &letter.text,
        headers: Vec::new(),
    };
    Ok(mail::send(env, &caller.app.email, &mail).await)
}

/// What became of it, and what it was.
fn report(caller: &Caller, wish: &Wish, Drawn { letter, template, .. }: &Drawn, delivery: &Delivery) -> Value {
    let mut told = told(delivery);
    if let Some(told) = told.as_object_mut() {
        told.insert("provider".to_owned(), json!(caller.app.email.name()));
        told.insert("template".to_owned(), json!(template));
        told.insert("facts".to_owned(), json!(wish.facts()));
        told.insert("to".to_owned(), json!(wish.email));
        told.insert("subject".to_owned(), json!(format!("{MARK} {}", letter.subject)));
    }
    told
}

fn refuse(code: &str, detail: String, pointer: &str) -> ApiError {
    ApiError::new(Code::InvalidRequest, detail).finer(code).with(&json!({ "pointer": pointer }))
}
