//! A mail whose parts are known to be what they should: nothing in it can become a header, a command or another recipient.

use super::address::Address;
use super::{Delivery, Mail, Mailbox};

/// The longest name, in characters; of a longer one the beginning is written.
const MAX_NAME: usize = 100;
/// The longest key, in bytes: what every provider takes.
const MAX_KEY: usize = 200;
/// The longest header: with its name it fits into the line that RFC 5322 allows.
const MAX_HEADER: usize = 900;

/// The checked head of a mail.
#[derive(Debug)]
pub(super) struct Envelope {
    /// Who writes.
    pub(super) from: Party,
    /// Who is answered, where that is another.
    pub(super) reply_to: Option<Party>,
    /// Who is written to.
    pub(super) to: Party,
    /// One line.
    pub(super) subject: String,
}

/// Somebody who writes or is written to.
#[derive(Debug)]
pub(super) struct Party {
    pub(super) address: Address,
    pub(super) name: Option<String>,
}

impl Envelope {
    /// Checks a mail. Only a wrong address of the recipient's is the recipient's fault.
    pub(super) fn check(mail: &Mail<'_>, to_ascii: &dyn Fn(&str) -> Option<String>) -> Result<Self, Delivery> {
        let refused = |detail: String, address: bool| Delivery::Refused { detail, address };
        let party = |mailbox: &Mailbox, whose: &str| {
            Party::check(mailbox, to_ascii).map_err(|why| refused(format!("{whose} address {why}"), whose == "the recipient's"))
        };
        let is_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        if mail.key.is_empty() || mail.key.len() > MAX_KEY || !mail.key.bytes().all(is_name) {
            return Err(refused(format!("a mail's key has 1 to {MAX_KEY} letters, digits, - and _"), false));
        }
        if let Some((name, _)) =
            mail.headers.iter().find(|(_, value)| value.len() > MAX_HEADER || !value.bytes().all(|b| (b' '..=b'~').contains(&b)))
        {
            return Err(refused(
                format!("the header {name} has more than one line, more than ASCII, or more than {MAX_HEADER} characters"),
                false,
            ));
        }
        Ok(Self {
            from: party(&mail.from, "the sender's")?,
            reply_to: mail.reply_to.as_ref().map(|mailbox| party(mailbox, "the reply")).transpose()?,
            to: party(&mail.to, "the recipient's")?,
            subject: line(mail.subject),
        })
    }

    /// Whether a server must know international addresses to take the mail.
    pub(super) fn is_international(&self) -> bool {
        [Some(&self.from), self.reply_to.as_ref(), Some(&self.to)].into_iter().flatten().any(|party| party.address.is_international())
    }
}

impl Party {
    fn check(mailbox: &Mailbox, to_ascii: &dyn Fn(&str) -> Option<String>) -> Result<Self, &'static str> {
        let address = Address::read(&mailbox.address, to_ascii)?;
        let name = mailbox.name.as_deref().map(|name| line(name).chars().take(MAX_NAME).collect::<String>().trim().to_owned());
        Ok(Self { address, name: name.filter(|name| !name.is_empty()) })
    }

    /// `Ada Byron <ada@acme.example>`, the name in quotes where it would be read as something else.
    pub(super) fn text(&self) -> String {
        let address = self.address.text();
        match &self.name {
            None => address,
            Some(name) if name.chars().all(|c| c.is_ascii_alphanumeric() || !c.is_ascii() || matches!(c, ' ' | '-' | '_' | '\'')) => {
                format!("{name} <{address}>")
            }
            Some(name) => format!("\"{}\" <{address}>", name.replace('\\', "\\\\").replace('"', "\\\"")),
        }
    }
}

/// A text as one line: what would end the line is a space, and what turns the direction of everything after it is dropped, so
/// that a name cannot make the rest of a header look like another.
fn line(text: &str) -> String {
    let plain = text.chars().filter(|c| !matches!(c, '\u{202d}' | '\u{202e}'));
    let spaced: String = plain.map(|c| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c }).collect();
    spaced.trim().to_owned()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A mail to try things with.
    pub(in crate::mail) fn mail<'a>(to: &str, name: Option<&str>, subject: &'a str) -> Mail<'a> {
        let mailbox = |address: &str, name: Option<&str>| Mailbox { address: address.to_owned(), name: name.map(str::to_owned) };
        Mail {
            key: "letter-1",
            from: mailbox("hello@nimbus.example", Some("Nimbus")),
            reply_to: None,
            to: mailbox(to, name),
            subject,
            html: "<p>Hello</p>",
            text: "Hello",
            headers: vec![("List-Unsubscribe", "<https://nimbus.example/u/abc>".to_owned())],
        }
    }

    fn check(mail: &Mail<'_>) -> Result<Envelope, Delivery> {
        Envelope::check(mail, &|domain| domain.starts_with("bücher.").then(|| "xn--bcher-kva.example".to_owned()))
    }

    #[test]
    fn whose_fault_it_is_is_told() {
        let faults = |mail: &Mail<'_>| match check(mail) {
            Err(Delivery::Refused { address, .. }) => Some(address),
            _ => None,
        };
        assert_eq!(faults(&mail("ada@acme.example", None, "Hi")), None);
        assert_eq!(faults(&mail("ada@", None, "Hi")), Some(true));
        let from = Mailbox { address: "hello".to_owned(), name: None };
        assert_eq!(faults(&Mail { from: from.clone(), ..mail("ada@acme.example", None, "Hi") }), Some(false));
        assert_eq!(faults(&Mail { reply_to: Some(from), ..mail("ada@acme.example", None, "Hi") }), Some(false));
        assert_eq!(faults(&Mail { key: "a b", ..mail("ada@acme.example", None, "Hi") }), Some(false));
        let headers = vec![("List-Unsubscribe", "<https://x>\r\nBcc: eve@evil.example".to_owned())];
        assert_eq!(faults(&Mail { headers, ..mail("ada@acme.example", None, "Hi") }), Some(false));
    }

    #[test]
    fn names_and_subjects_are_one_line() {
        for (name, expected) in [
            ("Ada Byron", "Ada Byron <ada@acme.example>"),
            ("", "ada@acme.example"),
            (" \t ", "ada@acme.example"),
            ("Byron, Ada", "\"Byron, Ada\" <ada@acme.example>"),
            ("Ada \"Countess\" \\", "\"Ada \\\"Countess\\\" \\\\\" <ada@acme.example>"),
            ("Ada\r\nBcc: eve@evil.example", "\"Ada  Bcc: eve@evil.example\" <ada@acme.example>"),
            ("Ada <eve@evil.example>", "\"Ada <eve@evil.example>\" <ada@acme.example>"),
            ("عادة", "عادة <ada@acme.example>"),
            ("Ada\u{202e}elpmaxe", "Adaelpmaxe <ada@acme.example>"),
        ] {
            assert_eq!(check(&mail("ada@acme.example", Some(name), "Hi")).unwrap().to.text(), expected, "{name:?}");
        }
        let long = "ö".repeat(5_000);
        assert_eq!(check(&mail("ada@acme.example", Some(&long), "Hi")).unwrap().to.name.unwrap().chars().count(), MAX_NAME);
        assert_eq!(check(&mail("ada@acme.example", None, "Hi\r\n\r\nthere\u{2028}")).unwrap().subject, "Hi    there");
    }
}
