//! When deliveries go out, and in which order.

use std::{sync::Arc, time::Duration};

use tokio::{sync::mpsc::UnboundedReceiver, task::JoinSet, time::sleep};

use super::{
    Delivery, State,
    attempt::{backoff, once},
    order::arrange,
    settings::Order,
};
use crate::app::App;

/// Sends whatever calls put into the queue, for as long as the sandbox runs.
pub(crate) async fn run(app: Arc<App>, mut queue: UnboundedReceiver<Vec<String>>) {
    while let Some(mut batch) = queue.recv().await {
        let settings = app.delivery_settings();
        sleep(Duration::from_millis(settings.delay_ms)).await;
        while let Ok(more) = queue.try_recv() {
            batch.extend(more);
        }
        arrange(&mut batch, settings);
        send_batch(&app, batch, settings.order).await.detach_all();
        app.save_deliveries();
    }
}

/// Sends a batch and answers when all of it is delivered or given up, with how it went.
pub(crate) async fn send_and_report(app: &Arc<App>, batch: Vec<String>, order: Order) -> Vec<Delivery> {
    let ids = batch.clone();
    let task_app = Arc::clone(app);
    // A task of its own, so that a client that hangs up does not stop the batch half-way.
    let sent = tokio::spawn(async move { send_batch(&task_app, batch, order).await.join_all().await }).await;
    if let Err(error) = sent {
        eprintln!("stripe-sandbox: a batch of webhooks was not sent: {error}");
    }
    app.save_deliveries();
    let store = app.store();
    ids.iter().filter_map(|id| store.deliveries.get(id)).cloned().collect()
}

/// Makes the first attempts; what failed goes on being retried in the returned tasks and does not hold up the rest.
async fn send_batch(app: &Arc<App>, batch: Vec<String>, order: Order) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    for id in batch {
        let app = Arc::clone(app);
        if order == Order::Concurrent {
            tasks.spawn(async move {
                if once(&app, &id).await {
                    retry(app, id).await;
                }
            });
        } else if once(&app, &id).await {
            tasks.spawn(retry(app, id));
        }
    }
    tasks
}

async fn retry(app: Arc<App>, id: String) {
    let mut attempts_made = 1;
    loop {
        sleep(backoff(app.options().webhook_backoff, attempts_made)).await;
        if !once(&app, &id).await {
            app.save_deliveries();
            return;
        }
        attempts_made += 1;
    }
}

/// Waits until nothing is on its way. Held deliveries are not on their way.
pub(crate) async fn settled(app: &Arc<App>) {
    let mut changes = app.delivery_changes();
    loop {
        changes.borrow_and_update();
        let queued = app.store().deliveries.values().any(|delivery| delivery.state == State::Queued);
        if !queued || changes.changed().await.is_err() {
            return;
        }
    }
}
