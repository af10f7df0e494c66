//! The round that takes letters to the provider.

use std::cell::Cell;
use std::rc::Rc;

use upcue_engine::sequence::{Letter, LetterState, Moved, Outcome, Reason};
use upcue_engine::time::Millis;

use super::super::Core;
use super::super::store::{Step, Stored};
use super::write::Sealed;
use super::{by_name, quiet_step};
use crate::auth::{self, link::address_hash};
use crate::fault;
use crate::host;
use crate::mail::{self, Delivery};
use crate::problem::ApiResult;
use crate::rpc::{AppCall, AppHead, MailLeave, MailWish, app_object};

/// How often one round draws; what is left waits for the next.
const DRAWS: usize = 10;

/// What the object remembers of its rounds while it lives.
#[derive(Debug, Default)]
pub(in super::super) struct Rounds {
    /// Whether letters found as being sent were this object's own: nobody else's are, once it has looked.
    recovered: Cell<bool>,
    /// Whether a round is under way.
    running: Cell<bool>,
}

/// Held during a round; let go of however that ends.
struct Round<'a>(&'a Rounds);

impl Drop for Round<'_> {
    fn drop(&mut self) {
        self.0.running.set(false);
    }
}

impl Core {
    /// Takes what is due to the provider. A round that fails leaves nothing behind that the next would not find.
    pub(in super::super) async fn post(&self, app: &str) -> ApiResult<()> {
        if self.rounds.running.replace(true) {
            return Ok(());
        }
        let _round = Round(&self.rounds);
        let posted = self.go_round(app).await;
        if posted.is_err() {
            self.rounds.recovered.set(false); // a letter may stand as being sent that nobody sends
        }
        posted
    }

    async fn go_round(&self, app: &str) -> ApiResult<()> {
        if !self.rounds.recovered.get() {
            self.with_loaded(Stored::recover)?;
            self.rounds.recovered.set(true);
        }
        for _ in 0..DRAWS {
            let letters = self.with_loaded(|stored| stored.draw(host::now()))?;
            if letters.is_empty() {
                return Ok(());
            }
            for letter in letters {
                self.send_letter(app, &letter).await?;
            }
        }
        Ok(())
    }

    async fn send_letter(&self, app: &str, letter: &Letter) -> ApiResult<()> {
        let head = auth::head(&self.env, app).await?;
        if let Some(obstacle) = self.obstacle_to(letter, &head).await? {
            return self.with_loaded(|stored| stored.settle_letter(&letter.id, obstacle, host::now()));
        }
        fault::at("mail.before_recorded")?;
        let origin = self.env.var("PUBLIC_URL").map_or_else(|_| head.origin.clone(), |url| url.to_string());
        let Some(sealed) = self.with_loaded(|stored| stored.begin_sending(&letter.id, &head, origin.trim_end_matches('/'), host::now()))?
        else {
            return Ok(());
        };
        fault::at("mail.before_provider")?;
        let handing = || self.with_loaded(|stored| stored.hand_over(&letter.id, host::now())).is_ok_and(|may| may);
        let delivery = mail::hand_over(&self.env, &head.email, &sealed.mail(), &handing).await;
        fault::at("mail.after_provider")?;
        self.with_loaded(|stored| stored.settle_letter(&letter.id, outcome(delivery), host::now()))?;
        fault::at("mail.settled")
    }

    /// What the app has against sending this letter now. One without an address is left to the engine.
    async fn obstacle_to(&self, letter: &Letter, head: &AppHead) -> ApiResult<Option<Outcome>> {
        let known = |stored: &mut Stored| {
            let contact = stored.tenant.mailing.contact(&letter.recipient);
            let address = contact.and_then(|contact| contact.email.clone());
            Ok((address, stored.rules.config.email.rate, stored.tenant.name.clone()))
        };
        let (Some(address), rate, tenant) = self.with_loaded(known)? else { return Ok(None) };
        // What it waits for is stored with it: an object that was put away meanwhile does not queue anew.
        let slot = match letter.state {
            LetterState::Waiting { until, reason: Reason::Pace } => Some(until),
            _ => None,
        };
        let wish = MailWish { tenant: Some(tenant), hash: address_hash(&head.link_key, &address)?, rate: u32::from(rate), slot };
        let leave: MailLeave = app_object(&self.env, &head.id)?.call(&AppCall::MayMail(wish)).await?;
        Ok(match leave {
            MailLeave::Go => None,
            MailLeave::Suppressed(_) => Some(Outcome::Suppressed),
            MailLeave::At(until) => Some(Outcome::Wait { until }),
        })
    }
}

impl Stored {
    /// What was being sent when the object ended is asked for again.
    fn recover(&mut self) -> ApiResult<()> {
        if self.tenant.mailing.recover(host::now()) { self.write_step(&quiet_step()) } else { Ok(()) }
    }

    /// Makes letters of what is ripe; all that are to be sent now.
    fn draw(&mut self, now: Millis) -> ApiResult<Vec<Letter>> {
        if self.tenant.mailing.due().is_none_or(|due| due > now) {
            return Ok(Vec::new());
        }
        self.load_recipients()?;
        let rules = Rc::clone(&self.rules);
        let moved = self.tenant.draw(&rules, &by_name(now), now);
        let letters = moved.letters.clone();
        self.record_moved(moved, now)?;
        Ok(letters)
    }

    /// Looks once more whether a letter may go, and writes it down as being sent, with its text.
    fn begin_sending(&mut self, id: &str, head: &AppHead, origin: &str, now: Millis) -> ApiResult<Option<Sealed>> {
        self.load_recipients()?;
        let rules = Rc::clone(&self.rules);
        let moved = self.tenant.sending(&rules, &by_name(now), id, head.email.is_idempotent(), now);
        let Some(letter) = moved.letters.iter().find(|letter| letter.id == id).cloned() else {
            self.record_moved(moved, now)?;
            return Ok(None);
        };
        let mut step = Step::default();
        let sealed = match self.seal_letter(&letter, head, origin, now)? {
            Ok(sealed) => {
                step.letters.push((letter.id.clone(), sealed.posted.clone()));
                self.take_moved(&mut step, moved, now)?;
                Some(sealed)
            }
            Err(detail) => {
                self.take_moved(&mut step, moved, now)?;
                let unwritable = self.tenant.settled(&rules, &by_name(now), id, Outcome::Unwritable { detail }, now);
                self.take_moved(&mut step, unwritable, now)?;
                None
            }
        };
        self.write_moved(step, now)?;
        Ok(sealed)
    }

    /// From now on the provider may have all of a letter; whether it may.
    fn hand_over(&mut self, id: &str, now: Millis) -> ApiResult<bool> {
        self.load_recipients()?;
        let rules = Rc::clone(&self.rules);
        let moved = self.tenant.handing(&rules, &by_name(now), id, now);
        let may = !moved.letters.is_empty();
        self.record_moved(moved, now)?;
        fault::at("mail.handing")?;
        Ok(may)
    }

    /// Takes in what came of a letter.
    fn settle_letter(&mut self, id: &str, outcome: Outcome, now: Millis) -> ApiResult<()> {
        self.load_recipients()?;
        let rules = Rc::clone(&self.rules);
        let moved = self.tenant.settled(&rules, &by_name(now), id, outcome, now);
        self.record_moved(moved, now)
    }

    /// Writes down what the mailing did.
    pub(super) fn record_moved(&mut self, moved: Moved, now: Millis) -> ApiResult<()> {
        let mut step = Step::default();
        self.take_moved(&mut step, moved, now)?;
        self.write_moved(step, now)
    }

    fn write_moved(&mut self, mut step: Step, now: Millis) -> ApiResult<()> {
        self.remember(&mut step, Vec::new(), now)?;
        if step.is_empty() { Ok(()) } else { self.write_step(&step) }
    }
}

fn outcome(delivery: Delivery) -> Outcome {
    match delivery {
        Delivery::Sent { id } => Outcome::Sent { id },
        Delivery::Later { detail, wait } => Outcome::Later { detail, wait },
        Delivery::Unknown { detail } => Outcome::Unknown { detail },
        Delivery::Refused { detail, address } => Outcome::Refused { detail, address },
    }
}
