//! A native double of the parts of Stripe that Upcue uses, for the demo and for tests.
//!
//! In: the resources, shapes per API version, errors, pages, expansion, idempotency, events and signed webhooks that
//! an integration can observe, and a control API to make time, order and failure testable.
//! Out: money. No invoice is made and no payment attempted; see the README for the whole list.
//!
//! Reading order: [`pipeline`] is what every call passes through, [`products`] a typical resource, [`delivery`] the
//! way of an event to its endpoint.

mod account;
mod app;
mod auth;
mod call;
mod clock;
mod control;
mod customers;
mod delivery;
mod error;
mod events;
mod expand;
mod faults;
mod form;
mod idempotency;
mod ids;
mod incoming;
mod metadata;
mod pages;
mod params;
mod pipeline;
mod present;
mod prices;
mod products;
mod reply;
mod request_log;
mod resource;
mod server;
mod store;
mod subscription_items;
mod subscriptions;
mod version;
mod webhook_endpoints;

pub use app::Options;
pub use server::Sandbox;
