//! Query strings. Read with a small library: the platform's URL type costs 74 kB of tables.

use worker::Request;

use crate::problem::{ApiError, ApiResult, Code};

/// The parameters of a request.
#[derive(Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads the parameters of `req`.
    pub(crate) fn of(req: &Request) -> Self {
        let url = req.inner().url();
        let query = url.split_once('?').map_or("", |(_, query)| query);
        let query = query.split('#').next().unwrap_or("");
        Self(form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    /// The first value of `name`; an empty one counts as absent.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, v)| n == name && !v.is_empty()).map(|(_, v)| v.as_str())
    }

    /// The number `name`, at most `most`; `default` when it is absent.
    pub(crate) fn number(&self, name: &str, default: u32, most: u32) -> ApiResult<u32> {
        let Some(text) = self.get(name) else { return Ok(default) };
        match text.parse() {
            Ok(n) if (1..=most).contains(&n) => Ok(n),
            _ => Err(ApiError::new(Code::InvalidRequest, format!("`{name}` must be a whole number from 1 to {most}"))),
        }
    }
}
