//! A mail as MIME (RFC 5322, 2045, 2047), for servers that take it as it goes over the wire.
//!
//! What is written is ASCII, in short lines, whatever the mail holds; only an international address needs more. The encodings
//! are libraries' (those that lettre is built on); a whole builder of mails would make the Worker 25 kB of gzip larger.

use std::fmt::{self, Write};

use email_encoding::headers::writer::EmailWriter;
use email_encoding::headers::{quoted_string, rfc2047};
use upcue_engine::time::{DAY, Millis, SECOND, civil_month, days_from_civil};

use super::Mail;
use super::envelope::{Envelope, Party};

/// Separates the parts. Quoted-printable text never holds it: there `=` is followed by a number or the end of the line.
const BOUNDARY: &str = "=_upcue";
/// The longest word of a subject that is written as it is, in bytes: a line breaks only between words.
const MAX_WORD: usize = 60;

/// The mail's bytes. The same mail at the same moment has the same bytes.
pub(super) fn message(mail: &Mail<'_>, envelope: &Envelope, now: Millis) -> Vec<u8> {
    let mut text = String::with_capacity(2 * (mail.html.len() + mail.text.len()) + 2_048);
    // Writing into a text cannot fail.
    let _written = write(&mut text, mail, envelope, now);
    text.into_bytes()
}

fn write(to: &mut String, mail: &Mail<'_>, envelope: &Envelope, now: Millis) -> fmt::Result {
    write!(to, "Date: {}\r\nMessage-ID: <{}@{}>\r\n", date(now), mail.key, envelope.from.address.domain())?;
    party(to, "From", &envelope.from)?;
    party(to, "To", &envelope.to)?;
    if let Some(reply_to) = &envelope.reply_to {
        party(to, "Reply-To", reply_to)?;
    }
    subject(to, &envelope.subject)?;
    for (name, value) in mail.headers_with_ours() {
        // Never folded: not every reader would join an address of the web again.
        write!(to, "{name}: {value}\r\n")?;
    }
    write!(to, "MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=\"{BOUNDARY}\"\r\n")?;
    for (of, body) in [("plain", mail.text), ("html", mail.html)] {
        let lines = body.replace("\r\n", "\n").replace(['\r', '\n'], "\r\n");
        let encoded = quoted_printable::encode_to_str(lines);
        let head = format!("Content-Type: text/{of}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable");
        write!(to, "\r\n--{BOUNDARY}\r\n{head}\r\n\r\n{encoded}\r\n")?;
    }
    write!(to, "\r\n--{BOUNDARY}--\r\n")
}

fn party(to: &mut String, name: &str, party: &Party) -> fmt::Result {
    header(to, name, |writer| {
        if let Some(name) = &party.name {
            quoted_string::encode(name, writer)?;
            writer.space();
        }
        write!(writer.folding(), "<{}>", party.address.text())
    })
}

fn subject(to: &mut String, subject: &str) -> fmt::Result {
    // What looks encoded would be decoded.
    let plain = subject.is_ascii() && !subject.contains("=?") && subject.split(' ').all(|word| word.len() <= MAX_WORD);
    header(to, "Subject", |writer| if plain { writer.folding().write_str(subject) } else { rfc2047::encode(subject, writer) })
}

fn header(to: &mut String, name: &str, value: impl FnOnce(&mut EmailWriter<'_>) -> fmt::Result) -> fmt::Result {
    write!(to, "{name}: ")?;
    value(&mut EmailWriter::new(to, name.len() + 2, 0, false))?;
    to.write_str("\r\n")
}

/// `Thu, 28 May 2026 20:26:40 +0000`
fn date(now: Millis) -> String {
    const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (days, of_day) = (now.day(), now.0.rem_euclid(DAY) / SECOND);
    let (year, month) = civil_month(days);
    let day = days - days_from_civil(year, month) + 1;
    let named =
        |names: &[&'static str], number: i64| usize::try_from(number).ok().and_then(|number| names.get(number).copied()).unwrap_or("");
    let (weekday, month) = (named(&WEEKDAYS, days.rem_euclid(7)), named(&MONTHS, month - 1));
    format!("{weekday}, {day} {month} {year} {:02}:{:02}:{:02} +0000", of_day / 3_600, of_day / 60 % 60, of_day % 60)
}

#[cfg(test)]
mod tests {
    use super::super::envelope::tests::mail;
    use super::*;

    fn written(mail: &Mail<'_>) -> String {
        let envelope = Envelope::check(mail, &|_| None).expect("a good mail");
        String::from_utf8(message(mail, &envelope, Millis(1_780_000_000_999))).expect("text")
    }

    /// The lines of the head, those that continue another joined to it.
    fn head(message: &str) -> Vec<String> {
        let (head, _) = message.split_once("\r\n\r\n").expect("head and body");
        head.replace("\r\n ", " ").split("\r\n").map(str::to_owned).collect()
    }

    #[test]
    fn the_head_says_what_the_mail_says() {
        let message = written(&mail("ada@acme.example", Some("Ada"), "Hello"));
        for expected in [
            "Date: Thu, 28 May 2026 20:26:40 +0000",
            "Message-ID: <letter-1@nimbus.example>",
            "From: Nimbus <hello@nimbus.example>",
            "To: Ada <ada@acme.example>",
            "Subject: Hello",
            "MIME-Version: 1.0",
            "List-Unsubscribe: <https://nimbus.example/u/abc>",
            "Auto-Submitted: auto-generated",
        ] {
            assert!(head(&message).iter().any(|line| line == expected), "{expected} in {message}");
        }
    }

    /// The same head lines whatever name and subject hold, and no line that is too long or not ASCII.
    #[test]
    fn nothing_becomes_a_header() {
        let plain: Vec<String> = head(&written(&mail("ada@acme.example", Some("Ada"), "Hello"))).iter().map(|line| name(line)).collect();
        for evil in [
            "x\r\nBcc: eve@evil.example\r\n\r\nbody",
            "x\nBcc: eve@evil.example",
            "x\rBcc: eve@evil.example",
            "=?utf-8?Q?x=0D=0ABcc:_eve?=",
            "x\0y\u{b}z",
            "\"; Bcc: eve@evil.example; \"",
            "\u{202e}moc.live@eve",
            "שלום עולם",
            "x\u{2028}Bcc: eve@evil.example",
        ] {
            let long = format!("{} {}", evil.repeat(40), "ö".repeat(3_000));
            for text in [evil, &long] {
                let message = written(&mail("ada@acme.example", Some(text), text));
                assert_eq!(head(&message).iter().map(|line| name(line)).collect::<Vec<_>>(), plain, "{text:?}");
                assert!(message.split("\r\n").all(|line| line.len() <= 998 && !line.contains(['\r', '\n'])), "{text:?}");
                assert!(message.is_ascii() && !message.contains('\0'), "{text:?}");
            }
        }
    }

    fn name(line: &str) -> String {
        line.split(':').next().unwrap_or_default().to_owned()
    }

    #[test]
    fn bodies_cannot_end_their_part() {
        let text = "--=_upcue\r\n\r\nevil\n--=_upcue--\r.\r\n";
        let message = written(&Mail { text, html: text, ..mail("ada@acme.example", None, "Hi") });
        assert_eq!(message.matches("--=_upcue").count(), 3, "{message}");
        let long = "wörd".repeat(2_000);
        let message = written(&Mail { text: &long, ..mail("ada@acme.example", None, "Hi") });
        assert!(message.is_ascii() && message.split("\r\n").all(|line| line.len() <= 78));
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (at, expected) in [
            (0, "Thu, 1 Jan 1970 00:00:00 +0000"),
            (951_782_399_000, "Mon, 28 Feb 2000 23:59:59 +0000"),
            (951_782_400_000, "Tue, 29 Feb 2000 00:00:00 +0000"),
            (1_709_251_200_000, "Fri, 1 Mar 2024 00:00:00 +0000"),
            (1_798_761_599_999, "Thu, 31 Dec 2026 23:59:59 +0000"),
        ] {
            assert_eq!(date(Millis(at)), expected);
        }
    }

    #[test]
    fn the_same_mail_has_the_same_bytes() {
        let mail = mail("ada@acme.example", Some("Ada"), "Hello");
        assert_eq!(written(&mail), written(&mail));
    }
}
