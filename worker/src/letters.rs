//! Letters to be looked at: a template filled in for somebody, whatever it lacks, with addresses that end nothing.

use upcue_engine::config::unknown;
use upcue_engine::expr::Lookup;
use upcue_engine::letter::{Frame, MAX_HTML, Rendered};
use upcue_engine::tenant::Rulebook;

use crate::problem::{ApiError, ApiResult, Code};
use crate::rpc::{LetterEnvelope, LetterReply};

/// Where the ways out of a letter lead that was never sent: nobody is unsubscribed by it.
const NOWHERE: &str = "https://example.com/unsubscribe";

/// The letter of `template` to a user of `tenant`.
pub(crate) fn drawn(
    rules: &Rulebook,
    template: &str,
    facts: &impl Lookup,
    tenant: &str,
    envelope: &LetterEnvelope,
) -> ApiResult<LetterReply> {
    let templates = &rules.config.templates;
    let found = templates.iter().find(|known| known.id == template).ok_or_else(|| {
        let known: Vec<&str> = templates.iter().map(|known| known.id.as_str()).collect();
        ApiError::new(Code::NotFound, unknown("template", template, &known))
    })?;
    let email = &rules.config.email;
    let address = if email.postal_address.is_empty() { "Your postal address (email.postal_address)" } else { &email.postal_address };
    let frame = Frame {
        tenant,
        recipient_name: envelope.name.as_deref(),
        recipient_email: &envelope.email,
        app_name: email.from.as_ref().and_then(|from| from.name.as_deref()).unwrap_or(&envelope.app),
        postal_address: address,
        also: &[],
        link: &str::to_owned,
        unsubscribe: NOWHERE,
        unsubscribe_all: NOWHERE,
        open_pixel: None,
    };
    let (letter, missing) = found.preview(facts, &frame);
    let Rendered { subject, html, text, summary } = letter;
    if html.len() > MAX_HTML {
        let detail = format!("filled in, this is {} bytes of HTML; at most {MAX_HTML}, as Gmail cuts off the rest", html.len());
        return Err(ApiError::new(Code::PayloadTooLarge, detail));
    }
    Ok(LetterReply { subject, html, text, summary, missing, stranger: false })
}
