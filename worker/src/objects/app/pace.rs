//! How fast an app's mails leave: evenly, so many a second, whichever of its tenants they come from.
//!
//! Who must wait is given a moment of their own, and comes back then: a thousand tenants that all have a letter ready ask twice
//! each, and not until one is lucky. Whoever comes late is kept waiting for a moment, so that those who were all held up do not leave
//! all at once. The row is written only when somebody must wait; an app without a queue writes none.

use std::cell::Cell;
use std::time::Duration;

use upcue_engine::time::{MINUTE, Millis, SECOND};
use worker::Delay;

use super::AppObject;
use super::suppression::block;
use crate::problem::ApiResult;
use crate::rpc::{MailLeave, MailWish};

/// The row with the first moment that nobody was given, and when somebody last asked.
const FREE: &str = "pace";
/// So long somebody is kept waiting who came at their moment; beyond it they come again.
const PATIENCE: i64 = 5 * SECOND;
/// Microseconds in a millisecond: at more than a thousand mails a second moments lie closer than the clock tells.
const MICRO: i64 = 1_000;

/// What is given and taken, in microseconds since 1970.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// The first moment that nobody was given, and when somebody last asked; `None`: not read yet.
    free: Cell<Option<(i64, Millis)>>,
    /// The first moment at which the next may really leave.
    gone: Cell<i64>,
}

impl AppObject {
    /// Whether a mail may go out now.
    pub(super) async fn may_mail(&self, wish: &MailWish) -> ApiResult<MailLeave> {
        if let Some(reason) = self.suppressed(wish.hash)? {
            if let Some(tenant) = &wish.tenant {
                block(&self.rows()?, wish.hash, tenant)?;
            }
            return Ok(MailLeave::Suppressed(reason));
        }
        let now = Self::now();
        if wish.slot.is_some_and(|slot| slot <= now) {
            return Ok(self.leave(wish.rate, now).await);
        }
        let rows = self.rows()?;
        let (free, asked) = match self.pace.free.get() {
            Some(known) => known,
            None => rows.get(FREE)?.unwrap_or_default(),
        };
        // What was given by a clock that was turned back meanwhile is no moment any more.
        let free = if now.since(asked) < -SECOND { 0 } else { free };
        let (at, next) = give(free, wish.rate, now);
        self.pace.free.set(Some((next, now)));
        if at <= now {
            return Ok(self.leave(wish.rate, now).await);
        }
        rows.put(FREE, &(next, now))?;
        Ok(MailLeave::At(at))
    }

    /// Lets somebody go whose moment has come: after those who came late as well.
    async fn leave(&self, rate: u32, now: Millis) -> MailLeave {
        let gone = self.pace.gone.get();
        let is_believable = gone < now.plus(MINUTE).0.saturating_mul(MICRO); // else the clock was turned back
        let (at, next) = give(if is_believable { gone } else { 0 }, rate, now);
        let wait = at.since(now);
        if wait > PATIENCE {
            return MailLeave::At(at);
        }
        self.pace.gone.set(next);
        if wait > 0 {
            Delay::from(Duration::from_millis(wait.unsigned_abs())).await;
        }
        MailLeave::Go
    }
}

/// The moment given to whoever asks at `now`, and the first one that is free after it.
fn give(free: i64, rate: u32, now: Millis) -> (Millis, i64) {
    let micros = free.max(now.0.saturating_mul(MICRO));
    let apart = SECOND * MICRO / i64::from(rate.max(1));
    // Up to the next millisecond: who comes back by the clock must not come too early.
    (Millis(micros.saturating_add(MICRO - 1) / MICRO), micros.saturating_add(apart))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn who_comes_alone_does_not_wait_and_who_comes_second_waits_for_its_turn() {
        let (first, free) = give(0, 2, Millis(10_000));
        let (second, free) = give(free, 2, Millis(10_000));
        let (third, free) = give(free, 2, Millis(10_100));
        let (later, _) = give(free, 2, Millis(60_000));
        assert_eq!([first, second, third, later].map(|at| at.0), [10_000, 10_500, 11_000, 60_000]);
    }

    proptest! {
        #[test]
        fn no_second_has_more_than_the_rate(rate in 1..2_000_u32, waits in prop::collection::vec(0..400_i64, 1..200)) {
            let (mut now, mut free, mut given) = (1_000_000_i64, 0, Vec::new());
            for wait in waits {
                now += wait;
                let (at, next) = give(free, rate, Millis(now));
                prop_assert!(at.0 >= now);
                free = next;
                given.push(at.0);
            }
            for from in &given {
                let within = given.iter().filter(|at| (*from..from + SECOND).contains(at)).count();
                prop_assert!(within <= rate as usize + 1, "{within} of {rate}"); // the last may lie on the edge
            }
        }
    }
}
