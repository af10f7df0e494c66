//! Stripe's error objects and the statuses that go with them.
//!
//! Messages follow Stripe's wording closely, because people search for them; programs must rely on `type` and `code`.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

/// The `type` of an error, which decides the class that Stripe's client libraries throw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorType {
    Api,
    Card,
    Idempotency,
    InvalidRequest,
}

impl ErrorType {
    fn name(self) -> &'static str {
        match self {
            Self::Api => "api_error",
            Self::Card => "card_error",
            Self::Idempotency => "idempotency_error",
            Self::InvalidRequest => "invalid_request_error",
        }
    }
}

/// An error as an API call answers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    pub(crate) kind: ErrorType,
    pub(crate) code: Option<&'static str>,
    pub(crate) message: String,
    pub(crate) param: Option<String>,
    /// Further members of the error, such as the decline's code.
    pub(crate) details: Option<Box<Map<String, Value>>>,
}

impl ApiError {
    fn new(status: StatusCode, kind: ErrorType, message: String) -> Self {
        Self { status, kind, code: None, message, param: None, details: None }
    }

    /// Adds a member to the error object.
    pub(crate) fn detail(mut self, name: &str, value: Value) -> Self {
        self.details.get_or_insert_default().insert(name.to_owned(), value);
        self
    }

    fn code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    fn param(mut self, param: &str) -> Self {
        self.param = Some(param.to_owned());
        self
    }

    /// A refusal without a code of its own, as Stripe gives for most rules between parameters.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, ErrorType::InvalidRequest, message.into())
    }

    pub(crate) fn invalid_param(param: &str, message: impl Into<String>) -> Self {
        Self::invalid(message).param(param)
    }

    pub(crate) fn invalid_coded(code: &'static str, param: &str, message: impl Into<String>) -> Self {
        Self::invalid(message).code(code).param(param)
    }

    pub(crate) fn missing_param(param: &str) -> Self {
        Self::invalid_coded("parameter_missing", param, format!("Missing required param: {param}."))
    }

    pub(crate) fn unknown_params(names: &[String]) -> Self {
        let noun = if names.len() == 1 { "parameter" } else { "parameters" };
        let message = format!("Received unknown {noun}: {}", names.join(", "));
        let first = names.first().map_or("", String::as_str);
        Self::invalid_coded("parameter_unknown", first, message)
    }

    /// A card that the bank refuses: <https://docs.stripe.com/declines/codes>.
    pub(crate) fn declined(code: &'static str, decline_code: &str, message: &str) -> Self {
        let error = Self::new(StatusCode::PAYMENT_REQUIRED, ErrorType::Card, message.to_owned()).code(code);
        error.detail("decline_code", json!(decline_code))
    }

    /// A payment that only its payer can finish, by 3-D Secure.
    pub(crate) fn requires_action(code: &'static str, message: &str) -> Self {
        Self::new(StatusCode::PAYMENT_REQUIRED, ErrorType::Card, message.to_owned()).code(code)
    }

    /// Nothing to charge: neither the subscription nor its customer has a default payment method.
    pub(crate) fn no_payment_method() -> Self {
        Self::invalid(
            "This customer has no attached payment source or default payment method. Please consider adding a default payment \
             method. For more information, visit https://stripe.com/docs/billing/subscriptions/payment-methods-setting.",
        )
        .code("resource_missing")
    }

    /// Another request holds the object: <https://docs.stripe.com/rate-limits#object-lock-timeouts>.
    pub(crate) fn lock_timeout() -> Self {
        let message = "This object cannot be accessed right now because another API request or Stripe process is currently accessing \
                       it. If you see this error intermittently, retry the request.";
        Self::new(StatusCode::TOO_MANY_REQUESTS, ErrorType::InvalidRequest, message.into()).code("lock_timeout")
    }

    pub(crate) fn rate_limit(message: &str) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, ErrorType::InvalidRequest, message.into()).code("rate_limit")
    }

    /// A refusal with a code that no parameter is to blame for.
    pub(crate) fn coded(code: &'static str, message: impl Into<String>) -> Self {
        Self::invalid(message).code(code)
    }

    /// The object named in the URL does not exist: 404.
    pub(crate) fn no_such(noun: &str, id: &str) -> Self {
        Self { status: StatusCode::NOT_FOUND, ..Self::no_such_param(noun, id, "id") }
    }

    /// An object named by a parameter does not exist: Stripe answers 400 here, not 404.
    pub(crate) fn no_such_param(noun: &str, id: &str, param: &str) -> Self {
        Self::invalid_coded("resource_missing", param, format!("No such {noun}: '{id}'"))
    }

    pub(crate) fn unrecognized_url(method: &str, path: &str) -> Self {
        let message = format!("Unrecognized request URL ({method}: {path}). Please see https://stripe.com/docs");
        Self::new(StatusCode::NOT_FOUND, ErrorType::InvalidRequest, message)
    }

    pub(crate) fn unauthorized(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, ErrorType::InvalidRequest, message.into())
    }

    /// The key was used before for something else.
    pub(crate) fn idempotency(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, ErrorType::Idempotency, message.into())
    }

    /// The first request with this key has not been answered yet.
    pub(crate) fn idempotency_key_in_use(key: &str) -> Self {
        let message = format!(
            "There is currently another in-progress request using this Idempotent Key (that probably means you \
             submitted twice, and the other request is still going through): {key}. Please try again later."
        );
        Self::new(StatusCode::CONFLICT, ErrorType::Idempotency, message).code("idempotency_key_in_use")
    }

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, ErrorType::Api, message.into())
    }

    /// What Stripe most often answers with this status; a fault that names only a status gets it.
    pub(crate) fn for_status(status: StatusCode) -> Self {
        match status.as_u16() {
            401 => Self::unauthorized("Invalid API Key provided: sk_test_****"),
            402 => Self::declined("card_declined", "generic_decline", "Your card was declined."),
            409 => Self::new(status, ErrorType::InvalidRequest, "The request conflicts with another one.".into()),
            429 => Self::rate_limit(
                "Request rate limit exceeded. You can learn more about rate limits at https://stripe.com/docs/rate-limits.",
            ),
            400..=499 => Self::new(status, ErrorType::InvalidRequest, "The request was refused.".into()),
            _ => Self::new(status, ErrorType::Api, "An unknown error occurred.".into()),
        }
    }

    pub(crate) fn body(&self) -> Value {
        let mut error = json!({"type": self.kind.name(), "message": self.message});
        if let Some(code) = self.code {
            error["code"] = json!(code);
            error["doc_url"] = json!(format!("https://stripe.com/docs/error-codes/{}", code.replace('_', "-")));
        }
        if let Some(param) = &self.param {
            error["param"] = json!(param);
        }
        for (name, value) in self.details.iter().flat_map(|details| details.iter()) {
            error[name] = value.clone();
        }
        json!({ "error": error })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_has_stripes_status_type_and_code() {
        let cases = [
            (ApiError::missing_param("name"), 400, "invalid_request_error", Some("parameter_missing")),
            (ApiError::unknown_params(&["x".into()]), 400, "invalid_request_error", Some("parameter_unknown")),
            (ApiError::no_such("product", "p"), 404, "invalid_request_error", Some("resource_missing")),
            (ApiError::no_such_param("price", "p", "price"), 400, "invalid_request_error", Some("resource_missing")),
            (ApiError::unrecognized_url("GET", "/v1/x"), 404, "invalid_request_error", None),
            (ApiError::unauthorized("m"), 401, "invalid_request_error", None),
            (ApiError::idempotency("m"), 400, "idempotency_error", None),
            (ApiError::idempotency_key_in_use("k"), 409, "idempotency_error", Some("idempotency_key_in_use")),
            (ApiError::internal("m"), 500, "api_error", None),
            (ApiError::for_status(StatusCode::PAYMENT_REQUIRED), 402, "card_error", Some("card_declined")),
            (ApiError::for_status(StatusCode::TOO_MANY_REQUESTS), 429, "invalid_request_error", Some("rate_limit")),
            (ApiError::for_status(StatusCode::SERVICE_UNAVAILABLE), 503, "api_error", None),
        ];
        for (error, status, kind, code) in cases {
            let body = error.body();
            assert_eq!(error.status.as_u16(), status, "{body}");
            assert_eq!(body["error"]["type"], kind);
            assert_eq!(body["error"]["code"].as_str(), code);
        }
    }
}
