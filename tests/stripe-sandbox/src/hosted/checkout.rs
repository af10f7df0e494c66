//! `/c/pay/{id}`: the page of a Checkout session.

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
    cards::{self, Action, Card},
    html, leave, page, row, status_of,
};
use crate::{app::App, checkout, error::ApiError, outside, present::text, store::Store};

pub(super) fn router() -> Router<Arc<App>> {
    Router::new().route("/c/pay/{id}", get(show).post(submit))
}

#[derive(Debug, Deserialize)]
struct Submitted {
    action: Action,
    #[serde(default)]
    card: Card,
    #[serde(default)]
    email: String,
}

async fn show(State(app): State<Arc<App>>, Path(id): Id) -> Answer {
    let session = outside::look(&app, |call| checkout::open(call, &id))?;
    Ok(form(&app.store(), &session, "", None))
}

async fn submit(State(app): State<Arc<App>>, Path(id): Id, Form(submitted): Form<Submitted>) -> Answer {
    let session = outside::look(&app, |call| checkout::open(call, &id))?;
    if submitted.action == Action::Pay && submitted.card == Card::NeedsAuthentication {
        return Ok(challenge(&session, &submitted.email));
    }
    let email = Some(submitted.email.as_str()).filter(|email| !email.is_empty());
    let paid = if submitted.action == Action::Refuse {
        Err(cards::unauthenticated())
    } else {
        outside::change(&app, |call| checkout::complete(call, &id, submitted.card, email))
    };
    match paid {
        Ok(session) => Ok(leave(&text(&session, "success_url").replace("{CHECKOUT_SESSION_ID}", &id))),
        Err(error) => Ok(form(&app.store(), &session, &submitted.email, Some(&error))),
    }
}

/// After a problem, the customer may try another card on the same page.
fn form(store: &Store, session: &Value, email: &str, problem: Option<&ApiError>) -> Response {
    let rows: String = checkout::line_items(store, text(session, "id")).iter().map(|line| row(store, line)).collect();
    let total = html::money(session["amount_total"].as_i64().unwrap_or_default(), text(session, "currency"));
    let asks_email = session["customer"].is_null() && session["customer_email"].is_null();
    let email = if asks_email { email_field(email) } else { String::new() };
    let body = format!(
        "<h1>Subscribe</h1>{}<table><tbody>{rows}</tbody>\
         <tfoot><tr><th scope=\"row\">Due today</th><td>{total}</td></tr></tfoot></table>\
         <form method=\"post\">{email}{}<button name=\"action\" value=\"pay\">Pay</button></form>{}",
        html::alert(problem),
        cards::select(),
        html::link("Cancel", session["cancel_url"].as_str()),
    );
    page(status_of(problem), "Checkout", &body)
}

fn email_field(email: &str) -> String {
    format!(
        "<label for=\"email\">Email</label>\
         <input id=\"email\" name=\"email\" type=\"email\" autocomplete=\"email\" value=\"{}\" required>",
        html::escape(email)
    )
}

fn challenge(session: &Value, email: &str) -> Response {
    let total = html::money(session["amount_total"].as_i64().unwrap_or_default(), text(session, "currency"));
    let hidden = format!("<input type=\"hidden\" name=\"email\" value=\"{}\">", html::escape(email));
    page(StatusCode::OK, "3-D Secure", &cards::challenge(&total, &hidden))
}
