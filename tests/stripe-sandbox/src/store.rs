//! The whole state of the sandbox, and its file.
//!
//! Resources are stored as JSON objects in the newest API shape, each built in one place (its resource's file).
//! References are ids; [`crate::present`] fills in what Stripe nests (the price of a subscription item).

use std::{
    collections::HashSet,
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::Context;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    billing::debits::Debit, delivery::Delivery, events::EventRecord, form::Form, idempotency::Answers, ids, subscriptions::PendingUpdate,
};

/// Resources by id, oldest first.
pub(crate) type Collection = IndexMap<String, Value>;

/// Events kept; older ones go once nothing of them is left to deliver. Stripe keeps 30 days.
const EVENTS_KEPT: usize = 5_000;
const FORGOTTEN_AT_ONCE: usize = 500;

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Store {
    pub(crate) account: String,
    pub(crate) products: Collection,
    pub(crate) prices: Collection,
    pub(crate) customers: Collection,
    pub(crate) subscriptions: Collection,
    pub(crate) payment_methods: Collection,
    pub(crate) payment_intents: Collection,
    pub(crate) invoices: Collection,
    pub(crate) invoice_items: Collection,
    /// Invoice items that no invoice has taken up, with their subscriptions.
    pub(crate) waiting_items: IndexMap<String, String>,
    pub(crate) coupons: Collection,
    pub(crate) discounts: Collection,
    pub(crate) subscription_schedules: Collection,
    /// By the id of the subscription item.
    pub(crate) debits: IndexMap<String, Debit>,
    /// By the id of the subscription.
    pub(crate) pending_updates: IndexMap<String, PendingUpdate>,
    /// Changes of items that took effect, oldest first.
    pub(crate) changes: Vec<Value>,
    pub(crate) webhook_endpoints: Collection,
    pub(crate) event_destinations: Collection,
    pub(crate) features: Collection,
    pub(crate) product_features: Collection,
    pub(crate) entitlements: Collection,
    pub(crate) meters: Collection,
    pub(crate) meter_events: Collection,
    pub(crate) checkout_sessions: Collection,
    pub(crate) checkout_line_items: Collection,
    /// The parameters of the subscription that an open session will create.
    pub(crate) checkout_drafts: IndexMap<String, Form>,
    pub(crate) portal_sessions: Collection,
    pub(crate) events: IndexMap<String, EventRecord>,
    pub(crate) deliveries: IndexMap<String, Delivery>,
    pub(crate) answers: Answers,
    /// Deliveries made by the call in progress, for the dispatcher to take up when it has been committed.
    #[serde(skip)]
    pub(crate) fresh: Vec<String>,
    /// Where this sandbox is reached: hosted pages are linked to.
    #[serde(skip)]
    pub(crate) base_url: String,
    /// Stripe's limit on new invoices is off: benchmarks would meet it.
    #[serde(skip)]
    pub(crate) without_invoice_limits: bool,
    /// [`Self::save`] leaves the file alone.
    #[serde(skip)]
    pub(crate) saves_at_end: bool,
    #[serde(skip)]
    file: Option<PathBuf>,
}

impl Store {
    /// The state in `file`, or a new one where there is no such file yet.
    pub(crate) fn open(file: Option<PathBuf>) -> anyhow::Result<Self> {
        let mut store = match &file {
            Some(path) => Self::load(path).with_context(|| format!("cannot read {}", path.display()))?,
            None => Self::default(),
        };
        if store.account.is_empty() {
            store.account = ids::new_id("acct");
        }
        store.file = file;
        Ok(store)
    }

    fn load(path: &Path) -> anyhow::Result<Self> {
        match fs::read(path) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error.into()),
        }
    }

    /// Makes the present state the one that a restart finds. A reader of the file sees the old state or the new one.
    pub(crate) fn save(&mut self) -> io::Result<()> {
        self.forget_old_events();
        if self.saves_at_end {
            return Ok(());
        }
        self.write()
    }

    /// Makes the last state the one that a restart finds, where that is not done already.
    pub(crate) fn end(&self) -> io::Result<()> {
        if self.saves_at_end { self.write() } else { Ok(()) }
    }

    fn write(&self) -> io::Result<()> {
        let Some(path) = &self.file else {
            return Ok(());
        };
        let mut temporary = path.clone().into_os_string();
        temporary.push(".tmp");
        fs::write(&temporary, serde_json::to_vec(self)?)?;
        fs::rename(temporary, path)
    }

    /// Many at once, as each time costs a walk through all that is kept.
    fn forget_old_events(&mut self) {
        let excess = self.events.len().saturating_sub(EVENTS_KEPT);
        if excess < FORGOTTEN_AT_ONCE {
            return;
        }
        let open: HashSet<&str> =
            self.deliveries.values().filter(|delivery| delivery.is_open()).map(|delivery| delivery.event.as_str()).collect();
        let old: HashSet<String> = self.events.keys().take(excess).filter(|id| !open.contains(id.as_str())).cloned().collect();
        self.events.retain(|id, _| !old.contains(id));
        self.deliveries.retain(|_, delivery| !old.contains(&delivery.event));
    }

    /// The resource with this id, of whatever kind; expansion asks this.
    pub(crate) fn find(&self, id: &str) -> Option<&Value> {
        let kinds = [
            &self.products,
            &self.prices,
            &self.customers,
            &self.subscriptions,
            &self.payment_methods,
            &self.payment_intents,
            &self.invoices,
            &self.invoice_items,
            &self.coupons,
            &self.discounts,
            &self.subscription_schedules,
            &self.features,
            &self.checkout_sessions,
            &self.checkout_line_items,
        ];
        kinds.into_iter().find_map(|collection| collection.get(id))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_saved_store_opens_with_its_order() {
        let path = std::env::temp_dir().join(format!("{}.json", ids::new_id("stripe-sandbox-store")));
        let mut store = Store::open(Some(path.clone())).unwrap();
        for id in ["z", "a", "m"] {
            store.products.insert(id.into(), json!({"id": id}));
        }
        store.save().unwrap();
        let opened = Store::open(Some(path.clone())).unwrap();
        fs::remove_file(&path).unwrap();
        assert_eq!(opened.products.keys().collect::<Vec<_>>(), ["z", "a", "m"]);
        assert_eq!(opened.account, store.account);
    }

    #[test]
    fn a_damaged_file_is_named() {
        let path = std::env::temp_dir().join(format!("{}.json", ids::new_id("stripe-sandbox-damaged")));
        fs::write(&path, "{").unwrap();
        let error = Store::open(Some(path.clone())).unwrap_err();
        fs::remove_file(&path).unwrap();
        assert!(error.to_string().contains(&path.display().to_string()));
    }
}
