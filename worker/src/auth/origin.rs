//! Which pages may call.

/// Whether `origin` is one of `allowed`. An entry is an origin (`https://app.example`), or one with any port for
/// development (`http://127.0.0.1:*`).
pub(crate) fn is_allowed(allowed: &[String], origin: &str) -> bool {
    allowed.iter().any(|entry| match entry.strip_suffix(":*") {
        Some(host) => origin.strip_prefix(host).is_some_and(|rest| rest.is_empty() || is_port(rest)),
        None => entry == origin,
    })
}

fn is_port(rest: &str) -> bool {
    rest.strip_prefix(':').is_some_and(|port| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listed_origins_pass() {
        let allowed = ["https://app.example".to_owned(), "http://127.0.0.1:*".to_owned()];
        for (origin, expected) in [
            ("https://app.example", true),
            ("http://127.0.0.1:8080", true),
            ("http://127.0.0.1", true),
            ("https://app.example.evil", false),
            ("https://app.example:8443", false),
            ("http://127.0.0.1.evil.example", false),
            ("http://127.0.0.1:80@evil.example", false),
            ("null", false),
            ("", false),
        ] {
            assert_eq!(is_allowed(&allowed, origin), expected, "{origin}");
        }
    }
}
