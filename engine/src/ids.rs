//! What a name may look like. Every identifier that enters the system passes through here once.

/// The longest identifier of an app, tenant, user, client, event or plan, in bytes.
pub const MAX_ID_BYTES: usize = 128;
/// The longest name of a meter, feature, campaign, placement or tracked event, in bytes.
pub const MAX_NAME_BYTES: usize = 64;

/// Whether `text` may identify a tenant, user, client or event: 1 to 128 bytes of visible ASCII or any other
/// non-control character, without spaces.
pub fn is_id(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_ID_BYTES && !text.chars().any(|c| c.is_control() || c.is_whitespace())
}

/// Whether `text` may identify an app: 1 to 40 of `a-z 0-9 -`, so that it fits into paths and keys as it is.
pub fn is_app_id(text: &str) -> bool {
    (1..=40).contains(&text.len())
        && !text.starts_with('-')
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// Whether `text` may name a meter, feature, signal or tracked event: a lower-case CEL identifier of at most 64 bytes,
/// so that expressions can say `usage.<name>` without quoting.
pub fn is_name(text: &str) -> bool {
    text.len() <= MAX_NAME_BYTES
        && text.bytes().next().is_some_and(|b| b.is_ascii_lowercase() || b == b'_')
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// Whether `text` may name a campaign or placement: a name that may also hold `.` and `-` (`app.header`).
pub fn is_dotted_name(text: &str) -> bool {
    text.len() <= MAX_NAME_BYTES
        && text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
}

/// The longest address of mail, in bytes (RFC 5321, 4.5.3.1).
#[cfg(feature = "edge")]
const MAX_ADDRESS: usize = 254;
/// The longest part of it before the `@`, and the longest label of a host, likewise.
#[cfg(feature = "edge")]
const MAX_LOCAL: usize = 64;
#[cfg(feature = "edge")]
const MAX_LABEL: usize = 63;
#[cfg(feature = "edge")]
const MAX_HOST: usize = 253;

/// Whether `text` is an address of mail as people write it: a name of ASCII letters, digits and what else may stand there without
/// quotes (RFC 5322, 3.2.3), `@`, and a domain of several labels, which may be of any script. So nothing that means something in a header,
/// no space, line break or control character can be in it.
#[cfg(feature = "edge")]
pub fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let is_atom = |atom: &str| !atom.is_empty() && atom.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b));
    text.len() <= MAX_ADDRESS
        && local.len() <= MAX_LOCAL
        && local.split('.').all(is_atom)
        && domain.contains('.')
        && domain.split('.').all(|label| is_label(label, is_of_script))
}

/// Whether `text` is the name of a host, in ASCII: `docs.nimbus.example`, `localhost`.
#[cfg(feature = "edge")]
pub fn is_host(text: &str) -> bool {
    text.len() <= MAX_HOST && text.split('.').all(|label| is_label(label, |c| c.is_ascii_alphanumeric()))
}

#[cfg(feature = "edge")]
fn is_label(label: &str, is_letter: impl Fn(char) -> bool) -> bool {
    let is_inside = |c: char| is_letter(c) || c == '-';
    (1..=MAX_LABEL).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-') && label.chars().all(is_inside)
}

/// Whether it may stand in a domain of any script: no space, control character or punctuation, nor a mark that nobody sees.
#[cfg(feature = "edge")]
fn is_of_script(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || !c.is_ascii() && !c.is_control() && !c.is_whitespace() && !('\u{2000}'..='\u{206f}').contains(&c) && c != '\u{feff}'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_expressions_can_spell() {
        for (text, expected) in
            [("api_calls", true), ("_x1", true), ("", false), ("1st", false), ("API", false), ("a-b", false), ("a b", false)]
        {
            assert_eq!(is_name(text), expected, "{text:?}");
        }
        assert!(!is_name(&"a".repeat(65)));
        assert!(is_dotted_name("app.header-2") && !is_dotted_name(".header") && !is_dotted_name("a b"));
    }

    #[cfg(feature = "edge")]
    #[test]
    fn addresses_are_what_can_stand_in_a_header_as_it_is() {
        for good in
            ["a@b.de", "first.last+tag@mail.nimbus.example", "o'hara@nimbus.example", "x@bücher.example", "x@नमस्ते.भारत", "x@例え.jp"]
        {
            assert!(is_address(good), "{good}");
        }
        let long = format!("{}@b.de", "a".repeat(65));
        for bad in [
            "",
            "a",
            "a@",
            "@b.de",
            "a@b",
            "a b@c.de",
            "a@b c.de",
            "a@b.de\r\nBcc: x@y.de",
            "a\n@b.de",
            "<a@b.de>",
            "A <a@b.de>",
            "a@b.de,c@d.de",
            "a..b@c.de",
            ".a@b.de",
            "a@-b.de",
            "a@b..de",
            "\"a\"@b.de",
            "a@b@c.de",
            "a@b.de\0",
            "ä@b.de",
            "a@b\u{202e}.de",
            "a@b\u{a0}.de",
            &long,
        ] {
            assert!(!is_address(bad), "{bad:?}");
        }
        assert!(
            is_host("docs.nimbus.example") && is_host("localhost") && !is_host("bücher.example") && !is_host("a b") && !is_host("-a.de")
        );
    }

    #[test]
    fn ids_are_free_but_bounded_and_visible() {
        for (text, expected) in [("acme", true), ("org_1|a@b.c", true), ("Zürich", true), ("", false), ("a b", false), ("a\u{7}", false)] {
            assert_eq!(is_id(text), expected, "{text:?}");
        }
        assert!(is_id(&"a".repeat(128)) && !is_id(&"a".repeat(129)));
        assert!(is_app_id("demo-1") && !is_app_id("Demo") && !is_app_id("a/b") && !is_app_id("-a") && !is_app_id(""));
    }
}
