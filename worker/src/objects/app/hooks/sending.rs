//! Sending what waits, by the alarm.
//!
//! Each endpoint has a lane of its own, so that one that answers slowly holds up none but itself. A message stays in line until it is
//! written down what came of it: whatever dies in between, it is sent once more under the same name.

use futures_util::future::join_all;
use upcue_engine::hook::{Endpoint, Stage};
use upcue_engine::time::SECOND;

use super::super::AppObject;
use super::queue::Due;
use crate::hook::send;
use crate::problem::ApiResult;
use crate::{fault, host};

/// Requests under way at a time: the platform lets an object wait for six.
const AT_A_TIME: usize = 5;
/// How long an alarm goes on with a lane before other things that wait have their turn.
const TURN: i64 = 10 * SECOND;

impl AppObject {
    /// Sends what is due, for a while.
    pub(in super::super) async fn send_hooks(&self) -> ApiResult<()> {
        self.forget_deliveries()?;
        let mut busy = Vec::new();
        for endpoint in self.endpoints()? {
            if !self.due(&endpoint.id, 1)?.is_empty() {
                busy.push(endpoint.id);
            }
        }
        for some in busy.chunks(AT_A_TIME) {
            let at_once = AT_A_TIME / some.len().max(1);
            join_all(some.iter().map(|id| self.send_lane(id, at_once))).await.into_iter().collect::<ApiResult<()>>()?;
        }
        Ok(())
    }

    async fn send_lane(&self, id: &str, at_once: usize) -> ApiResult<()> {
        let began = Self::now();
        while Self::now().since(began) < TURN {
            let Some(endpoint) = self.endpoint(id)?.filter(|endpoint| endpoint.disabled.is_none()) else { return Ok(()) };
            let due = self.due(id, at_once)?;
            if due.is_empty() {
                return Ok(());
            }
            join_all(due.iter().map(|due| self.send_one(&endpoint, due))).await.into_iter().collect::<ApiResult<()>>()?;
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
