//! Steps that every plain resource takes alike.

use serde_json::{Value, json};

use crate::{
    error::ApiError,
    params::{Change, Params},
    present::is_deleted,
    store::Collection,
};

/// The stored object, or the 404 of the object that a URL names.
pub(crate) fn lookup(collection: &Collection, noun: &str, id: &str) -> Result<Value, ApiError> {
    let found = collection.get(id).filter(|object| !is_deleted(object));
    found.cloned().ok_or_else(|| ApiError::no_such(noun, id))
}

/// The stored object, or the 400 of the object that a parameter names.
pub(crate) fn lookup_param<'a>(collection: &'a Collection, noun: &str, id: &str, param: &str) -> Result<&'a Value, ApiError> {
    let found = collection.get(id).filter(|object| !is_deleted(object));
    found.ok_or_else(|| ApiError::no_such_param(noun, id, param))
}

pub(crate) fn put(collection: &mut Collection, object: Value) {
    if let Some(id) = object["id"].as_str() {
        collection.insert(id.to_owned(), object);
    }
}

/// Reads texts that mean nothing to the sandbox and are only given back. The empty string makes them null.
pub(crate) fn copy_texts(params: &mut Params, object: &mut Value, names: &[&str]) -> Result<(), ApiError> {
    for name in names {
        match params.unsettable(name)? {
            Change::Keep => {}
            Change::Clear => object[*name] = Value::Null,
            Change::Set(text) => object[*name] = json!(text),
        }
    }
    Ok(())
}

pub(crate) fn copy_boolean(params: &mut Params, object: &mut Value, name: &str) -> Result<(), ApiError> {
    if let Some(value) = params.boolean(name)? {
        object[name] = json!(value);
    }
    Ok(())
}
