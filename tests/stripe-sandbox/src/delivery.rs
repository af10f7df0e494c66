//! Webhook deliveries: which endpoint still has to take which event, and how it went.
//!
//! [`dispatch`] decides when and in which order, [`attempt`] makes the HTTP requests, [`signature`] signs them.

pub(crate) mod attempt;
pub(crate) mod dispatch;
pub(crate) mod order;
pub(crate) mod settings;
pub(crate) mod signature;
pub(crate) mod thin;

use serde::{Deserialize, Serialize};

pub(crate) use self::settings::{Mode, Settings};
use crate::{event_destinations, events::EventRecord, ids, store::Store, webhook_endpoints};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// Waits for a release.
    Held,
    /// Will be attempted, now or after a back-off.
    Queued,
    /// Answered with 2xx.
    Delivered,
    /// Given up after the last attempt.
    Failed,
    /// Never attempted.
    Dropped,
}

/// One copy of one event on its way to one endpoint.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Delivery {
    pub(crate) id: String,
    pub(crate) event: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) endpoint: String,
    pub(crate) state: State,
    pub(crate) attempts: Vec<Attempt>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Attempt {
    pub(crate) at: i64,
    pub(crate) status: Option<u16>,
    pub(crate) error: Option<String>,
}

impl Delivery {
    pub(crate) fn new(event: &EventRecord, endpoint: &str, state: State) -> Self {
        Self {
            id: ids::new_id("dlv"),
            event: event.id.clone(),
            kind: event.kind.clone(),
            endpoint: endpoint.to_owned(),
            state,
            attempts: Vec::new(),
        }
    }

    /// A duplicate with an id of its own.
    pub(crate) fn copy(&self) -> Self {
        Self { id: ids::new_id("dlv"), attempts: Vec::new(), ..self.clone() }
    }

    /// Whether something may still be sent.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.state, State::Held | State::Queued)
    }
}

/// Makes the deliveries of a new event, as the mode of the moment wants them.
pub(crate) fn plan(store: &mut Store, settings: Settings, event: &EventRecord) {
    let (state, copies) = match settings.mode {
        Mode::Deliver => (State::Queued, 1 + settings.duplicates),
        // A release says how many copies go out.
        Mode::Hold => (State::Held, 1),
        Mode::Drop => (State::Dropped, 1),
    };
    let ids = add(store, event, state, copies);
    if state == State::Queued {
        store.fresh.extend(ids);
    }
}

/// Adds copies of a delivery for every endpoint that listens to the event now.
pub(crate) fn add(store: &mut Store, event: &EventRecord, state: State, copies: usize) -> Vec<String> {
    let mut ids = Vec::new();
    let snapshot = webhook_endpoints::listening(store, &event.kind);
    let thin = event_destinations::listening(store, &event.kind);
    for endpoint in snapshot.into_iter().chain(thin) {
        for _ in 0..copies {
            let delivery = Delivery::new(event, &endpoint, state);
            ids.push(delivery.id.clone());
            store.deliveries.insert(delivery.id.clone(), delivery);
        }
    }
    ids
}

/// Endpoints that were to get the event and have not taken any copy of it.
pub(crate) fn pending_endpoints(store: &Store, event: &str) -> usize {
    let mut waiting: Vec<&str> = Vec::new();
    let mut taken: Vec<&str> = Vec::new();
    for delivery in store.deliveries.values().filter(|delivery| delivery.event == event) {
        if delivery.state == State::Delivered {
            taken.push(&delivery.endpoint);
        } else {
            waiting.push(&delivery.endpoint);
        }
    }
    waiting.sort_unstable();
    waiting.dedup();
    waiting.iter().filter(|endpoint| !taken.contains(endpoint)).count()
}
