//! Which address does what.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router, middleware};
use serde::Deserialize;
use serde_json::Value;

use crate::Serve;
use crate::billing::{Billing, Standing, Wish};
use crate::cards::Card;
use crate::client::Client;
use crate::error::Problem;
use crate::metering::Metering;
use crate::pages::{self, Policy};
use crate::session::{Session, Sessions, default_user};
use crate::tokens::{Role, Tokens};

/// The tenant that everybody in the demo works for.
const TENANT: &str = "acme";

#[derive(Debug)]
struct Backend {
    sessions: Sessions,
    metering: Metering,
    billing: Billing,
}

pub(crate) fn app(Serve { pages, nimbus, .. }: Serve) -> anyhow::Result<Router> {
    let client = Client::new();
    let policy = Arc::new(Policy::new(&nimbus.worker)?);
    let pages = pages::service(&pages);
    let tokens = Tokens::new(nimbus.app, nimbus.kid, &nimbus.signing_secret)?;
    let backend = Backend {
        metering: Metering::new(client.clone(), &nimbus.worker, nimbus.secret_key, TENANT),
        billing: Billing::new(client, nimbus.stripe, nimbus.stripe_key, TENANT),
        sessions: Sessions::new(nimbus.worker, tokens, TENANT),
    };
    Ok(Router::new()
        .route("/api/session", get(session))
        .route("/api/usage", post(usage))
        .route("/api/stripe", get(standing))
        .route("/api/stripe/plan", post(change_plan))
        .route("/api/stripe/card", post(change_card))
        .route("/api/{*rest}", get(no_such_address).post(no_such_address))
        .with_state(Arc::new(backend))
        .fallback_service(pages)
        .layer(middleware::map_response_with_state(policy, pages::secure)))
}

#[derive(Debug, Deserialize)]
struct Visitor {
    user: Option<String>,
    #[serde(default)]
    role: Role,
}

/// A real back end knows its user from a cookie; in the demo everybody is who they say they are.
async fn session(State(backend): State<Arc<Backend>>, Query(visitor): Query<Visitor>) -> Result<Json<Session>, Problem> {
    let user = visitor.user.unwrap_or_else(|| default_user(visitor.role).to_owned());
    backend.sessions.open(&user, visitor.role).map(Json)
}

#[derive(Debug, Deserialize)]
struct Usage {
    meter: String,
    value: u64,
}

async fn usage(State(backend): State<Arc<Backend>>, Json(usage): Json<Usage>) -> Result<(StatusCode, Json<Value>), Problem> {
    backend.metering.count(&usage.meter, usage.value).await.map(|answer| (StatusCode::ACCEPTED, Json(answer)))
}

async fn standing(State(backend): State<Arc<Backend>>) -> Result<Json<Standing>, Problem> {
    backend.billing.standing().await.map(Json)
}

async fn change_plan(State(backend): State<Arc<Backend>>, Json(wish): Json<Wish>) -> Result<Json<Standing>, Problem> {
    backend.billing.change(&wish).await?;
    backend.billing.standing().await.map(Json)
}

#[derive(Debug, Deserialize)]
struct Payment {
    card: Card,
}

async fn change_card(State(backend): State<Arc<Backend>>, Json(payment): Json<Payment>) -> Result<Json<Standing>, Problem> {
    backend.billing.pay_with(payment.card).await?;
    backend.billing.standing().await.map(Json)
}

async fn no_such_address() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "not_found", "the demo has no such address")
}
