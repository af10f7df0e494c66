//! Readings that are shared: one runs at a time, and who asks while it runs shares the next one. So an older reading never
//! overwrites a newer one, and a burst of events costs two readings.

use std::cell::Cell;
use std::time::Duration;

use worker::Delay;

use crate::problem::ApiResult;

/// How often whoever waits looks whether their turn has come, in milliseconds.
const LOOK: u64 = 25;

/// How many readings were asked for, and up to which of them one has answered.
#[derive(Debug, Default)]
pub(super) struct Turns {
    asked: Cell<u64>,
    covered: Cell<u64>,
    running: Cell<bool>,
}

/// A reading that runs; let go of however it ends.
struct Running<'a>(&'a Turns);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.running.set(false);
    }
}

impl Turns {
    /// Runs `read`, or waits for another's that began after this call; `None` then.
    pub(super) async fn share<T>(&self, read: impl AsyncFnOnce() -> ApiResult<T>) -> ApiResult<Option<T>> {
        let mine = self.asked.get() + 1;
        self.asked.set(mine);
        while self.covered.get() < mine {
            if !self.running.replace(true) {
                let _running = Running(self);
                let covers = self.asked.get();
                let found = read().await?;
                self.covered.set(covers);
                return Ok(Some(found));
            }
            Delay::from(Duration::from_millis(LOOK)).await;
        }
        Ok(None)
    }
}
