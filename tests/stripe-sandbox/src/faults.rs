//! Faults to inject: the next matching API calls are answered with an error, late, or both.

use std::time::Duration;

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    /// Any method where absent.
    #[serde(default)]
    pub(crate) method: Option<String>,
    #[serde(default = "everything")]
    pub(crate) path_prefix: String,
    /// Answered in place of the call, which then has no effect. Without it the call takes effect and is only late.
    #[serde(default)]
    pub(crate) status: Option<u16>,
    /// How many calls are left.
    #[serde(default = "once")]
    pub(crate) times: u32,
    /// Holds back the answer.
    #[serde(default)]
    pub(crate) delay_ms: u64,
    /// In place of what Stripe answers with this status.
    #[serde(default)]
    pub(crate) body: Option<Value>,
    /// Further response headers, such as `Retry-After` or `Stripe-Should-Retry`.
    #[serde(default)]
    pub(crate) headers: Map<String, Value>,
}

fn everything() -> String {
    "/v1/".to_owned()
}

fn once() -> u32 {
    1
}

impl Fault {
    pub(crate) fn status(&self) -> Option<StatusCode> {
        self.status.and_then(|status| StatusCode::from_u16(status).ok())
    }

    pub(crate) fn delay(&self) -> Duration {
        Duration::from_millis(self.delay_ms)
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

    /// The first fault for this call, used up by one.
    pub(crate) fn take(&mut self, method: &str, path: &str) -> Option<Fault> {
        let index = self.0.iter().position(|fault| fault.matches(method, path))?;
        let fault = self.0[index].clone();
        self.0[index].times = fault.times.saturating_sub(1);
        self.0.retain(|fault| fault.times > 0);
        Some(fault)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn faults_are_used_up_in_order() {
        let mut faults = Faults::default();
        for value in [json!({"method": "post", "path_prefix": "/v1/sub", "status": 402, "times": 2}), json!({"status": 500})] {
            faults.add(serde_json::from_value(value).unwrap());
        }
        let statuses = ["/v1/subscriptions", "/v1/products", "/v1/subscriptions", "/v1/subscriptions"]
            .map(|path| faults.take("POST", path).and_then(|fault| fault.status));
        assert_eq!(statuses, [Some(402), Some(500), Some(402), None]);
    }
}
