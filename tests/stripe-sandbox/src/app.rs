//! What all requests share.

use std::{
    collections::HashSet,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::Context;
use tokio::sync::{
    mpsc::{self, UnboundedReceiver, UnboundedSender},
    watch,
};

use crate::{
    delivery::{
        Settings, State,
        attempt::{HttpClient, client},
    },
    error::ApiError,
    faults::Faults,
    request_log::RequestLog,
    store::Store,
};

/// How a sandbox is to run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where the state lives; without a file it ends with the process.
    pub data: Option<PathBuf>,
    /// Attempts in all, the first included.
    pub webhook_attempts: usize,
    /// Before the second attempt; doubled before each further one.
    pub webhook_backoff: Duration,
    /// For one attempt.
    pub webhook_timeout: Duration,
    /// Without Stripe's limit on new invoices per subscription.
    pub without_invoice_limits: bool,
    /// The file is written when the sandbox stops, and not after every change: to make much of a past in a short time.
    pub saves_at_end: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            data: None,
            webhook_attempts: 5,
            webhook_backoff: Duration::from_millis(100),
            webhook_timeout: Duration::from_secs(10),
            without_invoice_limits: false,
            saves_at_end: false,
        }
    }
}

#[derive(Debug)]
pub(crate) struct App {
    options: Options,
    store: Mutex<Store>,
    settings: Mutex<Settings>,
    faults: Mutex<Faults>,
    log: Mutex<RequestLog>,
    latency: Mutex<Duration>,
    in_flight: Mutex<HashSet<String>>,
    queue: UnboundedSender<Vec<String>>,
    changes: watch::Sender<()>,
    client: HttpClient,
}

impl App {
    /// The shared state and the queue that [`crate::delivery::dispatch::run`] empties. What an earlier run left
    /// undelivered is in the queue already.
    pub(crate) fn open(options: Options) -> anyhow::Result<(Arc<Self>, UnboundedReceiver<Vec<String>>)> {
        let mut store = Store::open(options.data.clone())?;
        store.without_invoice_limits = options.without_invoice_limits;
        let queued = |id: &String| store.deliveries[id].state == State::Queued;
        store.fresh = store.deliveries.keys().filter(|id| queued(id)).cloned().collect();
        let (queue, receiver) = mpsc::unbounded_channel();
        let app = Self {
            options,
            store: Mutex::default(),
            settings: Mutex::default(),
            faults: Mutex::default(),
            log: Mutex::default(),
            latency: Mutex::default(),
            in_flight: Mutex::default(),
            queue,
            changes: watch::Sender::default(),
            client: client(),
        };
        app.commit(&mut store).context("cannot write the data file")?;
        store.saves_at_end = app.options.saves_at_end;
        *app.store() = store;
        Ok((Arc::new(app), receiver))
    }

    pub(crate) fn options(&self) -> &Options {
        &self.options
    }

    pub(crate) fn client(&self) -> &HttpClient {
        &self.client
    }

    pub(crate) fn store(&self) -> MutexGuard<'_, Store> {
        lock(&self.store)
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults> {
        lock(&self.faults)
    }

    pub(crate) fn log(&self) -> MutexGuard<'_, RequestLog> {
        lock(&self.log)
    }

    pub(crate) fn in_flight(&self) -> MutexGuard<'_, HashSet<String>> {
        lock(&self.in_flight)
    }

    /// How long every call takes.
    pub(crate) fn latency(&self) -> Duration {
        *lock(&self.latency)
    }

    pub(crate) fn set_latency(&self, latency: Duration) {
        *lock(&self.latency) = latency;
    }

    pub(crate) fn delivery_settings(&self) -> Settings {
        *lock(&self.settings)
    }

    pub(crate) fn set_delivery_settings(&self, settings: Settings) {
        *lock(&self.settings) = settings;
    }

    /// Wakes whenever a delivery got on: see [`crate::delivery::dispatch::settled`].
    pub(crate) fn delivery_changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// Ends a change: saved first, so that no webhook tells of something a restart would forget.
    pub(crate) fn commit(&self, store: &mut Store) -> Result<(), std::io::Error> {
        let fresh = std::mem::take(&mut store.fresh);
        let saved = store.save();
        if !fresh.is_empty() && self.queue.send(fresh).is_err() {
            eprintln!("stripe-sandbox: the dispatcher has stopped; webhooks stay undelivered");
        }
        saved
    }

    /// As [`Self::commit`], for calls of the API.
    pub(crate) fn commit_call(&self, store: &mut Store) -> Result<(), ApiError> {
        self.commit(store).map_err(|error| ApiError::internal(format!("The state could not be saved: {error}")))
    }

    /// Tells those who wait that a delivery got on.
    pub(crate) fn delivery_changed(&self) {
        self.changes.send_replace(());
    }

    /// Saves the outcomes of a batch of deliveries. Not one by one, which would write the whole file for each; a
    /// delivery whose outcome is lost goes out again, as at Stripe.
    pub(crate) fn save_deliveries(&self) {
        if let Err(error) = self.commit(&mut self.store()) {
            eprintln!("stripe-sandbox: the state could not be saved: {error}");
        }
    }
}

/// A panic in another request must not take the sandbox down with it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
