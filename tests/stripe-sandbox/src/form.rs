//! Decoding of Stripe's bracketed form encoding: `items[0][price]=price_1&expand[]=customer`.
//!
//! Whether a hash with numeric keys is a list is for the reader of a parameter to say (see [`crate::params`]):
//! `items[0][price]` is a list, `metadata[2026]` is a hash, and the wire does not tell them apart.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::ApiError;

/// A decoded value; as JSON it reads like the object that the client library was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum FormValue {
    Text(String),
    List(Vec<FormValue>),
    Hash(Form),
}

pub(crate) type Form = BTreeMap<String, FormValue>;

/// Bounds the recursion; Stripe's own parameters nest five deep at most.
const MAX_DEPTH: usize = 10;

/// Adds the pairs of a query or body to `form`.
pub(crate) fn decode_into(form: &mut Form, encoded: &[u8]) -> Result<(), ApiError> {
    for (key, value) in form_urlencoded::parse(encoded) {
        let path = split_key(&key)?;
        insert(form, &path, value.into_owned(), &key)?;
    }
    Ok(())
}

/// `a[b][]` → `["a", "b", ""]`.
fn split_key(key: &str) -> Result<Vec<&str>, ApiError> {
    let Some((head, rest)) = key.split_once('[') else {
        return Ok(vec![key]);
    };
    let Some(inner) = rest.strip_suffix(']') else {
        return Err(malformed(key));
    };
    let path: Vec<&str> = std::iter::once(head).chain(inner.split("][")).collect();
    let stray = |segment: &&str| segment.contains(['[', ']']);
    if head.is_empty() || path.len() > MAX_DEPTH || path.iter().any(stray) {
        return Err(malformed(key));
    }
    Ok(path)
}

fn insert(form: &mut Form, path: &[&str], text: String, key: &str) -> Result<(), ApiError> {
    let [name, rest @ ..] = path else {
        return Err(malformed(key));
    };
    match rest {
        [] => {
            form.insert((*name).to_owned(), FormValue::Text(text));
            Ok(())
        }
        ["", rest @ ..] => {
            let slot = form.entry((*name).to_owned()).or_insert_with(|| FormValue::List(Vec::new()));
            let FormValue::List(list) = slot else {
                return Err(malformed(key));
            };
            append(list, rest, text, key)
        }
        _ => {
            let slot = form.entry((*name).to_owned()).or_insert_with(|| FormValue::Hash(Form::new()));
            let FormValue::Hash(hash) = slot else {
                return Err(malformed(key));
            };
            insert(hash, rest, text, key)
        }
    }
}

/// `items[][price]=a&items[][quantity]=1&items[][price]=b`: a name seen before starts the next element.
fn append(list: &mut Vec<FormValue>, rest: &[&str], text: String, key: &str) -> Result<(), ApiError> {
    let Some(name) = rest.first() else {
        list.push(FormValue::Text(text));
        return Ok(());
    };
    if let Some(FormValue::Hash(last)) = list.last_mut()
        && (rest.len() > 1 || !last.contains_key(*name))
    {
        return insert(last, rest, text, key);
    }
    let mut element = Form::new();
    insert(&mut element, rest, text, key)?;
    list.push(FormValue::Hash(element));
    Ok(())
}

fn malformed(key: &str) -> ApiError {
    ApiError::invalid_param(key, format!("Invalid parameter name: {key}"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn decode(encoded: &str) -> Result<Value, ApiError> {
        let mut form = Form::new();
        decode_into(&mut form, encoded.as_bytes())?;
        Ok(serde_json::to_value(form).unwrap())
    }

    #[test]
    fn brackets_decode_as_stripe_reads_them() {
        let cases = [
            ("", json!({})),
            ("name=Pro", json!({"name": "Pro"})),
            ("name=Pro%20%2B+more", json!({"name": "Pro + more"})),
            ("metadata[a]=1&metadata[b]=", json!({"metadata": {"a": "1", "b": ""}})),
            ("metadata%5Ba%5D=1", json!({"metadata": {"a": "1"}})),
            ("items[0][price]=p&items[1][price]=q", json!({"items": {"0": {"price": "p"}, "1": {"price": "q"}}})),
            ("expand[]=a&expand[]=b", json!({"expand": ["a", "b"]})),
            ("items[][price]=p&items[][quantity]=2&items[][price]=q", json!({"items": [{"price": "p", "quantity": "2"}, {"price": "q"}]})),
            (
                "items[][price]=p&items[][metadata][a]=1&items[][metadata][b]=2",
                json!({"items": [{"price": "p", "metadata": {"a": "1", "b": "2"}}]}),
            ),
            ("a[b][c][d]=deep", json!({"a": {"b": {"c": {"d": "deep"}}}})),
            ("email=a%2Bb%40example.com", json!({"email": "a+b@example.com"})),
        ];
        for (encoded, expected) in cases {
            assert_eq!(decode(encoded).unwrap(), expected, "{encoded}");
        }
    }

    #[test]
    fn malformed_names_are_refused() {
        for encoded in ["a[b=1", "[a]=1", "a[b]c=1", "a=1&a[b]=2", "a[0]=1&a[]=2", "a[[b]]=1", "a[1][2][3][4][5][6][7][8][9][10]=x"] {
            assert!(decode(encoded).is_err(), "{encoded}");
        }
    }
}
