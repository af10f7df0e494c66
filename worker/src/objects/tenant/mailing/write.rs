//! A letter written for its recipient: template, facts, links.

use std::cell::RefCell;

use upcue_engine::letter::{Frame, Rendered};
use upcue_engine::sequence::{Letter, Part};
use upcue_engine::time::Millis;

use super::super::store::Stored;
use crate::auth::link::{Link, Place, sign_visit, with_visit};
use crate::mail::{Mail, Mailbox};
use crate::problem::{ApiError, ApiResult};
use crate::rpc::{AppHead, Posted};

/// A letter that can be handed to the provider.
#[derive(Debug)]
pub(super) struct Sealed {
    pub(super) id: String,
    pub(super) posted: Posted,
    from: Mailbox,
    reply_to: Option<Mailbox>,
    to: Mailbox,
    /// Where a mail program stops these mails by itself (RFC 8058).
    stop: String,
}

impl Sealed {
    /// As the transport takes it.
    pub(super) fn mail(&self) -> Mail<'_> {
        Mail {
            key: &self.id,
            from: self.from.clone(),
            reply_to: self.reply_to.clone(),
            to: self.to.clone(),
            subject: &self.posted.subject,
            html: &self.posted.html,
            text: &self.posted.text,
            headers: vec![
                ("List-Unsubscribe", format!("<{}>", self.stop)),
                ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned()),
            ],
        }
    }
}

impl Stored {
    /// Writes a letter; `Err` within says why it cannot be written. One that may have been sent is not written anew: under the same key
    /// belongs the same text.
    pub(super) fn seal_letter(&self, letter: &Letter, head: &AppHead, origin: &str, now: Millis) -> ApiResult<Result<Sealed, String>> {
        let email = &self.rules.config.email;
        let Some(from) = &email.from else { return Ok(Err("the configuration names no sender (`email.from`)".to_owned())) };
        let contact = self.tenant.mailing.contact(&letter.recipient);
        // What may have been sent is asked for again as it was, whatever its recipient's address is by now.
        let known = if letter.unsure > 0 { self.posted(&letter.id)? } else { None };
        let address = known.as_ref().map(|posted| posted.address.clone()).or_else(|| contact?.email.clone());
        let Some(address) = address else { return Ok(Err("no address is known".to_owned())) };
        let sign = Signer { head, origin, place: self.place(letter), failed: RefCell::new(None) };
        let (stop, stop_all) = (sign.stop(false), sign.stop(true));
        let name = contact.and_then(|contact| contact.name.as_deref());
        let posted = match known {
            Some(posted) => posted,
            None => match self.render(letter, &sign, (&address, name), (&stop, &stop_all), now) {
                Ok(Rendered { subject, html, text, .. }) => {
                    Posted { address: address.clone(), subject, html, text, provider: head.email.name().to_owned(), ..Posted::default() }
                }
                Err(why) => return Ok(Err(why)),
            },
        };
        if let Some(error) = sign.failed.take() {
            return Err(error);
        }
        Ok(Ok(Sealed {
            id: letter.id.clone(),
            posted,
            from: Mailbox { address: from.address.clone(), name: from.name.clone() },
            reply_to: email.reply_to.clone().map(|address| Mailbox { address, name: None }),
            to: Mailbox { address, name: name.map(str::to_owned) },
            stop,
        }))
    }

    fn place(&self, letter: &Letter) -> Place {
        let mut sequences: Vec<String> = letter.parts.iter().map(|part| part.sequence.clone()).collect();
        sequences.dedup();
        Place { tenant: self.tenant.name.clone(), recipient: letter.recipient.clone(), sequences, letter: letter.id.clone() }
    }

    fn render(
        &self,
        letter: &Letter,
        sign: &Signer<'_>,
        (address, name): (&str, Option<&str>),
        (stop, stop_all): (&str, &str),
        now: Millis,
    ) -> Result<Rendered, String> {
        let email = &self.rules.config.email;
        let link = |target: &str| sign.address_of(target, &email.click_hosts, email.track_clicks);
        let pixel = email.track_opens.then(|| sign.pixel()).flatten();
        let frame = Frame {
            tenant: &self.tenant.name,
            recipient_name: name,
            recipient_email: address,
            app_name: email.from.as_ref().and_then(|from| from.name.as_deref()).unwrap_or(&sign.head.name),
            postal_address: &email.postal_address,
            also: &[],
            link: &link,
            unsubscribe: stop,
            unsubscribe_all: stop_all,
            open_pixel: pixel.as_deref(),
        };
        let mut parts = letter.parts.iter();
        let first = parts.next().ok_or("it has no part")?;
        // What is merged into it contributes a line; one that cannot be written now contributes none.
        let also: Vec<String> =
            parts.filter_map(|part| self.write_part(part, &letter.recipient, &frame, now).ok()).map(|part| part.summary).collect();
        self.write_part(first, &letter.recipient, &Frame { also: &also, ..frame }, now)
    }

    fn write_part(&self, part: &Part, recipient: &str, frame: &Frame<'_>, now: Millis) -> Result<Rendered, String> {
        let templates = &self.rules.config.templates;
        let template = templates.iter().find(|template| template.id == part.template);
        let template = template.ok_or_else(|| format!("the configuration has no template `{}` any more", part.template))?;
        let facts = self.tenant.mail_facts(&self.rules, recipient, now);
        template.render(&facts, frame).map_err(|unready| format!("template `{}`: {}", part.template, unready.detail()))
    }
}

/// Signs the links of one letter. A template's calls cannot fail, so what fails is kept.
struct Signer<'a> {
    head: &'a AppHead,
    origin: &'a str,
    place: Place,
    failed: RefCell<Option<ApiError>>,
}

impl Signer<'_> {
    /// An address that is signed here; `None` where its token would be too long.
    fn signed(&self, path: &str, link: &Link) -> Option<String> {
        let token = self.kept(link.sign(&self.head.id, &self.head.link_key))?;
        token.map(|token| format!("{}/{path}/{token}", self.origin))
    }

    fn kept<T>(&self, signed: ApiResult<T>) -> Option<T> {
        signed.map_err(|error| self.failed.replace(Some(error))).ok()
    }

    /// The names in it are bounded, and so is its length.
    fn stop(&self, all: bool) -> String {
        self.signed("u", &Link::Unsubscribe { from: self.place.clone(), all }).unwrap_or_default()
    }

    fn pixel(&self) -> Option<String> {
        self.signed("e", &Link::Open { from: self.place.clone() })
    }

    /// The address for a target; one that clicks may not lead to stands as it is. Where clicks are not counted, and where the target is
    /// too long for a token, it says by itself from which letter somebody comes.
    fn address_of(&self, target: &str, hosts: &[String], counts: bool) -> String {
        let host = super::consent::host_of(target);
        if !host.is_some_and(|host| hosts.contains(&host)) || target.starts_with(self.origin) {
            return target.to_owned();
        }
        let click = || Link::Click { from: self.place.clone(), target: target.to_owned() };
        let counted = counts.then(|| self.signed("e", &click())).flatten();
        let visit = || self.kept(sign_visit(&self.head.id, &self.place.tenant, &self.place.letter, &self.head.link_key));
        counted.or_else(|| Some(with_visit(target, &visit()?))).unwrap_or_default()
    }
}
