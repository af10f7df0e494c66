//! Typed reading of decoded parameters.
//!
//! Every read takes the parameter away, so that whatever [`Params::finish`] still finds was never asked for: an
//! unknown parameter is an error at Stripe, and here it also tells that a caller relies on something not doubled.

use crate::{
    error::ApiError,
    form::{Form, FormValue},
};

/// What an update says about a field that may be unset: the empty string unsets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change<T> {
    Keep,
    Clear,
    Set(T),
}

/// The parameters of one hash, with the path that leads to it, so that errors can name the full parameter.
#[derive(Debug, Default)]
pub(crate) struct Params {
    path: String,
    values: Form,
}

impl Params {
    pub(crate) fn new(values: Form) -> Self {
        Self { path: String::new(), values }
    }

    /// The full name of a parameter of this hash: `items[0][price]`.
    pub(crate) fn name_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}[{name}]", self.path) }
    }

    /// Whether a parameter that may be a value or a hash was sent as a value.
    pub(crate) fn is_text(&self, name: &str) -> bool {
        matches!(self.values.get(name), Some(FormValue::Text(_)))
    }

    /// Whether a parameter was sent as this very text.
    pub(crate) fn is_text_of(&self, name: &str, text: &str) -> bool {
        matches!(self.values.get(name), Some(FormValue::Text(sent)) if sent == text)
    }

    /// The names that have not been read yet.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// The text as sent, empty or not.
    fn raw(&mut self, name: &str) -> Result<Option<String>, ApiError> {
        match self.values.remove(name) {
            None => Ok(None),
            Some(FormValue::Text(text)) => Ok(Some(text)),
            Some(_) => Err(self.bad(name, "Invalid string: expected a single value")),
        }
    }

    pub(crate) fn text(&mut self, name: &str) -> Result<Option<String>, ApiError> {
        match self.raw(name)? {
            Some(text) if text.is_empty() => Err(self.empty(name)),
            text => Ok(text),
        }
    }

    pub(crate) fn required_text(&mut self, name: &str) -> Result<String, ApiError> {
        self.text(name)?.ok_or_else(|| ApiError::missing_param(&self.name_of(name)))
    }

    pub(crate) fn unsettable(&mut self, name: &str) -> Result<Change<String>, ApiError> {
        Ok(match self.raw(name)? {
            None => Change::Keep,
            Some(text) if text.is_empty() => Change::Clear,
            Some(text) => Change::Set(text),
        })
    }

    pub(crate) fn integer(&mut self, name: &str) -> Result<Option<i64>, ApiError> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        let parsed = text
            .parse()
            .map_err(|_| ApiError::invalid_coded("parameter_invalid_integer", &self.name_of(name), format!("Invalid integer: {text}")))?;
        Ok(Some(parsed))
    }

    pub(crate) fn integer_within(&mut self, name: &str, least: i64, most: i64) -> Result<Option<i64>, ApiError> {
        let number = self.integer(name)?;
        match number {
            Some(n) if n < least => Err(self.bad(name, format!("This value must be greater than or equal to {least}."))),
            Some(n) if n > most => Err(self.bad(name, format!("This value must be less than or equal to {most}."))),
            number => Ok(number),
        }
    }

    pub(crate) fn boolean(&mut self, name: &str) -> Result<Option<bool>, ApiError> {
        match self.text(name)?.as_deref() {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(other) => Err(self.bad(name, format!("Invalid boolean: {other}"))),
        }
    }

    pub(crate) fn choice(&mut self, name: &str, allowed: &[&str]) -> Result<Option<String>, ApiError> {
        match self.text(name)? {
            Some(text) if !allowed.contains(&text.as_str()) => {
                Err(self.bad(name, format!("Invalid {name}: must be one of {}", allowed.join(", "))))
            }
            text => Ok(text),
        }
    }

    pub(crate) fn hash(&mut self, name: &str) -> Result<Option<Params>, ApiError> {
        match self.values.remove(name) {
            None => Ok(None),
            Some(FormValue::Hash(values)) => Ok(Some(Params { path: self.name_of(name), values })),
            Some(_) => Err(self.bad(name, "Invalid object")),
        }
    }

    /// A hash that the empty string unsets, such as `pause_collection`.
    pub(crate) fn unsettable_hash(&mut self, name: &str) -> Result<Change<Params>, ApiError> {
        if matches!(self.values.get(name), Some(FormValue::Text(text)) if text.is_empty()) {
            self.values.remove(name);
            return Ok(Change::Clear);
        }
        Ok(self.hash(name)?.map_or(Change::Keep, Change::Set))
    }

    /// The elements of a list; hashes with numeric keys count, in the order of their numbers.
    pub(crate) fn list(&mut self, name: &str) -> Result<Option<Vec<FormValue>>, ApiError> {
        match self.values.remove(name) {
            None => Ok(None),
            Some(FormValue::List(list)) => Ok(Some(list)),
            Some(FormValue::Text(text)) if text.is_empty() => Ok(Some(Vec::new())),
            Some(FormValue::Text(_)) => Err(self.bad(name, "Invalid array")),
            Some(FormValue::Hash(hash)) => {
                let mut numbered = Vec::with_capacity(hash.len());
                for (key, value) in hash {
                    let index: u32 = key.parse().map_err(|_| self.bad(name, "Invalid array"))?;
                    numbered.push((index, value));
                }
                numbered.sort_by_key(|(index, _)| *index);
                Ok(Some(numbered.into_iter().map(|(_, value)| value).collect()))
            }
        }
    }

    pub(crate) fn texts(&mut self, name: &str) -> Result<Option<Vec<String>>, ApiError> {
        let Some(list) = self.list(name)? else {
            return Ok(None);
        };
        let text = |value| match value {
            FormValue::Text(text) => Ok(text),
            _ => Err(self.bad(name, "Invalid string in array")),
        };
        list.into_iter().map(text).collect::<Result<_, _>>().map(Some)
    }

    pub(crate) fn hashes(&mut self, name: &str) -> Result<Option<Vec<Params>>, ApiError> {
        let Some(list) = self.list(name)? else {
            return Ok(None);
        };
        let hash = |(index, value)| match value {
            FormValue::Hash(values) => Ok(Params { path: format!("{}[{index}]", self.name_of(name)), values }),
            _ => Err(self.bad(name, "Invalid object in array")),
        };
        list.into_iter().enumerate().map(hash).collect::<Result<_, _>>().map(Some)
    }

    /// The full name, key and value of everything in a hash with free keys such as `metadata`.
    pub(crate) fn into_entries(self) -> Vec<(String, String, FormValue)> {
        let named = |key: &String| self.name_of(key);
        let names: Vec<String> = self.values.keys().map(named).collect();
        names.into_iter().zip(self.values).map(|(name, (key, value))| (name, key, value)).collect()
    }

    /// Refuses whatever was not read. Handlers call it before they change anything.
    pub(crate) fn finish(self) -> Result<(), ApiError> {
        if self.values.is_empty() {
            return Ok(());
        }
        let names: Vec<String> = self.values.keys().map(|name| self.name_of(name)).collect();
        Err(ApiError::unknown_params(&names))
    }

    pub(crate) fn bad(&self, name: &str, message: impl Into<String>) -> ApiError {
        ApiError::invalid_param(&self.name_of(name), message)
    }

    fn empty(&self, name: &str) -> ApiError {
        let name = self.name_of(name);
        let message = format!(
            "You passed an empty string for '{name}'. We assume empty values are an attempt to unset a parameter; \
             however '{name}' cannot be unset. You should remove '{name}' from your request or supply a non-empty value."
        );
        ApiError::invalid_coded("parameter_invalid_empty", &name, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(encoded: &str) -> Params {
        let mut form = Form::new();
        crate::form::decode_into(&mut form, encoded.as_bytes()).unwrap();
        Params::new(form)
    }

    #[test]
    fn reads_give_stripes_codes() {
        let cases: [(ApiError, Option<&str>, &str); 6] = [
            (params("a=x").integer("a").unwrap_err(), Some("parameter_invalid_integer"), "a"),
            (params("a=").text("a").unwrap_err(), Some("parameter_invalid_empty"), "a"),
            (params("").required_text("a").unwrap_err(), Some("parameter_missing"), "a"),
            (params("a=yes").boolean("a").unwrap_err(), None, "a"),
            (params("a=7").integer_within("a", 1, 5).unwrap_err(), None, "a"),
            (params("a=1&b[c]=2").finish().unwrap_err(), Some("parameter_unknown"), "a"),
        ];
        for (error, code, param) in cases {
            assert_eq!((error.code, error.param.as_deref()), (code, Some(param)), "{}", error.message);
        }
    }

    #[test]
    fn lists_keep_numeric_order() {
        let texts = params("a[10]=z&a[9]=y&a[1]=x").texts("a").unwrap().unwrap();
        assert_eq!(texts, ["x", "y", "z"]);
    }

    #[test]
    fn nested_errors_name_the_whole_path() {
        let mut items = params("items[0][quantity]=many").hashes("items").unwrap().unwrap();
        let error = items[0].integer("quantity").unwrap_err();
        assert_eq!(error.param.as_deref(), Some("items[0][quantity]"));
    }
}
