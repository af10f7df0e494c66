//! Reading subscriptions from Stripe and folding them in.
//!
//! Readings of one subscription may overlap. Each takes a ticket before it asks; what was asked later is newer, so an answer
//! with an older ticket than the last one folded is dropped.

use std::cell::{Cell, RefCell};

use upcue_engine::map::Map;

use super::Core;
use crate::host;
use crate::problem::{ApiError, ApiResult, Code};
use crate::stripe::client::Stripe;

/// Tickets of readings.
#[derive(Debug, Default)]
pub(super) struct Readings {
    next: Cell<u64>,
    /// By subscription: the ticket of the last reading folded.
    folded: RefCell<Map<u64>>,
}

impl Readings {
    fn ticket(&self) -> u64 {
        self.next.set(self.next.get() + 1);
        self.next.get()
    }

    /// Whether a reading with this ticket is the newest so far; remembers it if so.
    fn is_newest(&self, subscription: &str, ticket: u64) -> bool {
        let mut folded = self.folded.borrow_mut();
        let last = folded.entry(subscription, || 0);
        let newest = ticket > *last;
        *last = ticket.max(*last);
        newest
    }
}

impl Core {
    /// Reads `subscription` again and folds it in; the ids of its prices. `customer` is whom the event was about.
    pub(super) async fn sync_subscription(&self, subscription: &str, customer: &str, api_key: &str) -> ApiResult<Vec<String>> {
        let ticket = self.readings.ticket();
        let read = Stripe::new(&self.env, api_key)?.subscription(subscription).await?;
        let Some(read) = read else {
            return Err(ApiError::new(
                Code::StripeRefused,
                format!("Stripe has no subscription {subscription}; it may be another account's or mode's"),
            ));
        };
        if read.customer != customer {
            let detail = format!("subscription {subscription} belongs to {}, not to {customer}", read.customer);
            return Err(ApiError::new(Code::StripeRefused, detail));
        }
        let prices = read.items.iter().map(|i| i.price.clone()).collect();
        if self.readings.is_newest(subscription, ticket) && self.with_loaded(|stored| stored.fold(read, host::now()))? {
            self.push_snapshots();
        }
        Ok(prices)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_overtaken_reading_is_dropped() {
        let readings = Readings::default();
        let (first, second, third) = (readings.ticket(), readings.ticket(), readings.ticket());
        assert!(readings.is_newest("sub_1", second));
        assert!(!readings.is_newest("sub_1", first), "asked before, answered after");
        assert!(readings.is_newest("sub_1", third));
        assert!(readings.is_newest("sub_2", first), "another subscription");
    }
}
