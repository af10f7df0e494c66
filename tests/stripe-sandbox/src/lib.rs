//! A native double of the parts of Stripe that Upcue uses, for the demo and for tests.
//!
//! In: the resources, shapes per API version, errors, pages, expansion, idempotency, events and signed webhooks that
//! an integration can observe, and a control API to make time, order and failure testable.
//! Out: time. Nothing happens by itself; see the README for the whole list.
//!
//! Reading order: [`pipeline`] is what every call passes through, [`products`] a typical resource, [`delivery`] the
//! way of an event to its endpoint, [`billing`] the way of money.

mod account;
mod app;
mod auth;
mod billing;
mod call;
mod checkout;
mod clock;
mod control;
mod coupons;
mod customers;
mod delivery;
mod entitlements;
mod error;
mod event_destinations;
mod events;
mod expand;
mod faults;
mod form;
mod hosted;
mod idempotency;
mod ids;
mod incoming;
mod invoice_items;
mod invoices;
mod json_body;
mod metadata;
mod meters;
mod outside;
mod pages;
mod params;
mod payment_intents;
mod payment_methods;
mod pipeline;
mod portal;
mod present;
mod prices;
mod products;
mod reply;
mod request_log;
mod resource;
mod server;
mod store;
mod subscription_items;
mod subscription_schedules;
mod subscriptions;
mod test_cards;
mod version;
mod webhook_endpoints;

pub use app::Options;
pub use server::Sandbox;
