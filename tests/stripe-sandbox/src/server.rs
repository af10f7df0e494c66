//! Puts the parts together and serves them.

use std::{future::Future, sync::Arc, time::Duration};

use anyhow::Context;
use axum::{
    Json, Router,
    extract::{Request, State},
    routing::get,
};
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    sync::{mpsc::UnboundedReceiver, oneshot},
    time::timeout,
};

use crate::{
    account,
    app::{App, Options},
    checkout, control, coupons, customers,
    delivery::dispatch,
    entitlements, event_destinations, events, hosted, invoice_items, invoices, meters, payment_intents, payment_methods, pipeline, portal,
    prices, products, subscription_items, subscription_schedules, subscriptions, webhook_endpoints,
};

/// How long open requests may take to end once the sandbox is told to stop.
const GRACE: Duration = Duration::from_secs(1);

/// A sandbox with its state loaded, ready to serve.
#[derive(Debug)]
pub struct Sandbox {
    app: Arc<App>,
    queue: UnboundedReceiver<Vec<String>>,
}

impl Sandbox {
    /// Loads the state. Fails where the data file cannot be read or written.
    pub fn open(options: Options) -> anyhow::Result<Self> {
        let (app, queue) = App::open(options)?;
        Ok(Self { app, queue })
    }

    /// Serves until `stop` resolves. Whatever was answered is saved by then.
    pub async fn serve(self, listener: TcpListener, stop: impl Future<Output = ()>) -> anyhow::Result<()> {
        self.app.store().base_url = format!("http://{}", listener.local_addr()?);
        let dispatcher = tokio::spawn(dispatch::run(Arc::clone(&self.app), self.queue));
        let (stopping, stopped) = oneshot::channel::<()>();
        let graceful = axum::serve(listener, router(Arc::clone(&self.app))).with_graceful_shutdown(async {
            // An error means that the sender is gone, which is a reason to stop too.
            let _ = stopped.await;
        });
        let mut server = tokio::spawn(graceful.into_future());
        tokio::select! {
            ended = &mut server => ended??,
            () = stop => {
                let _ = stopping.send(());
                // A request held by a fault or by `settle` must not keep the process alive.
                if let Ok(ended) = timeout(GRACE, &mut server).await {
                    ended??;
                }
            }
        }
        dispatcher.abort();
        self.app.store().end().context("cannot write the data file")
    }
}

fn router(app: Arc<App>) -> Router {
    Router::new()
        .merge(account::router())
        .merge(checkout::router())
        .merge(coupons::router())
        .merge(customers::router())
        .merge(invoice_items::router())
        .merge(invoices::router())
        .merge(payment_intents::router())
        .merge(payment_methods::router())
        .merge(entitlements::router())
        .merge(event_destinations::router())
        .merge(events::router())
        .merge(hosted::router())
        .merge(meters::router())
        .merge(portal::router())
        .merge(prices::router())
        .merge(products::router())
        .merge(subscription_items::router())
        .merge(subscription_schedules::router())
        .merge(subscriptions::router())
        .merge(webhook_endpoints::router())
        .merge(control::router())
        .route("/healthz", get(healthz))
        .fallback(unrecognized)
        .method_not_allowed_fallback(unrecognized)
        .with_state(app)
}

async fn unrecognized(State(app): State<Arc<App>>, request: Request) -> axum::response::Response {
    pipeline::run(app, pipeline::unrecognized, Vec::new(), request).await
}

async fn healthz() -> Json<Value> {
    Json(json!({"ok": true}))
}
