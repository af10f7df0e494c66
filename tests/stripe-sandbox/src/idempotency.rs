//! Idempotency keys: the same key with the same request replays the stored answer.
//!
//! As at Stripe, only `POST` takes part, and only answers of requests that began to execute are kept: success, a
//! declined payment (402) and an internal error (500). A refused parameter, 409, 429 and 503 may be tried again
//! with the same key.

use std::sync::Arc;

use axum::http::StatusCode;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{app::App, clock::DAY, error::ApiError, form::Form};

/// Stripe removes keys after at least 24 hours.
const KEPT_FOR: i64 = DAY;

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Answer {
    path: String,
    form: Form,
    at: i64,
    request: String,
    status: u16,
    body: Value,
}

/// What is replayed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Replay {
    pub(crate) status: StatusCode,
    pub(crate) body: Value,
    /// The id of the request that was executed.
    pub(crate) original_request: String,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Answers(IndexMap<String, Answer>);

/// A request as the comparison sees it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Keyed<'a> {
    pub(crate) key: &'a str,
    pub(crate) path: &'a str,
    pub(crate) form: &'a Form,
}

impl Answers {
    pub(crate) fn find(&self, request: Keyed<'_>, now: i64) -> Result<Option<Replay>, ApiError> {
        let key = request.key;
        let Some(answer) = self.0.get(key).filter(|answer| now - answer.at <= KEPT_FOR) else {
            return Ok(None);
        };
        if answer.path != request.path {
            return Err(ApiError::idempotency(format!(
                "Keys for idempotent requests can only be used for the same endpoint they were first used for \
                 ('{}' vs '{}'). Try using a key other than '{key}' if you meant to execute a different request.",
                request.path, answer.path
            )));
        }
        if &answer.form != request.form {
            return Err(ApiError::idempotency(format!(
                "Keys for idempotent requests can only be used with the same parameters they were first used with. \
                 Try using a key other than '{key}' if you meant to execute a different request."
            )));
        }
        Ok(Some(Replay {
            status: StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK),
            body: answer.body.clone(),
            original_request: answer.request.clone(),
        }))
    }

    /// Keeps the first answer of a key, if it is of a kind that is kept.
    pub(crate) fn keep(&mut self, request: Keyed<'_>, now: i64, request_id: &str, status: StatusCode, body: &Value) {
        if !matches!(status.as_u16(), 200 | 402 | 500) {
            return;
        }
        // Oldest first, so only the front can have expired.
        while self.0.first().is_some_and(|(_, oldest)| now - oldest.at > KEPT_FOR) {
            self.0.shift_remove_index(0);
        }
        self.0.entry(request.key.to_owned()).or_insert_with(|| Answer {
            path: request.path.to_owned(),
            form: request.form.clone(),
            at: now,
            request: request_id.to_owned(),
            status: status.as_u16(),
            body: body.clone(),
        });
    }
}

/// Marks a key as being worked on. Released on drop, so also when the client hangs up.
#[derive(Debug)]
pub(crate) struct InFlight {
    app: Arc<App>,
    key: String,
}

impl InFlight {
    pub(crate) fn claim(app: &Arc<App>, key: &str) -> Result<Self, ApiError> {
        if !app.in_flight().insert(key.to_owned()) {
            return Err(ApiError::idempotency_key_in_use(key));
        }
        Ok(Self { app: Arc::clone(app), key: key.to_owned() })
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.app.in_flight().remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::form::FormValue;

    fn form(name: &str) -> Form {
        Form::from([("name".to_owned(), FormValue::Text(name.to_owned()))])
    }

    fn keyed<'a>(path: &'a str, form: &'a Form) -> Keyed<'a> {
        Keyed { key: "k", path, form }
    }

    #[test]
    fn only_the_same_request_is_replayed() {
        let (first, other) = (form("a"), form("b"));
        let mut answers = Answers::default();
        answers.keep(keyed("/v1/products", &first), 1_000, "req_1", StatusCode::OK, &json!({"id": "prod_1"}));
        let find = |path, form, now| answers.find(keyed(path, form), now);
        let replay = find("/v1/products", &first, 2_000).unwrap().unwrap();
        assert_eq!((replay.body, replay.original_request), (json!({"id": "prod_1"}), "req_1".to_owned()));
        assert!(find("/v1/products", &other, 2_000).is_err());
        assert!(find("/v1/prices", &first, 2_000).is_err());
        assert_eq!(find("/v1/products", &first, 1_001 + KEPT_FOR).unwrap(), None);
    }

    #[test]
    fn only_answers_of_executed_requests_are_kept() {
        for (status, kept) in [(200, true), (400, false), (402, true), (404, false), (409, false), (429, false), (500, true), (503, false)]
        {
            let form = form("a");
            let mut answers = Answers::default();
            let status = StatusCode::from_u16(status).unwrap();
            answers.keep(keyed("/", &form), 0, "req_1", status, &Value::Null);
            assert_eq!(answers.find(keyed("/", &form), 0).unwrap().is_some(), kept, "{status}");
        }
    }
}
