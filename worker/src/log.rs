//! The log: one JSON line per request. Never a secret, a token, an address or a tenant's name.

use serde_json::json;
use upcue_engine::hash::hash64;
use upcue_engine::time::DurationMs;

/// A request, as the log tells it.
pub(crate) struct Line<'a> {
    /// The route as the router knows it, never the raw path.
    pub(crate) route: &'a str,
    /// `GET`, `POST` …
    pub(crate) method: &'a str,
    /// The answer's status.
    pub(crate) status: u16,
    /// The problem's code, if it is one.
    pub(crate) code: Option<&'a str>,
    /// How long it took; I/O only, as the Worker's clock stands still in between.
    pub(crate) duration: DurationMs,
    /// Whom it concerned; hashed.
    pub(crate) tenant: Option<&'a str>,
    /// What the platform said about an error of ours.
    pub(crate) source: Option<&'a str>,
}

/// Writes the line.
pub(crate) fn request(line: &Line<'_>) {
    let tenant = line.tenant.map(|t| format!("{:016x}", hash64(t.as_bytes())));
    let entry = json!({
        "route": line.route, "method": line.method, "status": line.status, "code": line.code,
        "ms": line.duration, "tenant": tenant, "source": line.source,
    });
    worker::console_log!("{entry}");
}

/// Something that happened outside any request and that an operator should know.
pub(crate) fn background(what: &str, detail: &str) {
    worker::console_error!("{}", json!({"background": what, "detail": detail}));
}
