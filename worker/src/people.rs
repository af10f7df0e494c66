//! People who may be written to: what tokens and back ends say of them, checked before anything is built on it.
//!
//! What a token says is taken as far as it makes sense: a bad address is no reason to shut somebody out of an app. What a back end
//! says with an `identify` event is refused with the reason, so that somebody can mend it.

use serde_json::Value;
use upcue_engine::facts::Role;
use upcue_engine::sequence::Seen;

use crate::auth::UserToken;
use crate::zones;

/// The longest address that mail can go to (RFC 5321), and the longest name.
const MAX_ADDRESS: usize = 254;
const MAX_NAME: usize = 120;

/// What an `identify` event may say beside `traits`.
pub(crate) const MEMBERS: [&str; 5] = ["email", "name", "tz", "role", "owner"];

/// An address that mail can go to. Nothing that a header could be broken with passes.
pub(crate) fn address(text: &str) -> Option<String> {
    let text = text.trim();
    let (local, domain) = text.rsplit_once('@')?;
    let is_plain = |c: char| !c.is_whitespace() && !c.is_control() && !"<>()[],;:\\\"".contains(c);
    let fits = !local.is_empty() && local.len() <= 64 && !domain.is_empty() && text.len() <= MAX_ADDRESS;
    let is_domain = !domain.starts_with(['.', '-']) && !domain.ends_with(['.', '-']) && !domain.contains("..");
    (fits && is_domain && text.chars().all(is_plain) && !local.contains('@')).then(|| text.to_owned())
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
    if !MEMBERS.iter().any(|member| raw.get(member).is_some()) {
        return Ok(None);
    }
    let said = |member: &str, read: &dyn Fn(&str) -> Option<String>, must: &str| match raw.get(member) {
        None => Ok(None),
        Some(Value::Null) => Ok(Some(String::new())),
        Some(Value::String(text)) if text.is_empty() => Ok(Some(String::new())),
        Some(Value::String(text)) => read(text).map(Some).ok_or_else(|| format!("`{member}` must be {must}")),
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
    let zone = |text: &str| zones::is_known(text).then(|| text.to_owned());
    Ok(Some(Seen {
        email: said("email", &address, "an address, as in ada@acme.example")?,
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
        for good in ["ada@acme.example", " ada@acme.example ", "ada+x@bücher.example", "用户@例え.jp", "a@b"] {
            assert_eq!(address(good).as_deref(), Some(good.trim()), "{good}");
        }
        let long = format!("{}@acme.example", "a".repeat(65));
        for bad in
            ["", "@", "ada", "@acme.example", "ada@", "a b@c.d", "ada@acme..example", "ada@.example", "ada@x@y", "a@b\r\nBcc: c@d", &long]
        {
            assert_eq!(address(bad), None, "{bad:?}");
        }
        for bad in ["Ada <ada@acme.example>", "ada@acme.example,bob@acme.example", "\"a\"@b.c"] {
            assert_eq!(address(bad), None, "{bad}");
        }
    }

    #[test]
    fn an_event_without_a_person_says_nothing_and_a_bad_one_says_why() {
        assert_eq!(of_event(&json!({"type": "identify", "traits": {"email": "x"}})), Ok(None));
        let said = of_event(&json!({"email": "ada@acme.example", "name": null, "role": "admin", "owner": true})).expect("good");
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
            let why = of_event(&event).expect_err("bad");
            assert!(why.contains(&format!("`{word}`")), "{event}: {why}");
        }
    }
}
