//! `/i/{invoice}`: the page of an open invoice, where its payment can be authenticated.

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
    html, page, status_of,
};
use crate::{app::App, error::ApiError, outside, present::text, resource::lookup};

pub(super) fn router() -> Router<Arc<App>> {
    Router::new().route("/i/{id}", get(show).post(submit))
}

#[derive(Debug, Deserialize)]
struct Submitted {
    action: Action,
    #[serde(default)]
    card: Card,
}

async fn show(State(app): State<Arc<App>>, Path(id): Id) -> Answer {
    let invoice = lookup(&app.store().invoices, "invoice", &id)?;
    Ok(form(&invoice, None))
}

async fn submit(State(app): State<Arc<App>>, Path(id): Id, Form(submitted): Form<Submitted>) -> Answer {
    let invoice = lookup(&app.store().invoices, "invoice", &id)?;
    if submitted.action == Action::Pay && submitted.card == Card::NeedsAuthentication {
        return Ok(page(StatusCode::OK, "3-D Secure", &cards::challenge(&due(&invoice), "")));
    }
    let paid = if submitted.action == Action::Refuse {
        Err(cards::unauthenticated())
    } else {
        // An attempt that fails is one all the same: it is counted and told of.
        outside::change(&app, |call| Ok(cards::pay(call, &id, Some(submitted.card))))?
    };
    match paid {
        Ok(invoice) => Ok(form(&invoice, None)),
        Err(error) => Ok(form(&invoice, Some(&error))),
    }
}

fn due(invoice: &Value) -> String {
    html::money(invoice["amount_remaining"].as_i64().unwrap_or_default(), text(invoice, "currency"))
}

fn form(invoice: &Value, problem: Option<&ApiError>) -> Response {
    let line = |line: &Value| {
        let amount = html::money(line["amount"].as_i64().unwrap_or_default(), text(line, "currency"));
        format!("<tr><th scope=\"row\">{}</th><td>{amount}</td></tr>", html::escape(text(line, "description")))
    };
    let lines: String = invoice["lines"]["data"].as_array().into_iter().flatten().map(line).collect();
    let title = format!("Invoice {}", html::escape(text(invoice, "number")));
    let pay = match text(invoice, "status") {
        "open" => format!("<form method=\"post\">{}<button name=\"action\" value=\"pay\">Pay</button></form>", cards::select()),
        other => format!("<p role=\"status\">This invoice is {}.</p>", html::escape(other)),
    };
    let body = format!(
        "<h1>{title}</h1>{}<table><tbody>{lines}</tbody>\
         <tfoot><tr><th scope=\"row\">Due</th><td>{}</td></tr></tfoot></table>{pay}",
        html::alert(problem),
        due(invoice),
    );
    page(status_of(problem), &title, &body)
}
