//! A mail server that takes mail to pass it on (RFC 6409), from the Worker's own socket.
//!
//! One connection a mail. Certificates are checked by the platform, against the name in the settings. SMTP has no
//! idempotency: when the connection ends between the mail's last byte and the server's answer, nobody knows whether it was
//! taken. That is told as such, and it is the only way in which a mail can go out twice.

mod dialogue;

use std::cell::Cell;
use std::time::Duration;

use futures_util::future::{Either, select};
use worker::{Delay, SecureTransport, Socket};

use self::dialogue::{Dialogue, Letter, SignIn, Stop};
use super::access::{Security, is_loopback};
use super::envelope::Envelope;
use super::provider::Provider;
use super::{Delivery, Handing, Mail, cut, mime};
use crate::host;

/// How long all of it may take. Servers may take minutes over the last answer (RFC 5321, 4.5.3.2); few take seconds.
const TIMEOUT: Duration = Duration::from_mins(1);
/// The port between servers.
const BETWEEN_SERVERS: u16 = 25;

/// How the server is reached.
pub(super) struct Server<'a> {
    pub(super) host: &'a str,
    pub(super) port: u16,
    pub(super) security: Security,
    pub(super) username: &'a str,
    pub(super) password: &'a str,
}

impl Provider for Server<'_> {
    async fn deliver(&self, mail: &Mail<'_>, envelope: &Envelope, handing: &Handing<'_>) -> Delivery {
        if let Some(detail) = forbidden(self) {
            return Delivery::Later { detail: detail.to_owned(), wait: None };
        }
        let letter = Letter {
            hello: envelope.from.address.domain(),
            from: envelope.from.address.text(),
            to: envelope.to.address.text(),
            international: envelope.is_international(),
            message: mime::message(mail, envelope, host::now()),
        };
        let handed_over = Cell::new(false);
        let hand_over = || {
            handed_over.set(handing());
            handed_over.get()
        };
        let call = converse(self, &letter, &hand_over);
        let timeout = Delay::from(TIMEOUT);
        futures_util::pin_mut!(call, timeout);
        let lost = match select(call, timeout).await {
            Either::Left((Ok(id), _)) => return Delivery::Sent { id },
            Either::Left((Err(Stop::Answered(delivery)), _)) => return delivery,
            Either::Left((Err(Stop::Lost(why)), _)) => cut(&why).to_owned(),
            Either::Right(_) => format!("no answer within {} s", TIMEOUT.as_secs()),
        };
        if handed_over.get() {
            return Delivery::Unknown { detail: format!("the mail server has all of the mail and did not confirm it: {lost}") };
        }
        Delivery::Later { detail: format!("the mail server could not be used: {lost}"), wait: None }
    }
}

/// Settings are checked when they are made; a row of before that must not open what they close.
fn forbidden(server: &Server<'_>) -> Option<&'static str> {
    match server.security {
        Security::None if !is_loopback(server.host) => {
            Some("security none is for this machine alone; set email.security to tls or starttls")
        }
        _ if server.port == BETWEEN_SERVERS => Some("Cloudflare blocks port 25; set email.port to 465 (tls) or 587 (starttls)"),
        _ => None,
    }
}

/// Connects and hands the letter over; answers the server's name for it.
async fn converse(server: &Server<'_>, letter: &Letter<'_>, handing: &Handing<'_>) -> Result<Option<String>, Stop> {
    let lost = |error: worker::Error| Stop::Lost(error.to_string());
    let transport = match server.security {
        Security::Tls => SecureTransport::On,
        Security::StartTls => SecureTransport::StartTls,
        Security::None => SecureTransport::Off,
    };
    let socket = Socket::builder().secure_transport(transport).connect(server.host, server.port).map_err(lost)?;
    socket.opened().await.map_err(lost)?;
    let mut dialogue = Dialogue::new(socket);
    dialogue.greeting().await?;
    if server.security == Security::StartTls {
        dialogue.start_tls(letter.hello).await?;
        dialogue = Dialogue::new(dialogue.into_stream().start_tls());
    }
    let sign_in = SignIn { username: server.username, password: server.password };
    let ended = dialogue.deliver(letter, &sign_in, handing).await;
    let _closed_by_whoever_is_first = dialogue.leave().await.close().await;
    ended
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_closed_stays_closed() {
        let server = |host, port, security| Server { host, port, security, username: "", password: "" };
        for (server, open) in [
            (server("smtp.example", 465, Security::Tls), true),
            (server("smtp.example", 587, Security::StartTls), true),
            (server("127.0.0.1", 2525, Security::None), true),
            (server("localhost", 2525, Security::None), true),
            (server("smtp.example", 2525, Security::None), false),
            (server("127.0.0.1.example", 2525, Security::None), false),
            (server("smtp.example", 25, Security::StartTls), false),
        ] {
            assert_eq!(forbidden(&server).is_none(), open, "{}:{}", server.host, server.port);
        }
    }
}
