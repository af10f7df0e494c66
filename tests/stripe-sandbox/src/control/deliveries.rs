//! Holding, releasing, resending and watching webhooks.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, State as Shared, rejection::JsonRejection},
    response::IntoResponse,
    routing::{get, post, put},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::ControlError;
use crate::{
    app::App,
    delivery::{self, Delivery, Settings, State, dispatch, order::arrange, settings::Order},
    error::ApiError,
    store::Store,
};

pub(crate) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/_sandbox/delivery", put(set).get(show))
        .route("/_sandbox/delivery/release", post(release))
        .route("/_sandbox/deliveries", get(list))
        .route("/_sandbox/events/{id}/resend", post(resend))
        .route("/_sandbox/settle", post(settle))
}

async fn show(Shared(app): Shared<Arc<App>>) -> Json<Settings> {
    Json(app.delivery_settings())
}

async fn set(Shared(app): Shared<Arc<App>>, settings: Result<Json<Settings>, JsonRejection>) -> Result<Json<Settings>, ControlError> {
    let Json(settings) = settings?;
    app.set_delivery_settings(settings);
    Ok(Json(settings))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Release {
    /// Event ids; only these are released. All held events where absent.
    order: Option<Vec<String>>,
    /// Extra copies of each.
    duplicates: usize,
}

/// An empty body is an empty object.
pub(super) fn optional<T: Default + serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, ControlError> {
    if body.is_empty() {
        return Ok(T::default());
    }
    serde_json::from_slice(body).map_err(|error| ApiError::invalid(format!("Invalid JSON body: {error}")).into())
}

async fn release(Shared(app): Shared<Arc<App>>, body: axum::body::Bytes) -> Result<Json<Value>, ControlError> {
    let release: Release = optional(&body)?;
    let settings = app.delivery_settings();
    let batch = {
        let mut store = app.store();
        let mut batch = match &release.order {
            Some(events) => named(&store, events)?,
            None => held(&store, None),
        };
        if release.order.is_none() {
            arrange(&mut batch, settings);
        }
        let batch = queue(&mut store, batch, release.duplicates);
        app.commit_call(&mut store)?;
        batch
    };
    let sent = dispatch::send_and_report(&app, batch, settings.order).await;
    Ok(report(&sent))
}

fn held(store: &Store, event: Option<&str>) -> Vec<String> {
    let wanted = |delivery: &&Delivery| delivery.state == State::Held && event.is_none_or(|event| delivery.event == event);
    store.deliveries.values().filter(wanted).map(|delivery| delivery.id.clone()).collect()
}

fn named(store: &Store, events: &[String]) -> Result<Vec<String>, ApiError> {
    let mut batch = Vec::new();
    for event in events {
        let found = held(store, Some(event));
        if found.is_empty() {
            return Err(ApiError::no_such_param("held event", event, "order"));
        }
        batch.extend(found);
    }
    Ok(batch)
}

/// Marks held deliveries as on their way, each followed by its copies.
fn queue(store: &mut Store, batch: Vec<String>, duplicates: usize) -> Vec<String> {
    let mut queued = Vec::new();
    for id in batch {
        let Some(delivery) = store.deliveries.get_mut(&id) else {
            continue;
        };
        delivery.state = State::Queued;
        let delivery = delivery.clone();
        queued.push(id);
        for _ in 0..duplicates {
            let copy = delivery.copy();
            queued.push(copy.id.clone());
            store.deliveries.insert(copy.id.clone(), copy);
        }
    }
    queued
}

/// Sends an event again to whoever listens to it now, whatever the mode.
async fn resend(Shared(app): Shared<Arc<App>>, Path(id): Path<String>) -> Result<Json<Value>, ControlError> {
    let batch = {
        let mut store = app.store();
        let event = store.events.get(&id).cloned().ok_or_else(|| ApiError::no_such("event", &id))?;
        let batch = delivery::add(&mut store, &event, State::Queued, 1);
        app.commit_call(&mut store)?;
        batch
    };
    let sent = dispatch::send_and_report(&app, batch, Order::Fifo).await;
    Ok(report(&sent))
}

/// All deliveries, oldest first.
async fn list(Shared(app): Shared<Arc<App>>) -> Json<Value> {
    let deliveries: Vec<Delivery> = app.store().deliveries.values().cloned().collect();
    report(&deliveries)
}

fn report(deliveries: &[Delivery]) -> Json<Value> {
    Json(json!({"deliveries": deliveries}))
}

async fn settle(Shared(app): Shared<Arc<App>>) -> impl IntoResponse {
    dispatch::settled(&app).await;
    super::done()
}
