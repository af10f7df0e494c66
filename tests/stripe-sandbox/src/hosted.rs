//! The pages that Stripe hosts, for people and browser tests: Checkout, the customer portal and the invoice page.
//!
//! Plain forms without scripts. Each page does through a form what a control call does through JSON.

pub(crate) mod cards;
mod checkout;
mod html;
mod invoice;
mod portal;

use std::sync::Arc;

use axum::{
    Router,
    extract::Path,
    http::StatusCode,
    response::{Html, IntoResponse, Redirect, Response},
};
use serde_json::Value;

use crate::{app::App, error::ApiError, present::text, store::Store};

pub(crate) fn router() -> Router<Arc<App>> {
    checkout::router().merge(invoice::router()).merge(portal::router())
}

/// What a page answers.
type Answer = Result<Response, PageError>;

/// An error as a person should see it.
struct PageError(ApiError);

impl From<ApiError> for PageError {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let body = format!("<h1>Something went wrong</h1>{}", html::alert(Some(&self.0)));
        page(self.0.status, "Something went wrong", &body)
    }
}

fn page(status: StatusCode, title: &str, body: &str) -> Response {
    (status, Html(html::document(title, body))).into_response()
}

/// A page that is shown again with a problem has that problem's status, for programs to see.
fn status_of(problem: Option<&ApiError>) -> StatusCode {
    problem.map_or(StatusCode::OK, |problem| problem.status)
}

/// To the caller's own page, by `GET`.
fn leave(url: &str) -> Response {
    Redirect::to(url).into_response()
}

/// `49.00 EUR per month`
fn price_text(store: &Store, price: &str, quantity: i64) -> String {
    let Some(price) = store.prices.get(price) else {
        return String::new();
    };
    let amount = price["unit_amount"].as_i64().unwrap_or_default().saturating_mul(quantity);
    let money = html::money(amount, text(price, "currency"));
    match (text(&price["recurring"], "interval"), price["recurring"]["interval_count"].as_i64()) {
        ("", _) => money,
        (interval, Some(1) | None) => format!("{money} per {interval}"),
        (interval, Some(count)) => format!("{money} every {count} {interval}s"),
    }
}

fn product_name<'a>(store: &'a Store, price: &str) -> &'a str {
    let product = store.prices.get(price).and_then(|price| store.products.get(text(price, "product")));
    product.map_or("", |product| text(product, "name"))
}

/// A row of a page: what, how many, for how much.
fn row(store: &Store, item: &Value) -> String {
    let price = item["price"]["id"].as_str().or_else(|| item["price"].as_str()).unwrap_or_default();
    let quantity = item["quantity"].as_i64().unwrap_or(1);
    let name = html::escape(product_name(store, price));
    let times = if quantity == 1 { String::new() } else { format!(" × {quantity}") };
    format!("<tr><th scope=\"row\">{name}{times}</th><td>{}</td></tr>", html::escape(&price_text(store, price, quantity)))
}

type Id = Path<String>;
