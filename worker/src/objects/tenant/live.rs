//! Live connections: frames to every open page within a second of any change.
//!
//! The sockets hibernate: who looks is attached to each, so an object that was put to sleep finds them again. A burst of
//! changes is sent as its first and, a moment later, its last state. What the pages of one change are told alike is made once for all.
//!
//! A page that cannot be told something has its socket closed: it opens another one, and begins with everything. So does one whose
//! token has run out, with a fresh token; pages renew theirs before that, so this is for those that do not.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use upcue_engine::tenant::Editions;
use upcue_engine::time::{HOUR, MINUTE, Millis};
use upcue_engine::wire;
use worker::worker_sys::ext::WebSocketExt;
use worker::{Delay, Headers, Response, WebSocket, WebSocketPair, WebSocketRequestResponsePair};

use super::Core;
use super::store::Stored;
use crate::fault;
use crate::host;
use crate::problem::{ApiError, ApiResult};
use crate::rpc::{TenantEnvelope, WhoLooks};

/// The shortest time between two sends, in milliseconds.
const INTERVAL: i64 = 150;
/// The close code that asks the page for a fresh token.
const TOKEN_EXPIRED: u16 = 4401;
/// The close code that tells of a failure of the Worker's (RFC 6455, section 7.4.1); the page comes back after a while.
const FAILED: u16 = 1011;
/// Sockets whose token has run out are looked for at least so long after they were last: each look is billed.
const LOOK_APART: i64 = 15 * MINUTE;

/// When was sent last, and whether another sending is due.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    last: Cell<i64>,
    due: Cell<bool>,
}

/// What is attached to a socket.
#[derive(Clone, Debug)]
struct Page {
    /// Who looks.
    who: WhoLooks,
    /// The hash of the rules the page was last sent, so that it is sent them again only when others are left for it.
    rules: u64,
}

wire! { struct Page { who, rules } }

/// Attaches a page to its socket. As bytes: attaching values brings a second serialiser along, 20 kB of wasm.
fn attach(socket: &WebSocket, page: &Page) -> ApiResult<()> {
    let bytes = js_sys::Uint8Array::from(wire::encode(page).as_slice());
    Ok(socket.as_ref().serialize_attachment(bytes.into()).map_err(worker::Error::from)?)
}

/// The page at a socket.
fn attached(socket: &WebSocket) -> ApiResult<Page> {
    let bytes = socket.as_ref().deserialize_attachment().map_err(worker::Error::from)?;
    wire::decode(&js_sys::Uint8Array::new(&bytes).to_vec()).ok_or_else(ApiError::unreadable)
}

/// What is sent.
#[derive(Clone, Copy)]
enum What {
    /// What changes from moment to moment; everything, if other rules are left for the page.
    Live,
    /// Everything.
    Snapshot,
}

impl Core {
    /// Lets the platform answer pings without waking this object.
    pub(super) fn answer_pings(&self) {
        if let Ok(pair) = WebSocketRequestResponsePair::new("ping", "pong") {
            self.state.set_websocket_auto_response(&pair);
        }
    }

    /// Opens a live connection and sends everything at once.
    pub(super) async fn open_live(&self, envelope: &TenantEnvelope, who: &WhoLooks) -> ApiResult<Response> {
        self.prepare(envelope, false).await?;
        let WebSocketPair { client, server } = WebSocketPair::new()?;
        self.state.accept_web_socket(&server);
        let mut page = Page { who: who.clone(), rules: 0 };
        let frame = self.with_loaded(|stored| {
            stored.meet(&page.who, host::now())?;
            (page.who.email, page.who.name) = (None, None); // an attachment has little room, and nobody asks it for them
            stored.look_by(page.who.expires.max(host::now().plus(LOOK_APART)), host::now())?;
            frame(stored, &mut Editions::new(host::now()), What::Snapshot, &mut page)
        })?;
        attach(&server, &page)?;
        server.send_with_bytes(frame)?;
        let headers = Headers::new();
        headers.set("sec-websocket-protocol", "upcue.v1")?;
        Ok(Response::from_websocket(client)?.with_headers(headers))
    }

    /// Tells every open page that rules or plan have changed.
    pub(super) fn push_snapshots(&self) {
        self.send(What::Snapshot);
    }

    /// Tells every open page how things stand: now, or in a moment if it was told just now.
    pub(super) fn push_live(self: &Rc<Self>) {
        if self.pulse.due.get() || self.state.get_websockets().is_empty() {
            return;
        }
        let wait = self.pulse.last.get() + INTERVAL - host::now().0;
        if wait <= 0 || wait > INTERVAL {
            self.send(What::Live);
            return;
        }
        self.pulse.due.set(true);
        self.send_in(wait.unsigned_abs());
    }

    fn send_in(self: &Rc<Self>, ms: u64) {
        let core = Rc::clone(self);
        self.state.wait_until(async move {
            Delay::from(Duration::from_millis(ms)).await;
            core.send(What::Live);
        });
    }

    fn send(&self, what: What) {
        if self.gone.get() {
            return; // these are another's
        }
        let now = host::now();
        self.pulse.last.set(now.0);
        self.pulse.due.set(false);
        let mut editions = Editions::new(now);
        for socket in self.state.get_websockets() {
            if let Err(error) = self.send_to(&socket, what, &mut editions, now) {
                crate::log::background("live", error.source().unwrap_or_else(|| error.code()));
                // What it does not hear it would never know to miss.
                let _is_closed_anyway = socket.close(Some(FAILED), Some("not everything could be sent"));
            }
        }
    }

    fn send_to(&self, socket: &WebSocket, what: What, editions: &mut Editions, now: Millis) -> ApiResult<()> {
        let mut page = attached(socket)?;
        if page.who.expires <= now {
            socket.close(Some(TOKEN_EXPIRED), Some("token expired"))?;
            return Ok(());
        }
        fault::at("live.send")?;
        let known = page.rules;
        let frame = self.with_loaded(|stored| frame(stored, editions, what, &mut page))?;
        if page.rules != known {
            attach(socket, &page)?;
        }
        socket.send_with_bytes(frame)?;
        Ok(())
    }

    /// Closes the sockets of a user, or all: their pages ask for a fresh token, and begin anew where they are given one.
    pub(super) fn hang_up(&self, user: Option<&str>) {
        for socket in self.state.get_websockets() {
            let is_theirs = user.is_none_or(|user| attached(&socket).is_ok_and(|page| page.who.user == user));
            if is_theirs {
                let _is_closed_anyway = socket.close(Some(TOKEN_EXPIRED), Some("erased"));
            }
        }
    }

    /// When sockets are to be looked at again: within the hour, or when the next token runs out; `None` when no page is open.
    pub(super) fn next_look(&self, now: Millis) -> Option<Millis> {
        let expiries = self.state.get_websockets().iter().map(|socket| attached(socket).map_or(now, |page| page.who.expires)).min();
        expiries.map(|first| first.max(now.plus(LOOK_APART)).min(now.plus(HOUR)))
    }
}

/// The frame for `page`, which knows its rules from then on.
fn frame(stored: &mut Stored, editions: &mut Editions, what: What, page: &mut Page) -> ApiResult<Vec<u8>> {
    stored.load_user(&page.who.user)?;
    let known = matches!(what, What::Live).then_some(page.rules);
    let (frame, rules) = stored.frame(editions, &page.who, known);
    page.rules = rules;
    Ok(frame)
}
