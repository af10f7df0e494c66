//! Parameters as JSON, which is what the `/v2` API takes in place of forms.

use serde_json::Value;

use crate::{
    error::ApiError,
    form::{Form, FormValue},
};

pub(crate) fn decode_into(form: &mut Form, body: &[u8]) -> Result<(), ApiError> {
    if body.is_empty() {
        return Ok(());
    }
    let value = serde_json::from_slice(body).map_err(|error| ApiError::invalid(format!("Invalid JSON body: {error}")))?;
    form.extend(self::form(&value)?);
    Ok(())
}

/// What the reader of parameters understands. Null stands for what is left out.
pub(crate) fn form(parameters: &Value) -> Result<Form, ApiError> {
    match converted(parameters) {
        Some(FormValue::Hash(form)) => Ok(form),
        _ => Err(ApiError::invalid("The request body must be an object.")),
    }
}

fn converted(value: &Value) -> Option<FormValue> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(_) | Value::Number(_) => FormValue::Text(value.to_string()),
        Value::String(text) => FormValue::Text(text.clone()),
        Value::Array(list) => FormValue::List(list.iter().filter_map(converted).collect()),
        Value::Object(map) => FormValue::Hash(map.iter().filter_map(|(name, member)| Some((name.clone(), converted(member)?))).collect()),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_reads_like_a_form() {
        let form = form(&json!({"name": "a", "times": 2, "on": true, "none": null, "list": ["x"], "deep": {"b": ["y"]}})).unwrap();
        let expected = json!({"name": "a", "times": "2", "on": "true", "list": ["x"], "deep": {"b": ["y"]}});
        assert_eq!(serde_json::to_value(form).unwrap(), expected);
        assert!(self::form(&json!([1])).is_err());
    }
}
