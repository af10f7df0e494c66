//! What is said to a mail server, and what its answers mean (RFC 5321, 4954, 3207, 6531).
//!
//! `smtp-proto` reads the answers. One command at a time: a mail costs a few round trips more than with pipelining, and every
//! answer belongs to the command it looks as if it belonged to.

use base64ct::{Base64, Encoding};
use smtp_proto::Response;
use smtp_proto::response::parser::ResponseReceiver;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::mail::{CALLED_BACK, Delivery, Handing, cut};

/// The longest answer, in bytes.
const MAX_ANSWER: usize = 64 * 1024;

/// What is handed over.
#[derive(Debug)]
pub(super) struct Letter<'a> {
    /// What the client calls itself.
    pub(super) hello: &'a str,
    /// Where it goes back to.
    pub(super) from: String,
    /// Where it goes.
    pub(super) to: String,
    /// Whether the server must know international addresses.
    pub(super) international: bool,
    /// The mail.
    pub(super) message: Vec<u8>,
}

/// Who signs in; nobody when the name is empty.
#[derive(Clone, Copy)]
pub(super) struct SignIn<'a> {
    pub(super) username: &'a str,
    pub(super) password: &'a str,
}

/// A connection, and what came over it that nobody has read yet.
pub(super) struct Dialogue<S> {
    stream: S,
    unread: Vec<u8>,
}

/// Why a dialogue ends before its end.
#[derive(Debug)]
pub(super) enum Stop {
    /// The connection failed; in words.
    Lost(String),
    /// The server's answer decides.
    Answered(Delivery),
}

impl Stop {
    fn lost(why: &str) -> Self {
        Self::Lost(why.to_owned())
    }

    fn later(why: &str) -> Self {
        Self::Answered(Delivery::Later { detail: why.to_owned(), wait: None })
    }
}

type Said<T> = Result<T, Stop>;

impl<S: AsyncRead + AsyncWrite + Unpin> Dialogue<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, unread: Vec::new() }
    }

    pub(super) fn into_stream(self) -> S {
        self.stream
    }

    /// Waits for the server's greeting.
    pub(super) async fn greeting(&mut self) -> Said<()> {
        let reply = self.read().await?;
        if reply.code == 220 { Ok(()) } else { Err(not_now("greeted with", &reply)) }
    }

    /// Has the server change to TLS; whoever owns the stream does so next.
    pub(super) async fn start_tls(&mut self, hello: &str) -> Said<()> {
        if !self.hello(hello).await?.has("STARTTLS") {
            return Err(Stop::later("the mail server does not offer STARTTLS; set email.security to tls, with the port for it"));
        }
        let reply = self.ask("STARTTLS").await?;
        if reply.code != 220 {
            return Err(not_now("answered STARTTLS with", &reply));
        }
        // It would be taken for what the server says under TLS.
        if self.unread.is_empty() { Ok(()) } else { Err(Stop::lost("the server, or somebody in between, went on talking before TLS")) }
    }

    /// Signs in and hands the letter over; answers the server's name for it. `handing` is told right before the server may have all
    /// of it.
    pub(super) async fn deliver(&mut self, letter: &Letter<'_>, who: &SignIn<'_>, handing: &Handing<'_>) -> Said<Option<String>> {
        let offers = self.hello(letter.hello).await?;
        self.sign_in(&offers, who).await?;
        if letter.international && !offers.has("SMTPUTF8") {
            let detail = "the mail server takes no addresses outside ASCII (it does not offer SMTPUTF8)".to_owned();
            return Err(Stop::Answered(Delivery::Refused { detail, address: true }));
        }
        let extra = if letter.international { " SMTPUTF8" } else { "" };
        let reply = self.ask(&format!("MAIL FROM:<{}>{extra}", letter.from)).await?;
        taken("the sender", &reply, not_now)?;
        let reply = self.ask(&format!("RCPT TO:<{}>", letter.to)).await?;
        taken("the recipient", &reply, refused_recipient)?;
        let reply = self.ask("DATA").await?;
        if reply.code != 354 {
            return Err(not_now("answered DATA with", &reply));
        }
        self.write(&stuffed(&letter.message)).await?;
        if !handing() {
            return Err(Stop::later(CALLED_BACK));
        }
        self.write(b".\r\n").await?;
        let reply = self.read().await?;
        taken("the mail", &reply, refused_mail)?;
        Ok(Some(cut(&reply.message).to_owned()).filter(|id| !id.is_empty()))
    }

    /// Takes leave. Nobody waits for the answer to this.
    pub(super) async fn leave(mut self) -> S {
        let _gone_already = self.stream.write_all(b"QUIT\r\n").await;
        self.stream
    }

    async fn hello(&mut self, hello: &str) -> Said<Offers> {
        let reply = self.ask(&format!("EHLO {hello}")).await?;
        if reply.code == 250 { Ok(Offers(reply.message)) } else { Err(not_now("answered EHLO with", &reply)) }
    }

    /// A password that is refused is the operator's to set right; the letter waits for it.
    async fn sign_in(&mut self, offers: &Offers, who: &SignIn<'_>) -> Said<()> {
        if who.username.is_empty() {
            return Ok(());
        }
        let reply = if offers.signs_in_by("PLAIN") {
            let plain = format!("\0{}\0{}", who.username, who.password);
            self.ask(&format!("AUTH PLAIN {}", Base64::encode_string(plain.as_bytes()))).await?
        } else if offers.signs_in_by("LOGIN") {
            let mut reply = self.ask("AUTH LOGIN").await?;
            for answer in [who.username, who.password] {
                if reply.code == 334 {
                    reply = self.ask(&Base64::encode_string(answer.as_bytes())).await?;
                }
            }
            reply
        } else {
            let why = "the mail server offers neither AUTH PLAIN nor AUTH LOGIN; see whether email.port and email.security are right";
            return Err(Stop::later(why));
        };
        if reply.code == 235 {
            return Ok(());
        }
        Err(Stop::later(&format!("{}; check email.username and email.password", said("answered the sign-in with", &reply))))
    }

    async fn ask(&mut self, line: &str) -> Said<Response<String>> {
        self.write(format!("{line}\r\n").as_bytes()).await?;
        self.read().await
    }

    async fn write(&mut self, bytes: &[u8]) -> Said<()> {
        self.stream.write_all(bytes).await.map_err(failed)?;
        self.stream.flush().await.map_err(failed)
    }

    /// Reads one answer, of however many lines.
    async fn read(&mut self) -> Said<Response<String>> {
        let mut receiver = ResponseReceiver::default();
        let mut total = 0;
        loop {
            total += self.unread.len();
            let mut bytes = self.unread.iter();
            let parsed = receiver.parse(&mut bytes);
            self.unread = bytes.as_slice().to_vec();
            match parsed {
                Ok(reply) => return Ok(reply),
                Err(smtp_proto::Error::NeedsMoreData { .. }) if total <= MAX_ANSWER => {}
                Err(_) => return Err(Stop::lost("what the server says is not SMTP")),
            }
            let mut chunk = [0; 1024];
            let length = self.stream.read(&mut chunk).await.map_err(failed)?;
            if length == 0 {
                return Err(Stop::lost("the server closed the connection"));
            }
            self.unread.extend_from_slice(chunk.get(..length).unwrap_or_default());
        }
    }
}

/// What a server says it can do, a line each.
struct Offers(String);

impl Offers {
    fn lines(&self) -> impl Iterator<Item = impl Iterator<Item = &str>> {
        // The first line is the server's name.
        self.0.lines().skip(1).map(|line| line.split([' ', '=']).filter(|word| !word.is_empty()))
    }

    fn has(&self, keyword: &str) -> bool {
        self.lines().any(|mut words| words.next().is_some_and(|word| word.eq_ignore_ascii_case(keyword)))
    }

    /// `AUTH PLAIN LOGIN`, or as old servers have it `AUTH=PLAIN`.
    fn signs_in_by(&self, mechanism: &str) -> bool {
        self.lines().any(|mut words| {
            words.next().is_some_and(|word| word.eq_ignore_ascii_case("AUTH")) && words.any(|word| word.eq_ignore_ascii_case(mechanism))
        })
    }
}

#[expect(clippy::needless_pass_by_value, reason = "what map_err hands over")]
fn failed(error: std::io::Error) -> Stop {
    Stop::Lost(error.to_string())
}

fn said(what: &str, reply: &Response<String>) -> String {
    format!("the mail server {what} {} {}", reply.code, cut(&reply.message)).trim_end().to_owned()
}

/// Before a server has seen the mail, what it refuses is us: an account that may not send for this sender, or not pass mail on
/// (RFC 4954, 6: 530; RFC 3463, 3.8: 5.7.1). An operator can set that right, and the letter waits for it.
fn not_now(what: &str, reply: &Response<String>) -> Stop {
    Stop::later(&said(what, reply))
}

/// `Ok` where the server takes what it was offered; else what `otherwise` makes of its answer.
fn taken(what: &str, reply: &Response<String>, otherwise: fn(&str, &Response<String>) -> Stop) -> Said<()> {
    if (200..300).contains(&reply.code) { Ok(()) } else { Err(otherwise(&format!("answered {what} with"), reply)) }
}

/// Only an answer about the mailbox itself is final: by its enhanced code (RFC 3463: 5.1 is of addresses, 5.2 of mailboxes), or
/// where there is none by 551 and 552, which say nothing else (RFC 5321, 4.2.3). A bare 550 or 553 may as well say that the server
/// does not pass mail on for us.
fn refused_recipient(what: &str, reply: &Response<String>) -> Stop {
    match (reply.code, reply.esc) {
        (500..600, _) if blames_address(reply) => refused(what, reply),
        (500..600, [5, 2, _]) | (551 | 552, [0, ..]) => refused(what, reply),
        _ => not_now(what, reply),
    }
}

/// A server that has seen the mail and says 5xx will not take it, whatever anybody sets right.
fn refused_mail(what: &str, reply: &Response<String>) -> Stop {
    if (500..600).contains(&reply.code) { refused(what, reply) } else { not_now(what, reply) }
}

fn refused(what: &str, reply: &Response<String>) -> Stop {
    Stop::Answered(Delivery::Refused { detail: said(what, reply), address: blames_address(reply) })
}

/// RFC 3463: 5.1.0 to 5.1.6 and 5.1.10 speak of the recipient's address, 5.1.7 and 5.1.8 of the sender's; 5.2.1 is a mailbox that is
/// closed, while other troubles of mailboxes pass.
fn blames_address(reply: &Response<String>) -> bool {
    matches!(reply.esc, [5, 1, 0..=6 | 10] | [5, 2, 1])
}

/// A message as it goes over the wire: lines end with CR LF and nothing else does, and none begins with a lone dot.
fn stuffed(message: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(message.len() + 64);
    let mut rest = message;
    while !rest.is_empty() {
        let end = rest.iter().position(|b| matches!(b, b'\r' | b'\n')).unwrap_or(rest.len());
        let (line, after) = rest.split_at(end);
        if line.starts_with(b".") {
            bytes.push(b'.');
        }
        bytes.extend_from_slice(line);
        bytes.extend_from_slice(b"\r\n");
        rest = match after {
            [b'\r', b'\n', rest @ ..] | [b'\r' | b'\n', rest @ ..] => rest,
            _ => after,
        };
    }
    bytes
}

#[cfg(test)]
mod tests;
