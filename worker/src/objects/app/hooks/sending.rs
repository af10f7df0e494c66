//! Sending what waits, by the alarm.
//!
//! Each endpoint has a lane of its own, and endpoints that fail share places of their own: so one that never answers holds up nobody
//! else. What comes due while somebody is waited for is sent meanwhile. A message stays in line until it is written down what came of
//! it: whatever dies in between, it is sent once more under the same name.

use std::cell::Cell;
use std::time::Duration;

use futures_util::future::join_all;
use upcue_engine::hook::{Endpoint, Stage};
use upcue_engine::time::{DurationMs, Millis, SECOND};
use worker::Delay;

use super::super::AppObject;
use super::queue::Due;
use crate::hook::send;
use crate::problem::ApiResult;
use crate::{fault, host};

/// Requests under way at a time: to endpoints whose last answer was good, of these to one endpoint, and to those that fail. The platform
/// lets an object wait for six answers.
const GOOD: usize = 3;
const EACH: usize = 2;
const FAILING: usize = 2;
/// Until when in a round requests to failing endpoints begin, and others.
const TURN: DurationMs = 10 * SECOND;
const LONG_TURN: DurationMs = 25 * SECOND;
/// How often whoever waits for others looks whether there is something to do, in milliseconds.
const LOOK: u64 = 100;

/// A round of sending: who is waited for.
#[derive(Debug)]
pub(in super::super) struct Round {
    began: Millis,
    good: Cell<usize>,
    failing: Cell<usize>,
    ended: Cell<bool>,
}

impl Round {
    pub(in super::super) fn new(now: Millis) -> Self {
        Self { began: now, good: Cell::new(0), failing: Cell::new(0), ended: Cell::new(false) }
    }

    /// Whether an answer is waited for.
    fn waits(&self) -> bool {
        self.good.get() + self.failing.get() > 0
    }

    /// Waits a moment; `false` once the round has ended.
    pub(in super::super) async fn goes_on(&self) -> bool {
        if !self.ended.get() {
            Delay::from(Duration::from_millis(LOOK)).await;
        }
        !self.ended.get()
    }

    /// How many requests to this endpoint may begin now; `None`: none any more in this round.
    fn free(&self, endpoint: &Endpoint, now: Millis) -> Option<(&Cell<usize>, usize)> {
        let (under_way, most, each, until) = match endpoint.failing_since {
            Some(_) => (&self.failing, FAILING, 1, TURN),
            None if self.waits() => (&self.good, GOOD, EACH, LONG_TURN),
            None => (&self.good, GOOD, EACH, TURN),
        };
        (now.since(self.began) < until).then(|| (under_way, most.saturating_sub(under_way.get()).min(each)))
    }
}

impl AppObject {
    /// Sends what is due, for a while.
    pub(in super::super) async fn send_hooks(&self, round: &Round) -> ApiResult<()> {
        let sent = self.send_round(round).await;
        round.ended.set(true);
        sent
    }

    async fn send_round(&self, round: &Round) -> ApiResult<()> {
        self.forget_deliveries()?;
        let endpoints = self.endpoints()?;
        join_all(endpoints.iter().map(|endpoint| self.send_lane(&endpoint.id, round))).await.into_iter().collect()
    }

    async fn send_lane(&self, id: &str, round: &Round) -> ApiResult<()> {
        while let Some(endpoint) = self.endpoint(id)?.filter(|endpoint| endpoint.disabled.is_none()) {
            let Some((under_way, free)) = round.free(&endpoint, Self::now()) else { break };
            let due = if free == 0 { Vec::new() } else { self.due(id, free)? };
            if due.is_empty() {
                if !round.waits() {
                    break; // nobody is waited for, so nothing is lost by leaving the rest to the next round
                }
                Delay::from(Duration::from_millis(LOOK)).await;
                continue;
            }
            under_way.set(under_way.get() + due.len());
            let sent = join_all(due.iter().map(|due| self.send_one(&endpoint, due))).await;
            under_way.set(under_way.get().saturating_sub(due.len()));
            sent.into_iter().collect::<ApiResult<()>>()?;
        }
        Ok(())
    }

    /// Sends one message, and writes down what came of it: for itself and for its endpoint, as they are by then.
    async fn send_one(&self, endpoint: &Endpoint, due: &Due) -> ApiResult<()> {
        let began = Self::now();
        fault::at("hook.before_sent")?;
        let answer = send(&self.env, endpoint, &due.message, &due.body, began).await;
        fault::at("hook.after_sent")?;
        let luck = u32::from_le_bytes(host::random()?);
        let (Some(mut present), Some(found)) = (self.endpoint(&endpoint.id)?, self.delivery_of(&endpoint.id, &due.message)?) else {
            return Ok(()); // it was removed meanwhile
        };
        let mut delivery = found.delivery;
        delivery.settle(began, &answer, luck);
        let before = present.clone();
        let ended = present.settle(began, &answer);
        if let (Stage::Pending(_), Some(why)) = (&delivery.stage, &present.disabled) {
            delivery.give_up(&format!("the endpoint was disabled: {why}"));
        }
        self.rows()?.transaction(&mut || {
            if present != before {
                self.put_endpoint(&present)?;
            }
            self.put_delivery(found.number, &delivery)?;
            if ended { self.gave_up(&present) } else { Ok(()) }
        })
    }
}
