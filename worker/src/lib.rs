//! Upcue at the edge.
//!
//! A request comes in through [`http`], is authorised in [`auth`], handled by one file of [`routes`], and reaches state only
//! by a typed call ([`rpc`]) to one of two kinds of Durable Objects ([`objects`]): one per tenant, one per app. [`stripe`]
//! speaks to Stripe. [`host`] is the only place that asks for time and randomness. What to decide is the engine's business.
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![warn(clippy::disallowed_methods)]

mod auth;
mod fault;
mod hook;
mod hook_events;
mod host;
mod http;
mod letters;
mod log;
mod mail;
mod mjml;
mod objects;
mod people;
mod problem;
mod rates;
mod routes;
mod rpc;
mod stripe;
mod zones;

use worker::{Context, Env, Request, Response, event};

#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

#[event(fetch)]
async fn fetch(req: Request, env: Env, _ctx: Context) -> worker::Result<Response> {
    http::serve(req, env).await
}
