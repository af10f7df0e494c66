//! Faults to inject: what the next matching API calls meet in place of, or on top of, their answer.

use std::time::Duration;

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{error::ApiError, test_cards};

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    /// Any method where absent.
    #[serde(default)]
    pub(crate) method: Option<String>,
    #[serde(default = "everything")]
    pub(crate) path_prefix: String,
    /// A fault by its name, in place of its details.
    #[serde(default)]
    pub(crate) play: Option<String>,
    /// Answered in place of the call, which then has no effect. Without it the call takes effect and is only late.
    #[serde(default)]
    pub(crate) status: Option<u16>,
    /// Matching calls that are let through first.
    #[serde(default)]
    pub(crate) skip: u32,
    /// How many calls are left.
    #[serde(default = "once")]
    pub(crate) times: u32,
    /// Holds back the answer.
    #[serde(default)]
    pub(crate) delay_ms: u64,
    /// In place of what Stripe answers with this status.
    #[serde(default)]
    pub(crate) body: Option<Value>,
    /// Further response headers.
    #[serde(default)]
    pub(crate) headers: Map<String, Value>,
    /// `Retry-After`, in seconds.
    #[serde(default)]
    pub(crate) retry_after: Option<u64>,
    /// `Stripe-Should-Retry`, which overrides what a client would do by the status.
    #[serde(default)]
    pub(crate) should_retry: Option<bool>,
}

fn everything() -> String {
    "/v1/".to_owned()
}

fn once() -> u32 {
    1
}

/// What becomes of a call.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Act {
    /// The call is carried out and answered.
    Answer,
    /// This is answered and nothing done.
    Refuse(StatusCode, Value),
    /// No answer ever comes.
    Silence(Effect),
    /// The connection ends without an answer.
    Reset(Effect),
}

/// Whether the call was carried out before its answer got lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    None,
    Done,
}

impl Fault {
    /// What the fault does, or why there is no such fault.
    pub(crate) fn act(&self) -> Result<Act, ApiError> {
        if let Some(name) = &self.play {
            return self.played(name);
        }
        let Some(number) = self.status else {
            return Ok(Act::Answer);
        };
        match StatusCode::from_u16(number) {
            Ok(status) => Ok(self.refuse(&ApiError::for_status(status))),
            Err(_) => Err(ApiError::invalid_param("status", "Invalid status: must be an HTTP status")),
        }
    }

    fn played(&self, name: &str) -> Result<Act, ApiError> {
        Ok(match name {
            "timeout_before" => Act::Silence(Effect::None),
            "timeout_after" => Act::Silence(Effect::Done),
            "reset_before" => Act::Reset(Effect::None),
            "reset_after" => Act::Reset(Effect::Done),
            "lock_timeout" => self.refuse(&ApiError::lock_timeout()),
            "rate_limit" => self.refuse(&ApiError::for_status(StatusCode::TOO_MANY_REQUESTS)),
            "idempotency_key_in_use" => self.refuse(&ApiError::idempotency_key_in_use("…")),
            decline_code => {
                let decline = test_cards::decline(decline_code);
                let decline = decline.ok_or_else(|| ApiError::invalid_param("play", format!("There is no fault called {name}.")))?;
                self.refuse(&decline.error())
            }
        })
    }

    fn refuse(&self, error: &ApiError) -> Act {
        Act::Refuse(error.status, self.body.clone().unwrap_or_else(|| error.body()))
    }

    pub(crate) fn delay(&self) -> Duration {
        Duration::from_millis(self.delay_ms)
    }

    /// What it adds to the answer's headers. Stripe names a time to wait with a rate limit.
    pub(crate) fn headers(&self) -> Map<String, Value> {
        let mut headers = Map::new();
        let usual = (self.play.as_deref() == Some("rate_limit")).then_some(1);
        if let Some(seconds) = self.retry_after.or(usual) {
            headers.insert("Retry-After".to_owned(), json!(seconds.to_string()));
        }
        if let Some(retry) = self.should_retry {
            headers.insert("Stripe-Should-Retry".to_owned(), json!(retry.to_string()));
        }
        headers.extend(self.headers.clone());
        headers
    }

    fn matches(&self, method: &str, path: &str) -> bool {
        let same_method = self.method.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method));
        same_method && path.starts_with(&self.path_prefix)
    }
}

#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn all(&self) -> &[Fault] {
        &self.0
    }

    /// The first fault for this call, used up by one. Every fault that still lets calls through counts this one.
    pub(crate) fn take(&mut self, method: &str, path: &str) -> Option<Fault> {
        let mut taken = None;
        for fault in self.0.iter_mut().filter(|fault| fault.matches(method, path)) {
            if fault.skip > 0 {
                fault.skip -= 1;
            } else if taken.is_none() {
                taken = Some(fault.clone());
                fault.times = fault.times.saturating_sub(1);
            }
        }
        self.0.retain(|fault| fault.times > 0);
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(values: Vec<Value>) -> Faults {
        let mut faults = Faults::default();
        for value in values {
            faults.add(serde_json::from_value(value).unwrap());
        }
        faults
    }

    #[test]
    fn faults_are_used_up_in_order() {
        let mut faults =
            faults(vec![json!({"method": "post", "path_prefix": "/v1/sub", "status": 402, "times": 2}), json!({"status": 500})]);
        let statuses = ["/v1/subscriptions", "/v1/products", "/v1/subscriptions", "/v1/subscriptions"]
            .map(|path| faults.take("POST", path).and_then(|fault| fault.status));
        assert_eq!(statuses, [Some(402), Some(500), Some(402), None]);
    }

    #[test]
    fn a_fault_can_wait_for_the_nth_call() {
        let mut faults = faults(vec![json!({"status": 503, "skip": 2})]);
        let met = [(); 4].map(|()| faults.take("GET", "/v1/products").is_some());
        assert_eq!(met, [false, false, true, false]);
    }

    #[test]
    fn played_faults_are_stripes() {
        let act = |name: &str| Fault { play: Some(name.to_owned()), ..Fault::default() }.act();
        let cases = [
            ("lock_timeout", 429, "invalid_request_error", "lock_timeout"),
            ("rate_limit", 429, "invalid_request_error", "rate_limit"),
            ("idempotency_key_in_use", 409, "idempotency_error", "idempotency_key_in_use"),
            ("insufficient_funds", 402, "card_error", "card_declined"),
            ("expired_card", 402, "card_error", "expired_card"),
        ];
        for (name, status, kind, code) in cases {
            let Ok(Act::Refuse(answered, body)) = act(name) else {
                panic!("{name} is no refusal");
            };
            assert_eq!((answered.as_u16(), &body["error"]["type"], &body["error"]["code"]), (status, &json!(kind), &json!(code)));
        }
        assert_eq!(act("timeout_after").unwrap(), Act::Silence(Effect::Done));
        assert_eq!(act("reset_before").unwrap(), Act::Reset(Effect::None));
        assert!(act("earthquake").is_err());
    }
}
