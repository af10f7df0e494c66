//! The dialogue against peers that follow a script.

use std::cell::Cell;

use tokio::io::{DuplexStream, duplex};

use super::*;

/// What a peer does next.
#[derive(Clone, Copy, Debug)]
enum Act {
    /// Says this.
    Say(&'static str),
    /// Hears a line that begins with this.
    Hear(&'static str),
    /// Hears a mail to its last line.
    HearMail,
    /// Hears half of a mail and no more.
    HearSome,
}
use Act::{Hear, HearMail, HearSome, Say};

const GREETING: Act = Say("220 mx.example ESMTP\r\n");
const EHLO: Act = Hear("EHLO nimbus.example\r\n");
const OFFERS: Act = Say("250-mx.example greets you\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 AUTH LOGIN PLAIN\r\n");
const MAIL: Act = Hear("MAIL FROM:<hello@nimbus.example>\r\n");
const RCPT: Act = Hear("RCPT TO:<ada@acme.example>\r\n");
const OK: Act = Say("250 2.1.0 Ok\r\n");
const DATA: Act = Hear("DATA\r\n");
const GO_ON: Act = Say("354 End with a dot\r\n");

/// Follows the script, then closes the connection; answers what it heard.
async fn peer(mut stream: DuplexStream, script: &[Act]) -> String {
    let mut heard = String::new();
    let mut unread = String::new();
    for act in script {
        let (until, expected) = match act {
            Say(text) => {
                stream.write_all(text.as_bytes()).await.expect("the client listens");
                continue;
            }
            Hear(expected) => ("\r\n", *expected),
            HearMail => ("\r\n.\r\n", ""),
            HearSome => ("Subject", ""),
        };
        while !unread.contains(until) {
            let mut chunk = [0; 256];
            let length = stream.read(&mut chunk).await.expect("the client speaks");
            assert!(length > 0, "the client hung up where {act:?} was to be heard, after {heard}");
            unread.push_str(std::str::from_utf8(&chunk[..length]).expect("text"));
        }
        let end = unread.find(until).expect("found above") + until.len();
        let line: String = unread.drain(..end).collect();
        assert!(line.starts_with(expected), "expected {expected:?}, heard {line:?}");
        heard.push_str(&line);
    }
    heard
}

fn letter() -> Letter<'static> {
    Letter {
        hello: "nimbus.example",
        from: "hello@nimbus.example".to_owned(),
        to: "ada@acme.example".to_owned(),
        international: false,
        message: b"Subject: Hi\r\n\r\n.dot\n..\r\nend".to_vec(),
    }
}

/// How a delivery to a peer with this script ends, and what the peer heard. In one word: `sent`, `later`, `unknown`,
/// `refused`, `address`; with what was said.
fn deliver(letter: &Letter<'_>, sign_in: SignIn<'_>, script: &[Act]) -> (&'static str, String, String) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let (ours, theirs) = duplex(64);
    let handed_over = Cell::new(false);
    let client = async {
        let mut dialogue = Dialogue::new(ours);
        dialogue.greeting().await?;
        let ended = dialogue.deliver(letter, &sign_in, &|| !handed_over.replace(true)).await;
        dialogue.leave().await;
        ended
    };
    let (ended, heard) = runtime.block_on(async { tokio::join!(client, peer(theirs, script)) });
    let (word, detail) = match ended {
        Ok(id) => ("sent", id.unwrap_or_default()),
        Err(Stop::Lost(why)) => (if handed_over.get() { "unknown" } else { "later" }, why),
        Err(Stop::Answered(Delivery::Later { detail, .. })) => ("later", detail),
        Err(Stop::Answered(Delivery::Refused { detail, address })) => (if address { "address" } else { "refused" }, detail),
        Err(Stop::Answered(other)) => panic!("no answer means {other:?}"),
    };
    (word, detail, heard)
}

const NOBODY: SignIn<'_> = SignIn { username: "", password: "" };
const ADA: SignIn<'_> = SignIn { username: "ada", password: "pässword" };

#[test]
fn a_letter_goes_over() {
    let script =
        [GREETING, EHLO, OFFERS, MAIL, OK, RCPT, OK, DATA, GO_ON, HearMail, Say("250 2.0.0 Ok: queued as 7F3A\r\n"), Hear("QUIT\r\n")];
    let (word, id, heard) = deliver(&letter(), NOBODY, &script);
    assert_eq!((word, id.as_str()), ("sent", "Ok: queued as 7F3A"));
    // Dots that begin a line are doubled, bare line ends made whole.
    assert!(heard.contains("DATA\r\nSubject: Hi\r\n\r\n..dot\r\n...\r\nend\r\n.\r\n"), "{heard}");
}

#[test]
fn every_answer_has_its_meaning() {
    let before: [Act; 3] = [GREETING, EHLO, OFFERS];
    let to_recipient = [MAIL, OK, RCPT];
    let to_mail = [MAIL, OK, RCPT, OK, DATA];
    let all = [MAIL, OK, RCPT, OK, DATA, GO_ON, HearMail];
    let script = |steps: &[&[Act]]| steps.concat();
    for (script, expected) in [
        (vec![Say("421 busy\r\n")], "later"),
        (vec![Say("554 no service here\r\n")], "later"),
        (vec![Say("HTTP/1.1 400 Bad Request\r\n\r\n")], "later"),
        (vec![GREETING, EHLO, Say("502 what?\r\n")], "later"),
        (script(&[&before, &[MAIL, Say("451 4.3.0 later\r\n")]]), "later"),
        (script(&[&before, &[MAIL, Say("550 5.7.1 not you\r\n")]]), "later"),
        (script(&[&before, &[MAIL, Say("530 5.7.0 sign in first\r\n")]]), "later"),
        (script(&[&before, &[MAIL, Say("550 5.1.8 bad sender\r\n")]]), "later"),
        (script(&[&before, &to_recipient, &[Say("450 4.2.1 greylisted\r\n")]]), "later"),
        (script(&[&before, &to_recipient, &[Say("550 5.1.1 no such user\r\n")]]), "address"),
        (script(&[&before, &to_recipient, &[Say("550-5.1.1 no such user\r\n550 5.1.1 really\r\n")]]), "address"),
        (script(&[&before, &to_recipient, &[Say("550 5.1.10 null MX\r\n")]]), "address"),
        (script(&[&before, &to_recipient, &[Say("550 5.2.1 closed\r\n")]]), "address"),
        (script(&[&before, &to_recipient, &[Say("550 5.2.2 mailbox full\r\n")]]), "refused"),
        (script(&[&before, &to_recipient, &[Say("552 over quota\r\n")]]), "refused"),
        (script(&[&before, &to_recipient, &[Say("551 moved\r\n")]]), "refused"),
        (script(&[&before, &to_recipient, &[Say("553 5.1.3 no such name\r\n")]]), "address"),
        (script(&[&before, &to_recipient, &[Say("553 we do not relay\r\n")]]), "later"),
        (script(&[&before, &to_recipient, &[Say("551 5.7.1 we do not relay\r\n")]]), "later"),
        (script(&[&before, &to_recipient, &[Say("550 5.1.8 bad sender\r\n")]]), "later"),
        (script(&[&before, &to_recipient, &[Say("530 5.7.0 sign in first\r\n")]]), "later"),
        (script(&[&before, &to_recipient, &[Say("554 5.7.1 relay denied\r\n")]]), "later"),
        (script(&[&before, &to_recipient, &[Say("550 no\r\n")]]), "later"),
        (script(&[&before, &to_mail, &[Say("530 5.7.0 sign in first\r\n")]]), "later"),
        (script(&[&before, &to_mail, &[Say("554 5.5.1 no valid recipients\r\n")]]), "later"),
        (script(&[&before, &to_mail, &[Say("421 4.3.2 shutting down\r\n")]]), "later"),
        (script(&[&before, &all, &[Say("452 4.3.1 full\r\n")]]), "later"),
        (script(&[&before, &all, &[Say("554 5.7.1 spam\r\n")]]), "refused"),
        (script(&[&before, &all, &[Say("550 5.1.1 no such user\r\n")]]), "address"),
        (script(&[&before, &all, &[Say("250 2.0.0 Ok\r\n")]]), "sent"),
        (script(&[&before, &all, &[Say("2"), Say("50 "), Say("O"), Say("k\r\n")]]), "sent"),
    ] {
        let (word, detail, _) = deliver(&letter(), NOBODY, &script);
        assert_eq!(word, expected, "{script:?}: {detail}");
    }
}

/// Only between the last byte of the mail and the answer to it is it unknown what became of it.
#[test]
fn a_lost_connection_is_unknown_only_at_the_end() {
    let whole = [GREETING, EHLO, OFFERS, MAIL, OK, RCPT, OK, DATA, GO_ON, HearMail];
    for length in 0..whole.len() {
        let (word, detail, _) = deliver(&letter(), NOBODY, &whole[..length]);
        // What is still in the pipe when the peer is gone was written, as far as the client can know.
        let expected = if length == whole.len() - 1 { ["later", "unknown"] } else { ["later", "later"] };
        assert!(expected.contains(&word), "{length}: {word} {detail}");
    }
    for last in [&[][..], &[Say("250")], &[Say("250-Ok\r\n250-")], &[Say("not SMTP\r\n")]] {
        let (word, detail, _) = deliver(&letter(), NOBODY, &[&whole[..], last].concat());
        assert_eq!(word, "unknown", "{last:?}: {detail}");
    }
    let long = Letter { message: [b"Subject: Hi\r\n\r\n".to_vec(), vec![b'x'; 10_000]].concat(), ..letter() };
    let (word, ..) = deliver(&long, NOBODY, &[&whole[..9], &[HearSome]].concat());
    assert_eq!(word, "later", "the peer never had the end of it");
}

#[test]
fn signing_in_takes_what_the_server_offers() {
    let offers = |text| [GREETING, EHLO, Say(text)];
    let rest = [MAIL, OK, RCPT, OK, DATA, GO_ON, HearMail, Say("250 Ok\r\n")];
    let plain = Hear("AUTH PLAIN AGFkYQBww6Rzc3dvcmQ=\r\n");
    let login =
        [Hear("AUTH LOGIN\r\n"), Say("334 VXNlcm5hbWU6\r\n"), Hear("YWRh\r\n"), Say("334 UGFzc3dvcmQ6\r\n"), Hear("cMOkc3N3b3Jk\r\n")];
    for (script, expected) in [
        ([&offers("250-mx\r\n250 AUTH LOGIN PLAIN\r\n")[..], &[plain, Say("235 2.7.0 in\r\n")], &rest].concat(), "sent"),
        ([&offers("250-mx\r\n250 auth plain\r\n")[..], &[plain, Say("235 in\r\n")], &rest].concat(), "sent"),
        ([&offers("250-mx\r\n250 AUTH=LOGIN\r\n")[..], &login, &[Say("235 in\r\n")], &rest].concat(), "sent"),
        ([&offers("250-mx\r\n250 AUTH LOGIN\r\n")[..], &login, &[Say("535 5.7.8 no\r\n")]].concat(), "later"),
        ([&offers("250-mx\r\n250 AUTH LOGIN\r\n")[..], &login[..1], &[Say("454 4.7.0 not now\r\n")]].concat(), "later"),
        ([&offers("250-mx\r\n250 AUTH PLAIN\r\n")[..], &[plain, Say("535 5.7.8 no\r\n")]].concat(), "later"),
        ([&offers("250-mx\r\n250 AUTH GSSAPI\r\n")[..]].concat(), "later"),
        ([&offers("250 AUTH PLAIN\r\n")[..]].concat(), "later"),
    ] {
        let (word, detail, _) = deliver(&letter(), ADA, &script);
        assert_eq!(word, expected, "{script:?}: {detail}");
        assert!(!detail.contains("cMOkc3N3b3Jk") && !detail.contains("pässword"), "{detail}");
    }
}

#[test]
fn international_addresses_need_a_server_that_knows_them() {
    let letter = Letter { to: "ädä@acme.example".to_owned(), international: true, ..letter() };
    let (word, ..) = deliver(&letter, NOBODY, &[GREETING, EHLO, Say("250-mx\r\n250 8BITMIME\r\n")]);
    assert_eq!(word, "address");
    let script = [
        GREETING,
        EHLO,
        OFFERS,
        Hear("MAIL FROM:<hello@nimbus.example> SMTPUTF8\r\n"),
        OK,
        Hear("RCPT TO:<ädä@acme.example>\r\n"),
        OK,
        DATA,
        GO_ON,
        HearMail,
        Say("250 Ok\r\n"),
    ];
    assert_eq!(deliver(&letter, NOBODY, &script).0, "sent");
}

#[test]
fn tls_begins_only_where_nothing_was_slipped_in() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    for (script, expected) in [
        (vec![EHLO, Say("250-mx\r\n250 STARTTLS\r\n"), Hear("STARTTLS\r\n"), Say("220 go\r\n")], Ok(true)),
        (vec![EHLO, Say("250-mx\r\n250 PIPELINING\r\n")], Ok(false)),
        (vec![EHLO, Say("250-mx\r\n250 STARTTLS\r\n"), Hear("STARTTLS\r\n"), Say("454 not now\r\n")], Ok(false)),
        (vec![EHLO, Say("250-mx\r\n250 STARTTLS\r\n"), Hear("STARTTLS\r\n"), Say("220 go\r\n250 sneaked in\r\n")], Err(())),
    ] {
        let (ours, theirs) = duplex(1_024);
        let mut dialogue = Dialogue::new(ours);
        let (began, _) = runtime.block_on(async { tokio::join!(dialogue.start_tls("nimbus.example"), peer(theirs, &script)) });
        let began = match began {
            Ok(()) => Ok(true),
            Err(Stop::Answered(_)) => Ok(false),
            Err(Stop::Lost(_)) => Err(()),
        };
        assert_eq!(began, expected, "{script:?}");
    }
}

#[test]
fn answers_without_end_are_given_up() {
    static FLOOD: &str = "250-x\r\n";
    let script: Vec<Act> = [GREETING, EHLO].into_iter().chain(std::iter::repeat_n(Say(FLOOD), 800)).collect();
    // The client hangs up, and the peer's next word finds nobody: so the peer is not joined, only dropped.
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let (ours, theirs) = duplex(64 * 1024);
    let ended = runtime.block_on(async {
        let client = async {
            let mut dialogue = Dialogue::new(ours);
            dialogue.greeting().await.expect("a greeting");
            dialogue.deliver(&letter(), &NOBODY, &|| true).await
        };
        tokio::join!(client, async { peer(theirs, &script).await }).0
    });
    assert!(matches!(ended, Err(Stop::Lost(_))), "{ended:?}");
}
