//! Mail as such: from whom, with which links, how fast. The section `email` of the document.

use serde::{Deserialize, Serialize};

use crate::wire;

/// How many mails a second leave at most, where the document does not say: what providers usually allow.
const RATE: u16 = 2;

/// From whom mails are, where their links lead, how fast they leave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Email {
    /// The sender; `None` only where there are no sequences.
    pub from: Option<Mailbox>,
    /// Where answers go, if not to the sender.
    pub reply_to: Option<String>,
    /// The footer's postal address; empty only where there are no sequences.
    pub postal_address: String,
    /// Where `{{links.<name>}}` lead, by name.
    pub links: Vec<(String, String)>,
    /// The hosts that clicks may lead to, in lower case: those of the links, and those that are named besides.
    pub click_hosts: Vec<String>,
    /// Whether clicks are counted.
    pub track_clicks: bool,
    /// Whether it is counted that a mail was opened.
    pub track_opens: bool,
    /// How many mails of the whole app leave in a second at most.
    pub rate: u16,
}

wire! { struct Email { from, reply_to, postal_address, links, click_hosts, track_clicks, track_opens, rate } }

impl Default for Email {
    fn default() -> Self {
        Self {
            from: None,
            reply_to: None,
            postal_address: String::new(),
            links: Vec::new(),
            click_hosts: Vec::new(),
            track_clicks: true,
            track_opens: false,
            rate: RATE,
        }
    }
}

/// An address, and whose it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mailbox {
    /// `hello@nimbus.example`
    pub address: String,
    /// What people read in its place.
    pub name: Option<String>,
}

wire! { struct Mailbox { address, name } }
