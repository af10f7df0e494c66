//! `/p/session/{id}`: the customer portal.

use std::sync::Arc;

use axum::{
    Form, Router,
    extract::{Path, State},
    http::StatusCode,
    response::Response,
    routing::get,
};
use serde::Deserialize;
use serde_json::Value;

use super::{
    Answer, Id,
    cards::{self, Card},
    html, leave, page, row, status_of,
};
use crate::{
    app::App,
    error::ApiError,
    outside, portal,
    present::{present, text},
    store::Store,
    subscriptions::items_of,
};

pub(super) fn router() -> Router<Arc<App>> {
    Router::new().route("/p/session/{id}", get(show).post(submit))
}

#[derive(Debug, Default, Deserialize)]
struct Submitted {
    #[serde(default)]
    card: Card,
}

async fn show(State(app): State<Arc<App>>, Path(id): Id) -> Answer {
    let session = outside::look(&app, |call| portal::find(call, &id))?;
    let due = due(&app, &session);
    Ok(form(&app.store(), &session, due, None))
}

async fn submit(State(app): State<Arc<App>>, Path(id): Id, Form(submitted): Form<Submitted>) -> Answer {
    match outside::change(&app, |call| portal::confirm(call, &id, submitted.card)) {
        Ok(session) => Ok(after(&session)),
        Err(error) => {
            let session = outside::look(&app, |call| portal::find(call, &id))?;
            Ok(form(&app.store(), &session, None, Some(&error)))
        }
    }
}

/// What the change costs now, in text; none where nothing is known of it.
fn due(app: &Arc<App>, session: &Value) -> Option<String> {
    let invoice = outside::look(app, |call| portal::preview(call, session)).ok()?;
    Some(html::money(invoice["amount_due"].as_i64()?, invoice["currency"].as_str()?))
}

fn after(session: &Value) -> Response {
    let after = &session["flow"]["after_completion"];
    let redirect = after["redirect"]["return_url"].as_str().filter(|_| after["type"] == "redirect");
    if let Some(url) = redirect {
        return leave(url);
    }
    let message = after["hosted_confirmation"]["custom_message"].as_str().unwrap_or("Your change is done.");
    match session["return_url"].as_str() {
        Some(url) if after["type"] == "portal_homepage" => leave(url),
        url => page(StatusCode::OK, "Done", &format!("<h1>{}</h1>{}", html::escape(message), html::link("Back", url))),
    }
}

fn form(store: &Store, session: &Value, due: Option<String>, problem: Option<&ApiError>) -> Response {
    let back = html::link("Back", session["return_url"].as_str());
    let (title, content) = match text(&session["flow"], "type") {
        "subscription_update_confirm" => ("Confirm your update", update(store, &session["flow"]["subscription_update_confirm"], due)),
        "payment_method_update" => ("Change your payment method", format!("{}<button>Save</button>", cards::select())),
        _ => ("Your subscriptions", homepage(store, text(session, "customer"))),
    };
    let body = format!("<h1>{title}</h1>{}<form method=\"post\">{content}</form>{back}", html::alert(problem));
    page(status_of(problem), title, &body)
}

fn update(store: &Store, update: &Value, due: Option<String>) -> String {
    let subscription = store.subscriptions.get(text(update, "subscription")).map(|subscription| present(store, subscription));
    let now: String = subscription.as_ref().map(|s| items_of(s).iter().map(|item| row(store, item)).collect()).unwrap_or_default();
    let next: String = update["items"].as_array().into_iter().flatten().map(|item| row(store, item)).collect();
    let due = due.map(|due| format!("<tfoot><tr><th scope=\"row\">Due today</th><td>{due}</td></tr></tfoot>")).unwrap_or_default();
    format!(
        "<h2>Now</h2><table><tbody>{now}</tbody></table><h2>Then</h2><table><tbody>{next}</tbody>{due}</table>\
         <button>Confirm</button>"
    )
}

fn homepage(store: &Store, customer: &str) -> String {
    let subscriptions = store.subscriptions.values().filter(|subscription| subscription["customer"] == *customer);
    let rows: String = subscriptions.flat_map(items_of).map(|item| row(store, item)).collect();
    format!("<table><tbody>{rows}</tbody></table>")
}
