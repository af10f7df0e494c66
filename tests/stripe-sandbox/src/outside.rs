//! Changes that no API request makes: a customer on a hosted page, or a test through the control API.

use std::sync::Arc;

use serde_json::Value;

use crate::{
    app::App,
    call::{Call, Handler, Origin},
    clock,
    error::ApiError,
    json_body,
    params::Params,
    store::Store,
    version::ApiVersion,
};

/// Makes a change as a whole or not at all. Its events carry no request, as at Stripe.
pub(crate) fn change<T>(app: &Arc<App>, act: impl FnOnce(&mut Call<'_>) -> Result<T, ApiError>) -> Result<T, ApiError> {
    let mut store = app.store();
    // One page makes several API calls' worth of changes, of which a later one may be refused.
    let before = store.clone();
    match act(&mut call(app, &mut store)) {
        Ok(done) => {
            app.commit_call(&mut store)?;
            Ok(done)
        }
        Err(error) => {
            *store = before;
            Err(error)
        }
    }
}

/// Makes many small changes, each of which is whole by itself: what is refused in the middle leaves those before it.
pub(crate) fn changes(app: &Arc<App>, act: impl FnOnce(&mut Call<'_>) -> Result<(), ApiError>) -> Result<(), ApiError> {
    let mut store = app.store();
    let done = act(&mut call(app, &mut store));
    app.commit_call(&mut store)?;
    done
}

/// Looks at what a change would change, without making one.
pub(crate) fn look<T>(app: &Arc<App>, at: impl FnOnce(&mut Call<'_>) -> Result<T, ApiError>) -> Result<T, ApiError> {
    at(&mut call(app, &mut app.store()))
}

fn call<'a>(app: &App, store: &'a mut Store) -> Call<'a> {
    Call {
        store,
        params: Params::default(),
        path_ids: Vec::new(),
        method: "POST".to_owned(),
        url: String::new(),
        now: clock::now(),
        version: ApiVersion::default(),
        origin: Origin::default(),
        delivery: app.delivery_settings(),
    }
}

/// An API call as part of such a change: `parameters` as a client library would be given them.
pub(crate) fn request(call: &mut Call<'_>, handler: Handler, path_ids: &[&str], parameters: &Value) -> Result<Value, ApiError> {
    call.path_ids = path_ids.iter().map(|id| (*id).to_owned()).collect();
    call.params = Params::new(json_body::form(parameters)?);
    handler(call)
}
