//! Every error a client can see: `application/problem+json` (RFC 9457) with a code from one table.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use upcue_engine::wire;

/// What went wrong. The table below gives each its stable code, status and title.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Code {
    MissingCredential,
    UnknownKey,
    InvalidToken,
    TokenSignature,
    TokenAlgorithm,
    TokenExpired,
    TokenLifetime,
    TokenAudience,
    ForbiddenTenant,
    ForbiddenCredential,
    OriginNotAllowed,
    NotFound,
    UnknownApp,
    UnknownLink,
    MethodNotAllowed,
    AppExists,
    MalformedJson,
    InvalidRequest,
    InvalidConfig,
    InvalidCatalogue,
    EventsRejected,
    TooManyEvents,
    PayloadTooLarge,
    UnsupportedEncoding,
    ConfigConflict,
    PreconditionRequired,
    UpgradeRequired,
    MissingSignature,
    InvalidSignature,
    SignatureExpired,
    NotReplayable,
    BacktestRunning,
    NotRolledOut,
    ForbiddenRole,
    MemberOnly,
    UnknownPlan,
    UnknownCampaign,
    AlreadyOnPlan,
    NotAnUpgrade,
    NotChangeable,
    QuoteStale,
    UpgradeInProgress,
    PaymentFailed,
    TooManyRequests,
    StripeNotConfigured,
    StripeUnavailable,
    StripeRefused,
    Internal,
}

wire! { enum Code {
    MissingCredential, UnknownKey, InvalidToken, TokenSignature, TokenAlgorithm, TokenExpired, TokenLifetime,
    TokenAudience, ForbiddenTenant, ForbiddenCredential, OriginNotAllowed, NotFound, UnknownApp, UnknownLink, MethodNotAllowed,
    AppExists, MalformedJson, InvalidRequest, InvalidConfig, InvalidCatalogue, EventsRejected, TooManyEvents,
    PayloadTooLarge, UnsupportedEncoding, ConfigConflict, PreconditionRequired, UpgradeRequired, MissingSignature, InvalidSignature,
    SignatureExpired, NotReplayable, BacktestRunning, NotRolledOut, ForbiddenRole, MemberOnly, UnknownPlan, UnknownCampaign, AlreadyOnPlan, NotAnUpgrade, NotChangeable, QuoteStale, UpgradeInProgress, PaymentFailed, TooManyRequests, StripeNotConfigured, StripeUnavailable, StripeRefused, Internal,
} }

impl Code {
    /// The whole table: code, status, title.
    pub(crate) const TABLE: [(Self, &'static str, u16, &'static str); 48] = [
        (Self::MissingCredential, "missing_credential", 401, "No credential"),
        (Self::UnknownKey, "unknown_key", 401, "Unknown key"),
        (Self::InvalidToken, "invalid_token", 401, "Unreadable token"),
        (Self::TokenSignature, "token_signature", 401, "Token signed with another key"),
        (Self::TokenAlgorithm, "token_algorithm", 401, "Token algorithm not allowed"),
        (Self::TokenExpired, "token_expired", 401, "Token expired"),
        (Self::TokenLifetime, "token_lifetime", 401, "Token lives too long"),
        (Self::TokenAudience, "token_audience", 401, "Token for another audience"),
        (Self::ForbiddenTenant, "forbidden_tenant", 403, "Another tenant's data"),
        (Self::ForbiddenCredential, "forbidden_credential", 403, "Wrong kind of credential"),
        (Self::OriginNotAllowed, "origin_not_allowed", 403, "Origin not allowed"),
        (Self::NotFound, "not_found", 404, "No such thing"),
        (Self::UnknownApp, "unknown_app", 404, "Unknown app"),
        (Self::UnknownLink, "unknown_link", 404, "Unknown link"),
        (Self::MethodNotAllowed, "method_not_allowed", 405, "Method not allowed"),
        (Self::AppExists, "app_exists", 409, "App exists"),
        (Self::MalformedJson, "malformed_json", 400, "Malformed JSON"),
        (Self::InvalidRequest, "invalid_request", 422, "Invalid request"),
        (Self::InvalidConfig, "invalid_config", 422, "Invalid configuration"),
        (Self::InvalidCatalogue, "invalid_catalogue", 422, "Invalid catalogue"),
        (Self::EventsRejected, "events_rejected", 422, "No event accepted"),
        (Self::TooManyEvents, "too_many_events", 413, "Too many events"),
        (Self::PayloadTooLarge, "payload_too_large", 413, "Body too large"),
        (Self::UnsupportedEncoding, "unsupported_encoding", 415, "Encoded body"),
        (Self::ConfigConflict, "config_conflict", 412, "Configuration changed meanwhile"),
        (Self::PreconditionRequired, "precondition_required", 428, "If-Match required"),
        (Self::UpgradeRequired, "upgrade_required", 426, "WebSocket required"),
        (Self::MissingSignature, "missing_signature", 400, "No signature"),
        (Self::InvalidSignature, "invalid_signature", 400, "Signature does not match"),
        (Self::SignatureExpired, "signature_expired", 400, "Signature too old"),
        (Self::NotRolledOut, "not_rolled_out", 403, "Not rolled out"),
        (Self::NotReplayable, "not_replayable", 409, "The history cannot be played"),
        (Self::BacktestRunning, "backtest_running", 409, "A back-test is running"),
        (Self::ForbiddenRole, "forbidden_role", 403, "For admins"),
        (Self::MemberOnly, "member_only", 403, "For members"),
        (Self::UnknownPlan, "unknown_plan", 404, "Unknown plan"),
        (Self::UnknownCampaign, "unknown_campaign", 404, "Unknown campaign"),
        (Self::AlreadyOnPlan, "already_on_plan", 409, "Already on this plan"),
        (Self::NotAnUpgrade, "not_an_upgrade", 409, "Not an upgrade"),
        (Self::NotChangeable, "not_changeable", 409, "The subscription cannot be changed as it stands"),
        (Self::QuoteStale, "quote_stale", 409, "Quote out of date"),
        (Self::UpgradeInProgress, "upgrade_in_progress", 409, "Upgrade in progress"),
        (Self::PaymentFailed, "payment_failed", 402, "Payment failed"),
        (Self::TooManyRequests, "too_many_requests", 429, "Too many requests"),
        (Self::StripeNotConfigured, "stripe_not_configured", 409, "Stripe not configured"),
        (Self::StripeUnavailable, "stripe_unavailable", 502, "Stripe not reachable"),
        (Self::StripeRefused, "stripe_refused", 502, "Stripe refused"),
        (Self::Internal, "internal", 500, "Internal error"),
    ];

    fn row(self) -> (&'static str, u16, &'static str) {
        let row = Self::TABLE.iter().find(|(code, ..)| *code == self);
        row.map_or(("internal", 500, "Internal error"), |(_, code, status, title)| (code, *status, title))
    }

    /// The stable code.
    pub(crate) fn code(self) -> &'static str {
        self.row().0
    }

    /// The HTTP status.
    pub(crate) fn status(self) -> u16 {
        self.row().1
    }
}

/// An error on its way to the client. Boxed: it is handed up by hundreds of `?`, and each would copy it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ApiError(Box<Inner>);

wire! { struct ApiError { 0 } }

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Inner {
    code: Code,
    /// A code of finer grain that stands in the place of the table's (`unknown_meter` for rejected events).
    finer: Option<String>,
    detail: String,
    /// Further members, as JSON text: errors cross between objects in a format that cannot hold any JSON value.
    members: Option<String>,
    /// For the log only: what the platform said.
    source: Option<String>,
}

wire! { struct Inner { code, finer, detail, members, source } }

/// The result of everything that can fail towards a client.
pub(crate) type ApiResult<T> = Result<T, ApiError>;

impl ApiError {
    /// An error with a sentence for the client: what is wrong and what to do about it.
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self::boxed(code, detail.into())
    }

    /// Adds members to the problem document.
    pub(crate) fn with(mut self, members: &Value) -> Self {
        self.0.members = Some(members.to_string());
        self
    }

    /// Puts a few words before the sentence: what it is about.
    pub(crate) fn about(mut self, what: &str) -> Self {
        self.0.detail.insert_str(0, what);
        self
    }

    /// Puts a code of finer grain in the place of the table's.
    pub(crate) fn finer(mut self, code: &str) -> Self {
        self.0.finer = Some(code.to_owned());
        self
    }

    /// The HTTP status.
    pub(crate) fn status(&self) -> u16 {
        self.0.code.status()
    }

    /// The stable code.
    pub(crate) fn code(&self) -> &str {
        self.0.finer.as_deref().unwrap_or(self.0.code.row().0)
    }

    /// When to ask again, in seconds, where asking again is of use.
    pub(crate) fn retry_after(&self) -> Option<&'static str> {
        match self.0.code {
            Code::UpgradeInProgress => Some("1"),
            Code::TooManyRequests if self.code() == "rate_limited" => Some("1"),
            Code::TooManyRequests => Some("86400"),
            _ => None,
        }
    }

    /// The sentence for the client.
    pub(crate) fn detail(&self) -> String {
        self.0.detail.clone()
    }

    /// What only the log may see.
    pub(crate) fn source(&self) -> Option<&str> {
        self.0.source.as_deref()
    }

    /// The problem document.
    pub(crate) fn document(&self) -> Value {
        let (_, status, title) = self.0.code.row();
        let mut document = Map::new();
        if let Some(Value::Object(members)) = self.0.members.as_deref().and_then(|text| serde_json::from_slice(text.as_bytes()).ok()) {
            document.extend(members);
        }
        document.insert("type".to_owned(), json!(format!("https://upcue.dev/problems/{}", self.code())));
        document.insert("title".to_owned(), json!(title));
        document.insert("status".to_owned(), json!(status));
        document.insert("code".to_owned(), json!(self.code()));
        document.insert("detail".to_owned(), json!(self.0.detail));
        Value::Object(document)
    }

    /// A row, or the answer of an object, is not what this build writes.
    #[cold]
    #[inline(never)]
    pub(crate) fn unreadable() -> Self {
        Self::internal("stored or internal bytes cannot be read".to_owned())
    }

    #[cold]
    #[inline(never)]
    fn boxed(code: Code, detail: String) -> Self {
        Self(Box::new(Inner { code, finer: None, detail, members: None, source: None }))
    }

    #[cold]
    #[inline(never)]
    fn internal(source: String) -> Self {
        let detail = "something went wrong on our side; nothing of this request was kept unless it was answered before";
        let mut error = Self::new(Code::Internal, detail);
        error.0.source = Some(source);
        error
    }
}

/// Whatever the platform refuses is ours to answer for: a bare 500 outside, the reason in the log.
impl From<worker::Error> for ApiError {
    #[cold]
    #[inline(never)]
    fn from(error: worker::Error) -> Self {
        Self::internal(error.to_string())
    }
}

impl From<getrandom::Error> for ApiError {
    fn from(error: getrandom::Error) -> Self {
        Self::internal(format!("randomness: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_code_has_one_row_and_a_status_of_its_class() {
        let codes: BTreeSet<_> = Code::TABLE.iter().map(|(_, code, ..)| *code).collect();
        assert_eq!(codes.len(), Code::TABLE.len());
        for (code, word, status, title) in Code::TABLE {
            assert_eq!(code.row(), (word, status, title));
            assert!((400..=502).contains(&status) && !title.is_empty(), "{word}");
        }
    }

    #[test]
    fn a_document_says_what_rfc_9457_asks_for_and_hides_its_source() {
        let error = ApiError::from(worker::Error::RustError("SQLITE_FULL at page 7".to_owned()));
        let document = error.document();
        assert_eq!((document["status"].as_u64(), document["code"].as_str()), (Some(500), Some("internal")));
        assert!(!document.to_string().contains("SQLITE"));
        assert_eq!(error.source(), Some("SQLITE_FULL at page 7"));
    }

    #[test]
    fn members_cannot_replace_the_standard_ones() {
        let error = ApiError::new(Code::EventsRejected, "none").with(&json!({"status": 200, "accepted": 0})).finer("unknown_meter");
        let document = error.document();
        assert_eq!((document["status"].as_u64(), document["accepted"].as_u64()), (Some(422), Some(0)));
        assert_eq!(document["type"], "https://upcue.dev/problems/unknown_meter");
    }
}
