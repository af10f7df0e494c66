//! An address as mail carries it (RFC 5321, 5322, 6531), told from what only looks like one.

/// The longest part before the `@`, in bytes.
const MAX_LOCAL: usize = 64;
/// The longest domain, in bytes.
const MAX_DOMAIN: usize = 253;

/// An address that can be written to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    local: String,
    domain: String,
}

impl Address {
    /// Reads an address; `to_ascii` writes a domain of any script in ASCII (IDNA). The error says what is wrong without
    /// repeating the address.
    pub(super) fn read(text: &str, to_ascii: &dyn Fn(&str) -> Option<String>) -> Result<Self, &'static str> {
        let (local, domain) = text.rsplit_once('@').ok_or("has no @")?;
        if local.is_empty() || local.len() > MAX_LOCAL {
            return Err("has 1 to 64 bytes before the @");
        }
        if local.starts_with('.') || local.ends_with('.') || local.contains("..") || !local.chars().all(is_atext) {
            return Err("has only letters, digits, single dots between them, and !#$%&'*+/=?^_`{|}~- before the @");
        }
        let domain = if domain.is_ascii() { Some(domain.to_ascii_lowercase()) } else { to_ascii(domain) };
        let domain = domain.filter(|domain| is_domain(domain)).ok_or("has no domain after the @")?;
        Ok(Self { local: local.to_owned(), domain })
    }

    /// The address, its domain in ASCII.
    pub(super) fn text(&self) -> String {
        format!("{}@{}", self.local, self.domain)
    }

    /// The domain in ASCII.
    pub(super) fn domain(&self) -> &str {
        &self.domain
    }

    /// Whether servers must know international addresses (`SMTPUTF8`) to take it.
    pub(super) fn is_international(&self) -> bool {
        !self.local.is_ascii()
    }
}

/// A character of the part before the `@`, besides what only quotes allow; and a dot.
fn is_atext(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c) || !c.is_ascii() && !c.is_control() && !c.is_whitespace()
}

fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    text.len() <= MAX_DOMAIN && text.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_what_looks_like_them() {
        let idna = |domain: &str| (domain == "bücher.example").then(|| "xn--bcher-kva.example".to_owned());
        for (text, expected) in [
            ("ada@acme.example", Some("ada@acme.example")),
            ("Ada.Byron+news@ACME.Example", Some("Ada.Byron+news@acme.example")),
            ("ada@bücher.example", Some("ada@xn--bcher-kva.example")),
            ("用户@acme.example", Some("用户@acme.example")),
            ("o'brien@localhost", Some("o'brien@localhost")),
            ("ada", None),
            ("@acme.example", None),
            ("ada@", None),
            ("ada@acme..example", None),
            ("ada@-acme.example", None),
            ("ada@acme.example.", None),
            ("ada@[127.0.0.1]", None),
            ("ada@unheard-öf.example", None),
            (".ada@acme.example", None),
            ("a..da@acme.example", None),
            ("a da@acme.example", None),
            ("\"a da\"@acme.example", None),
            ("ada@acme.example\r\nBcc: eve@evil.example", None),
            ("ada\r\nRCPT TO:<eve@evil.example>@acme.example", None),
            ("<ada@acme.example>", None),
            ("ada,eve@acme.example", None),
            ("ada\u{85}@acme.example", None),
            ("ada\u{2028}@acme.example", None),
        ] {
            assert_eq!(Address::read(text, &idna).ok().map(|a| a.text()).as_deref(), expected, "{text:?}");
        }
        assert!(Address::read(&format!("{}@acme.example", "a".repeat(65)), &idna).is_err());
        assert!(Address::read(&format!("ada@{}", "a.".repeat(126) + "com"), &idna).is_err());
    }

    #[test]
    fn only_what_needs_it_is_international() {
        let idna = |_: &str| Some("xn--bcher-kva.example".to_owned());
        assert!(!Address::read("ada@bücher.example", &idna).unwrap().is_international());
        assert!(Address::read("ädä@acme.example", &idna).unwrap().is_international());
    }
}
