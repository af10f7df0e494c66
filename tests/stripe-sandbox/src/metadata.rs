//! `metadata`: string values, merged key by key; the empty string removes a key, or all of them.

use serde_json::{Map, Value};

use crate::{
    error::ApiError,
    form::FormValue,
    params::{Change, Params},
};

const MAX_KEYS: usize = 50;
const MAX_KEY_LENGTH: usize = 40;
const MAX_VALUE_LENGTH: usize = 500;

/// The metadata that `current` becomes with these parameters.
pub(crate) fn merged(current: &Value, params: &mut Params) -> Result<Value, ApiError> {
    let mut metadata = current.as_object().cloned().unwrap_or_default();
    match params.unsettable_hash("metadata")? {
        Change::Keep => {}
        Change::Clear => metadata = Map::new(),
        Change::Set(values) => merge(&mut metadata, values)?,
    }
    if metadata.len() > MAX_KEYS {
        return Err(params.bad("metadata", format!("Metadata may have at most {MAX_KEYS} keys.")));
    }
    Ok(Value::Object(metadata))
}

fn merge(metadata: &mut Map<String, Value>, values: Params) -> Result<(), ApiError> {
    for (param, key, value) in values.into_entries() {
        let FormValue::Text(text) = value else {
            return Err(ApiError::invalid_param(&param, "Metadata values must be strings."));
        };
        if key.chars().count() > MAX_KEY_LENGTH || text.chars().count() > MAX_VALUE_LENGTH {
            let message = format!("Metadata keys may be at most {MAX_KEY_LENGTH} characters and values at most {MAX_VALUE_LENGTH}.");
            return Err(ApiError::invalid_param(&param, message));
        }
        if text.is_empty() {
            metadata.remove(&key);
        } else {
            metadata.insert(key, Value::String(text));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::form::{Form, decode_into};

    fn merge_encoded(encoded: &str) -> Result<Value, ApiError> {
        let mut form = Form::new();
        decode_into(&mut form, encoded.as_bytes())?;
        merged(&json!({"a": "1", "b": "2"}), &mut Params::new(form))
    }

    #[test]
    fn keys_merge_and_empty_strings_remove() {
        let cases = [
            ("", json!({"a": "1", "b": "2"})),
            ("metadata[a]=9", json!({"a": "9", "b": "2"})),
            ("metadata[c]=3&metadata[a]=", json!({"b": "2", "c": "3"})),
            ("metadata=", json!({})),
            ("metadata[2026]=year", json!({"a": "1", "b": "2", "2026": "year"})),
        ];
        for (encoded, expected) in cases {
            assert_eq!(merge_encoded(encoded).unwrap(), expected, "{encoded}");
        }
    }

    #[test]
    fn limits_hold() {
        let long_key = format!("metadata[{}]=1", "k".repeat(41));
        let long_value = format!("metadata[k]={}", "v".repeat(501));
        let many = (0..49).map(|n| format!("metadata[k{n}]=1")).collect::<Vec<_>>().join("&");
        for encoded in [long_key.as_str(), &long_value, &many, "metadata[a][b]=1", "metadata=x"] {
            assert!(merge_encoded(encoded).is_err(), "{encoded}");
        }
    }
}
