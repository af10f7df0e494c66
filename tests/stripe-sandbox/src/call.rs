//! One API call as a resource sees it, and the routes that lead to it.
//!
//! Handlers are plain functions over the store: they read all parameters, refuse, then change. So a refused call
//! changes nothing, and no call sees another half done.

use std::sync::Arc;

use axum::{
    extract::{RawPathParams, Request, State},
    routing::{self, MethodRouter},
};
use serde_json::Value;

use crate::{
    app::App, delivery::Settings, error::ApiError, events, params::Params, pipeline, present::present, store::Store, version::ApiVersion,
};

/// What caused an event; both ids are null for what Stripe does by itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct Origin {
    pub(crate) request_id: Option<String>,
    pub(crate) idempotency_key: Option<String>,
}

#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) store: &'a mut Store,
    pub(crate) params: Params,
    /// The values of the route's `{…}`, in order.
    pub(crate) path_ids: Vec<String>,
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) now: i64,
    pub(crate) version: ApiVersion,
    pub(crate) origin: Origin,
    pub(crate) delivery: Settings,
}

pub(crate) type Handler = fn(&mut Call<'_>) -> Result<Value, ApiError>;

impl Call<'_> {
    /// The id in the URL.
    pub(crate) fn id(&self) -> String {
        self.path_ids.first().cloned().unwrap_or_default()
    }

    pub(crate) fn take_params(&mut self) -> Params {
        std::mem::take(&mut self.params)
    }

    /// For calls without parameters of their own (`expand` is taken before).
    pub(crate) fn no_params(&mut self) -> Result<(), ApiError> {
        self.take_params().finish()
    }

    pub(crate) fn emit(&mut self, kind: &str, object: &Value) {
        let object = present(self.store, object);
        events::record(self, kind, object, None);
    }

    /// Emits an update, unless nothing changed: Stripe is silent then.
    pub(crate) fn emit_update(&mut self, kind: &str, before: &Value, after: &Value) {
        if before != after {
            let (before, after) = (present(self.store, before), present(self.store, after));
            events::record(self, kind, after, Some(before));
        }
    }
}

pub(crate) fn get(handler: Handler) -> MethodRouter<Arc<App>> {
    routing::get(move |app: State<Arc<App>>, path: RawPathParams, request: Request| pipeline::run(app.0, handler, ids_of(&path), request))
}

pub(crate) fn post(handler: Handler) -> MethodRouter<Arc<App>> {
    routing::post(move |app: State<Arc<App>>, path: RawPathParams, request: Request| pipeline::run(app.0, handler, ids_of(&path), request))
}

pub(crate) fn delete(handler: Handler) -> MethodRouter<Arc<App>> {
    routing::delete(move |app: State<Arc<App>>, path: RawPathParams, request: Request| {
        pipeline::run(app.0, handler, ids_of(&path), request)
    })
}

fn ids_of(path: &RawPathParams) -> Vec<String> {
    path.iter().map(|(_, value)| value.to_owned()).collect()
}
