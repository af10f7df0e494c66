//! Cloudflare's Email Service, through the deployment's `send_email` binding
//! (<https://developers.cloudflare.com/email-service/api/send-emails/workers-api/>).
//!
//! It takes transactional mail only and has no idempotency key. The mail is handed over in parts, which the service puts
//! together and signs.

use js_sys::{Array, Function, Object, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use worker::Env;
use worker::wasm_bindgen_futures::JsFuture;

use super::envelope::{Envelope, Party};
use super::provider::Provider;
use super::{CALLED_BACK, Delivery, Handing, Mail, cut};

/// The binding's name, as in wrangler.toml.
const BINDING: &str = "EMAIL";

/// The deployment's own.
pub(super) struct Service<'a> {
    pub(super) env: &'a Env,
}

impl Provider for Service<'_> {
    async fn deliver(&self, mail: &Mail<'_>, envelope: &Envelope, handing: &Handing<'_>) -> Delivery {
        let Some((binding, method)) = binding(self.env) else {
            let detail =
                "this deployment has no binding for Cloudflare's Email Service; add [[send_email]] name = \"EMAIL\" to wrangler.toml";
            return Delivery::Later { detail: detail.to_owned(), wait: None };
        };
        if !handing() {
            return Delivery::Later { detail: CALLED_BACK.to_owned(), wait: None };
        }
        // Not by the method's own `call`: where the binding is a remote object, that would be a method of the remote one as well.
        let promise = message(mail, envelope)
            .and_then(|message| Reflect::apply(&method, &binding, &Array::of1(&message)))
            .map(|answer| Promise::resolve(&answer));
        let answer = match promise {
            Ok(promise) => JsFuture::from(promise).await,
            Err(error) => Err(error),
        };
        match answer {
            Ok(answer) => Delivery::Sent { id: text(&answer, "messageId") },
            Err(error) => verdict(&text(&error, "code").unwrap_or_default(), &text(&error, "message").unwrap_or_default()),
        }
    }
}

/// The binding and its method, where there is one.
fn binding(env: &Env) -> Option<(JsValue, Function)> {
    let binding = Reflect::get(env, &BINDING.into()).ok()?;
    let method = Reflect::get(&binding, &"send".into()).ok()?.dyn_into().ok()?;
    Some((binding, method))
}

fn message(mail: &Mail<'_>, envelope: &Envelope) -> Result<JsValue, JsValue> {
    let headers = Object::new();
    for (name, value) in mail.headers_with_ours() {
        set(&headers, name, &value.into())?;
    }
    let message = Object::new();
    set(&message, "from", &party(&envelope.from)?)?;
    set(&message, "to", &envelope.to.address.text().into())?;
    if let Some(reply_to) = &envelope.reply_to {
        set(&message, "replyTo", &party(reply_to)?)?;
    }
    set(&message, "subject", &envelope.subject.as_str().into())?;
    set(&message, "html", &mail.html.into())?;
    set(&message, "text", &mail.text.into())?;
    set(&message, "headers", &headers)?;
    Ok(message.into())
}

fn party(party: &Party) -> Result<JsValue, JsValue> {
    let Some(name) = &party.name else { return Ok(party.address.text().into()) };
    let object = Object::new();
    set(&object, "email", &party.address.text().into())?;
    set(&object, "name", &name.as_str().into())?;
    Ok(object.into())
}

fn set(object: &Object, name: &str, value: &JsValue) -> Result<(), JsValue> {
    Reflect::set(object, &name.into(), value).map(|_| ())
}

fn text(value: &JsValue, name: &str) -> Option<String> {
    Reflect::get(value, &name.into()).ok()?.as_string().filter(|text| !text.is_empty())
}

/// What an error of the service means, by its code.
fn verdict(code: &str, message: &str) -> Delivery {
    let detail = format!("Cloudflare's Email Service: {} {}", cut(code), cut(message)).trim_end().to_owned();
    match code {
        "E_RECIPIENT_SUPPRESSED" => Delivery::Refused { detail, address: true },
        // Too much, or a domain and permissions that the operator can set right.
        "E_RATE_LIMIT_EXCEEDED"
        | "E_DAILY_LIMIT_EXCEEDED"
        | "E_SENDER_NOT_VERIFIED"
        | "E_SENDER_DOMAIN_NOT_AVAILABLE"
        | "E_RECIPIENT_NOT_ALLOWED" => Delivery::Later { detail, wait: None },
        "E_DELIVERY_FAILED" | "E_INTERNAL_SERVER_ERROR" | "" => Delivery::Unknown { detail },
        _ if code.starts_with("E_") => Delivery::Refused { detail, address: false },
        _ => Delivery::Unknown { detail },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_has_its_meaning() {
        for (code, expected) in [
            ("E_RECIPIENT_SUPPRESSED", "refused true"),
            ("E_VALIDATION_ERROR", "refused false"),
            ("E_HEADER_NOT_ALLOWED", "refused false"),
            ("E_RATE_LIMIT_EXCEEDED", "later"),
            ("E_SENDER_NOT_VERIFIED", "later"),
            ("E_DELIVERY_FAILED", "unknown"),
            ("", "unknown"),
            ("ECONNRESET", "unknown"),
        ] {
            let told = match verdict(code, "words") {
                Delivery::Refused { address, .. } => format!("refused {address}"),
                Delivery::Later { .. } => "later".to_owned(),
                Delivery::Unknown { .. } => "unknown".to_owned(),
                Delivery::Sent { .. } => "sent".to_owned(),
            };
            assert_eq!(told, expected, "{code}");
        }
    }
}
