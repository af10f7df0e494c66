//! People who may be written to: what tokens and back ends say of them, checked before anything is built on it.
//!
//! What a token says is taken as far as it makes sense: a bad address is no reason to shut somebody out of an app. What a back end
//! says with an `identify` event is refused with the reason, so that somebody can mend it.

use serde_json::Value;
use upcue_engine::facts::Role;
use upcue_engine::sequence::Seen;

use crate::auth::UserToken;
use crate::host;
use crate::mail;
use crate::zones;

/// What an address is, for whoever gave something else.
pub(crate) const AN_ADDRESS: &str = "an address, as in ada@acme.example";
/// The longest address that mail can go to (RFC 5321), and the longest name.
const MAX_ADDRESS: usize = 254;
const MAX_NAME: usize = 120;

/// Who stands where an erased user was. No user has this id: ids have no spaces.
pub(crate) const NOBODY: &str = "erased user";

/// What an `identify` event may say beside `traits`.
pub(crate) const MEMBERS: [&str; 5] = ["email", "name", "tz", "role", "owner"];

/// An address that mail can go to, by the rule by which it is sent: else it would be taken here, and refused when it is too late to mend.
/// The error says what is wrong with it.
pub(crate) fn address(text: &str) -> Result<String, &'static str> {
    read_address(text, &host::ascii_domain)
}

fn read_address(text: &str, to_ascii: &dyn Fn(&str) -> Option<String>) -> Result<String, &'static str> {
    let text = text.trim();
    if text.len() > MAX_ADDRESS {
        return Err("is longer than an address can be");
    }
    mail::check_address(text, to_ascii).map(|()| text.to_owned())
}

/// What somebody is called, in one line.
pub(crate) fn name(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty() && text.chars().count() <= MAX_NAME && !text.chars().any(char::is_control)).then(|| text.to_owned())
}

/// What a user's token says.
pub(crate) fn of_token(token: &UserToken) -> Seen {
    Seen { email: token.email.clone(), name: token.name.clone(), tz: token.tz.clone(), role: Some(token.role), is_owner: None }
}

/// What an `identify` event says of a person; `None` where it says nothing of the kind. Null takes back what was said.
pub(crate) fn of_event(raw: &Value) -> Result<Option<Seen>, String> {
    read_event(raw, &address)
}

/// Reads an address, or says what is wrong with it.
type ReadAddress = dyn Fn(&str) -> Result<String, &'static str>;

fn read_event(raw: &Value, address: &ReadAddress) -> Result<Option<Seen>, String> {
    if !MEMBERS.iter().any(|member| raw.get(member).is_some()) {
        return Ok(None);
    }
    let said = |member: &str, read: &ReadAddress, must: &str| match raw.get(member) {
        None => Ok(None),
        Some(Value::Null) => Ok(Some(String::new())),
        Some(Value::String(text)) if text.is_empty() => Ok(Some(String::new())),
        Some(Value::String(text)) => read(text).map(Some).map_err(|why| format!("`{member}` {why}; it must be {must}")),
        Some(other) => Err(format!("`{member}` is {other}; it must be {must}")),
    };
    let role = match raw.get("role") {
        None | Some(Value::Null) => None,
        Some(word) => Some(word.as_str().and_then(Role::parse).ok_or("`role` must be \"admin\" or \"member\"")?),
    };
    let is_owner = match raw.get("owner") {
        None | Some(Value::Null) => None,
        Some(owner) => Some(owner.as_bool().ok_or("`owner` must be true or false")?),
    };
    let zone = |text: &str| if zones::is_known(text) { Ok(text.to_owned()) } else { Err("is the name of no zone") };
    let name = |text: &str| name(text).ok_or("does not fit");
    Ok(Some(Seen {
        email: said("email", address, AN_ADDRESS)?,
        name: said("name", &name, "one line of at most 120 characters")?,
        tz: said("tz", &zone, "the name of a time zone, as in Europe/Berlin")?,
        role,
        is_owner,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_mail_can_go_to_passes_for_an_address() {
        let idna = |domain: &str| ["bücher.example", "例え.jp"].contains(&domain).then(|| "xn--some.example".to_owned());
        for good in ["ada@acme.example", " ada@acme.example ", "ada+x@bücher.example", "用户@例え.jp", "a@b"] {
            assert_eq!(read_address(good, &idna).as_deref(), Ok(good.trim()), "{good}");
        }
        let long = format!("{}@acme.example", "a".repeat(65));
        for bad in
            ["", "@", "ada", "@acme.example", "ada@", "a b@c.d", "ada@acme..example", "ada@.example", "ada@x@y", "a@b\r\nBcc: c@d", &long]
        {
            assert!(read_address(bad, &idna).is_err(), "{bad:?}");
        }
        let (label, long) = ("d".repeat(64), format!("ada@{}example", "d.".repeat(130)));
        for bad in
            ["ada@acme.example.", ".ada@acme.example", "a..da@acme.example", "ada@a_b.example", &format!("ada@{label}.example"), &long]
        {
            assert!(read_address(bad, &idna).is_err(), "what the mail would be refused for: {bad}");
        }
        for bad in ["Ada <ada@acme.example>", "ada@acme.example,bob@acme.example", "\"a\"@b.c"] {
            assert!(read_address(bad, &idna).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_event_without_a_person_says_nothing_and_a_bad_one_says_why() {
        assert_eq!(of_event(&json!({"type": "identify", "traits": {"email": "x"}})), Ok(None));
        let said = read_event(&json!({"email": "ada@acme.example", "name": null, "role": "admin", "owner": true}), &|text| {
            read_address(text, &|_| None)
        })
        .expect("good");
        let expected = Seen {
            email: Some("ada@acme.example".into()),
            name: Some(String::new()),
            tz: None,
            role: Some(Role::Admin),
            is_owner: Some(true),
        };
        assert_eq!(said, Some(expected));
        for (event, word) in [
            (json!({"email": "nobody"}), "email"),
            (json!({"email": 7}), "email"),
            (json!({"name": "a\nb"}), "name"),
            (json!({"role": "boss"}), "role"),
            (json!({"owner": "yes"}), "owner"),
        ] {
            let why = read_event(&event, &|text| read_address(text, &|_| None)).expect_err("bad");
            assert!(why.contains(&format!("`{word}`")), "{event}: {why}");
        }
    }
}
