//! What the product's own servers count, reported with the secret key.

use std::process;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::client::Client;
use crate::error::Problem;

#[derive(Debug)]
pub(crate) struct Metering {
    client: Client,
    address: String,
    key: String,
    tenant: &'static str,
    /// This process among all that ever reported: with the number of the batch it makes a report count once.
    name: String,
    batches: AtomicU64,
}

impl Metering {
    pub(crate) fn new(client: Client, worker: &str, key: String, tenant: &'static str) -> Self {
        let started = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
        Self {
            client,
            address: format!("{}/v1/events", worker.trim_end_matches('/')),
            key,
            tenant,
            name: format!("demo-{}-{started}", process::id()),
            batches: AtomicU64::new(1),
        }
    }

    pub(crate) async fn count(&self, meter: &str, value: u64) -> Result<Value, Problem> {
        let batch = json!({
            "client": self.name,
            "seq": self.batches.fetch_add(1, Ordering::Relaxed),
            "tenant": self.tenant,
            "events": [{"type": "usage", "meter": meter, "value": value}],
        });
        self.client.post_json(&self.address, &self.key, &batch).await
    }
}
