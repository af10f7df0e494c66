//! What recipients do with their letters: follow links, open them, want no more of them; and what the provider hears of them.

use upcue_engine::sequence::Contact;
use upcue_engine::time::Millis;
use upcue_engine::timeline::{Actor, Entry, What};

use super::super::store::{Step, Stored};
use super::{now, quiet_step, shown};
use crate::auth::link::{Place, written_plainly};
use crate::mail::Reported;
use crate::problem::ApiResult;
use crate::rpc::{ConsentChange, ConsentReport, Posted};

/// The most links of a letter that are remembered as followed.
const MAX_CLICKS: usize = 50;

impl Stored {
    /// Changes what a recipient wants, and tells it.
    pub(in super::super) fn consent(&mut self, from: &Place, change: Option<ConsentChange>) -> ApiResult<ConsentReport> {
        if let Some(change) = change {
            self.change_consent(from, change, now())?;
        }
        let mailing = &self.tenant.mailing;
        let refused = |sequence: &String| mailing.refuses(&from.recipient, Some(sequence));
        let address = mailing.contact(&from.recipient).and_then(|contact| contact.email.clone());
        let mut there = address.iter().flat_map(|address| mailing.at(address));
        Ok(ConsentReport {
            stopped: from.sequences.iter().all(refused),
            stopped_all: mailing.refuses(&from.recipient, None),
            takes_none: there.any(|contact| contact.consent.suppressed.is_some()),
            address: address.clone(),
        })
    }

    fn change_consent(&mut self, from: &Place, change: ConsentChange, now: Millis) -> ApiResult<()> {
        let mut step = Step::default();
        let sequences: Vec<Option<String>> = match change {
            ConsentChange::StopThese => from.sequences.iter().cloned().map(Some).collect(),
            ConsentChange::StopAll => vec![None],
            ConsentChange::Resume => from.sequences.iter().cloned().map(Some).chain([None]).collect(),
        };
        let wanted = change == ConsentChange::Resume;
        let meant = self.meant(from)?;
        for sequence in sequences {
            let before = self.refusals(&meant);
            for recipient in &meant {
                if wanted {
                    self.resume(recipient, sequence.as_deref(), now);
                } else {
                    let moved = self.tenant.mailing.unsubscribe(recipient, sequence.as_deref(), now);
                    self.take_moved(&mut step, moved, now)?;
                }
            }
            if before == self.refusals(&meant) {
                continue; // said before
            }
            step.mailing = true;
            let what = What::Consent { recipient: shown(&from.recipient).to_owned(), sequence, wanted };
            step.entries.push(Entry { at: now, actor: Actor::User(shown(&from.recipient).to_owned()), what });
        }
        if step.mailing { self.record(step) } else { Ok(()) }
    }

    /// Who speaks by a letter's link: its recipient, and whoever is written to now where it went. The engine adds who shares their
    /// addresses.
    fn meant(&self, from: &Place) -> ApiResult<Vec<String>> {
        let address = self.posted(&from.letter)?.map(|posted| posted.address);
        let there = address.iter().flat_map(|address| self.tenant.mailing.at(address)).map(|contact| contact.recipient.clone());
        Ok([from.recipient.clone()].into_iter().chain(there.filter(|recipient| *recipient != from.recipient)).collect())
    }

    /// Lets mails come again; what was refused by itself elsewhere stays refused.
    fn resume(&mut self, recipient: &str, sequence: Option<&str>, now: Millis) {
        let mailing = &mut self.tenant.mailing;
        let refused = mailing.contact(recipient).map(|contact| contact.consent.refused.clone()).unwrap_or_default();
        mailing.resubscribe(recipient, sequence);
        if sequence.is_none() {
            for sequence in refused {
                mailing.unsubscribe(recipient, Some(&sequence), now);
            }
        }
    }

    fn refusals(&self, recipients: &[String]) -> Vec<(Option<Millis>, usize)> {
        let contacts = recipients.iter().filter_map(|recipient| self.tenant.mailing.contact(recipient));
        contacts.map(|Contact { consent, .. }| (consent.refused_all, consent.refused.len())).collect()
    }

    /// Somebody follows a link: whether it may still lead there. It counts once for each letter and link.
    pub(in super::super) fn follow(&mut self, from: &Place, target: &str, counts: bool) -> ApiResult<bool> {
        let host = host_of(target);
        let allowed = host.is_some_and(|host| self.rules.config.email.click_hosts.contains(&host));
        if allowed && counts && self.rules.config.email.track_clicks {
            self.note(&from.letter, |posted, at| {
                let is_new = posted.clicks.len() < MAX_CLICKS && !posted.clicks.iter().any(|(known, _)| known == target);
                if is_new {
                    posted.clicks.push((target.to_owned(), at));
                }
                is_new.then(|| What::LetterClicked { letter: from.letter.clone(), target: target.to_owned() })
            })?;
        }
        Ok(allowed)
    }

    /// A user came into the app from a letter; whether that was not known yet.
    pub(in super::super) fn arrive(&mut self, letter: &str) -> ApiResult<bool> {
        let now = now();
        if !self.tenant.mailing.clicked(letter, now) {
            return Ok(false);
        }
        let mut step = quiet_step();
        step.facts.extend(self.letter_fact(letter, &step)?);
        self.record(step)?;
        Ok(true)
    }

    /// A letter was opened.
    pub(in super::super) fn opened(&mut self, letter: &str) -> ApiResult<()> {
        if !self.rules.config.email.track_opens {
            return Ok(());
        }
        self.annotate(letter, |posted, at| {
            let is_new = posted.opened.is_none();
            posted.opened.get_or_insert(at);
            is_new
        })
    }

    /// The provider reports something of a letter.
    pub(in super::super) fn reported(&mut self, letter: &str, what: &str, detail: &str, suppresses: bool) -> ApiResult<()> {
        if what == Reported::Failed.word() && self.tenant.mailing.failed_late(letter, detail, now()) {
            let mut step = quiet_step();
            step.facts.extend(self.letter_fact(letter, &step)?);
            self.record(step)?;
        }
        self.note(letter, |posted, at| {
            let known = posted.reported.as_ref().map(|(what, _)| what.as_str());
            // A report that ends the address is the last word, whatever comes late.
            let is_new = known != Some(what) && (suppresses || !known.is_some_and(is_final));
            if is_new {
                posted.reported = Some((what.to_owned(), at));
            }
            let what = What::LetterReported { letter: letter.to_owned(), report: what.to_owned(), detail: detail.to_owned() };
            is_new.then_some(what)
        })?;
        // It is about where the letter went, and the recipient may be elsewhere by now.
        let address = self.posted(letter)?.filter(|_| suppresses).map(|posted| posted.address);
        let there = address.as_ref().and_then(|address| self.tenant.mailing.at(address).next());
        let Some(recipient) = there.map(|contact| contact.recipient.clone()) else { return Ok(()) };
        let now = now();
        let moved = self.tenant.mailing.suppress(&recipient, now);
        self.record_moved(moved, now)
    }

    /// This address takes mail again.
    pub(in super::super) fn unsuppress(&mut self, address: &str) -> ApiResult<()> {
        let address = written_plainly(address);
        let is_there = |email: &String| written_plainly(email) == address;
        let there = self.tenant.mailing.contacts.iter().filter(|contact| contact.email.as_ref().is_some_and(is_there));
        let mut changed = false;
        for recipient in there.map(|contact| contact.recipient.clone()).collect::<Vec<_>>() {
            changed |= self.tenant.mailing.unsuppress(&recipient);
        }
        if changed { self.record(quiet_step()) } else { Ok(()) }
    }

    /// Writes down something of a letter that the timeline has as well, if there is anything new.
    fn note(&mut self, letter: &str, change: impl FnOnce(&mut Posted, Millis) -> Option<What>) -> ApiResult<()> {
        let Some(mut posted) = self.posted(letter)? else { return Ok(()) };
        let now = now();
        let Some(what) = change(&mut posted, now) else { return Ok(()) };
        let is_click = matches!(what, What::LetterClicked { .. });
        let actor =
            self.letter(letter).filter(|_| is_click).map_or(Actor::Upcue, |letter| Actor::User(shown(&letter.recipient).to_owned()));
        let mut step =
            Step { letters: vec![(letter.to_owned(), posted)], entries: vec![Entry { at: now, actor, what }], ..Step::default() };
        step.mailing = is_click && self.tenant.mailing.clicked(letter, now);
        step.facts.extend(self.letter_fact(letter, &step)?);
        self.record(step)
    }

    /// Writes down something of a letter that nobody needs to be told of one by one.
    fn annotate(&mut self, letter: &str, change: impl FnOnce(&mut Posted, Millis) -> bool) -> ApiResult<()> {
        let Some(mut posted) = self.posted(letter)? else { return Ok(()) };
        if !change(&mut posted, now()) {
            return Ok(());
        }
        let mut step = Step { letters: vec![(letter.to_owned(), posted)], ..Step::default() };
        step.facts.extend(self.letter_fact(letter, &step)?);
        self.record(step)
    }
}

fn is_final(report: &str) -> bool {
    matches!(report, "bounced" | "complained" | "suppressed")
}

/// The host of an address, in lower case; `None` of what is no plain web address.
pub(super) fn host_of(url: &str) -> Option<String> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    // `https://app.example@evil.example/` leads to the second of them.
    if authority.contains('@') || authority.is_empty() || url.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return None;
    }
    let host = if authority.starts_with('[') { authority } else { authority.split(':').next()? };
    Some(host.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_host_that_a_browser_would_go_to_counts() {
        for (url, host) in [
            ("https://app.example/plans?x=1", Some("app.example")),
            ("https://APP.example", Some("app.example")),
            ("http://127.0.0.1:8787/x", Some("127.0.0.1")),
            ("https://app.example#evil.example", Some("app.example")),
            ("https://app.example\\@evil.example/", Some("app.example")),
            ("https://app.example@evil.example/", None),
            ("https://app.example:x@evil.example/", None),
            ("//evil.example", None),
            ("javascript:alert(1)", None),
            ("https:///evil.example", None),
            ("https://app.example/\r\nset-cookie: x", None),
            ("", None),
        ] {
            assert_eq!(host_of(url).as_deref(), host, "{url}");
        }
    }
}
