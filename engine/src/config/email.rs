//! Mail as such: from whom, with which links, how fast. The section `email` of the document.

use serde::{Deserialize, Serialize};

use super::json::{Json, Value};
use super::parts::name;
use super::reader::{Object, Reader};
use crate::ids::{is_address, is_host};
use crate::wire;

/// How many mails a second leave at most, where the document does not say: what providers usually allow.
const RATE: u16 = 2;
/// The most mails a second.
const MAX_RATE: i64 = 1_000;
/// The most links, and hosts besides theirs.
const MAX_LINKS: usize = 50;
/// The longest link, and the longest name of a sender or postal address, in bytes.
const MAX_LINK: usize = 2_000;
const MAX_LINE: usize = 200;

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

/// Reads the section. Where there are sequences mails are sent, and need a sender and a postal address.
pub(super) fn email(document: &Object<'_>, reader: &mut Reader) -> Email {
    let part = document.get("email");
    let needed: &[&'static str] = if has_sequences(document) { &["from", "postal_address"] } else { &[] };
    if let (Some(sequences), None, [_, ..]) = (document.get("sequences"), part, needed) {
        let detail = "sequences send mails, and those need a sender and a postal address; add `email` with `from` and `postal_address`";
        reader.tell(sequences, "missing", detail);
    }
    let all = ["from", "postal_address", "reply_to", "links", "click_hosts", "track", "rate"];
    let section = reader.object(part, needed, &all);
    let usual = Email::default();
    let track = reader.object(section.get("track"), &[], &["clicks", "opens"]);
    let links = links(section.get("links"), reader);
    Email {
        from: section.get("from").map(|part| mailbox(part, reader)),
        reply_to: section.get("reply_to").map(|part| address(Some(part), reader)),
        postal_address: line(section.get("postal_address"), reader),
        click_hosts: hosts(&links, section.get("click_hosts"), reader),
        links,
        track_clicks: reader.flag(track.get("clicks")).unwrap_or(usual.track_clicks),
        track_opens: reader.flag(track.get("opens")).unwrap_or(usual.track_opens),
        rate: reader.whole(section.get("rate"), 1..=MAX_RATE).and_then(|rate| u16::try_from(rate).ok()).unwrap_or(usual.rate),
    }
}

fn has_sequences(document: &Object<'_>) -> bool {
    document.get("sequences").is_some_and(|part| matches!(&part.value, Value::List(items) if !items.is_empty()))
}

fn mailbox(part: &Json, reader: &mut Reader) -> Mailbox {
    let raw = reader.object(Some(part), &["address"], &["name"]);
    Mailbox { address: address(raw.get("address"), reader), name: raw.get("name").map(|part| line(Some(part), reader)) }
}

/// An address of mail, as it is written: the names of other scripts that a domain may have are kept.
fn address(part: Option<&Json>, reader: &mut Reader) -> String {
    let text = reader.text(part).unwrap_or_default();
    if let Some(part) = part.filter(|part| matches!(part.value, Value::Text(_)) && !is_address(text)) {
        reader.tell(part, "bad_address", format!("`{}` is no address; write one as in \"hello@nimbus.example\"", text.escape_debug()));
    }
    text.to_owned()
}

/// What stands on one line of a mail.
fn line(part: Option<&Json>, reader: &mut Reader) -> String {
    let text = reader.text(part).unwrap_or_default();
    let Some(part) = part.filter(|part| matches!(part.value, Value::Text(_))) else { return String::new() };
    if text.trim().is_empty() {
        reader.tell(part, "missing", "this is empty");
    } else if text.chars().any(char::is_control) {
        reader.tell(part, "bad_line", "this is to stand on one line; remove the line breaks and other control characters");
    } else if text.len() > MAX_LINE {
        reader.tell(part, "too_long", format!("{} bytes; at most {MAX_LINE}", text.len()));
    }
    text.to_owned()
}

fn links(part: Option<&Json>, reader: &mut Reader) -> Vec<(String, String)> {
    let entries = reader.entries(part, MAX_LINKS);
    let mut read = |(key, part): &(String, Json)| {
        name(key, part, reader);
        let link = reader.text(Some(part)).unwrap_or_default();
        if matches!(part.value, Value::Text(_)) && host(link).is_none() {
            let detail = format!("`{}` is no link; write one as in \"https://app.nimbus.example/plans\"", link.escape_debug());
            reader.tell(part, "bad_link", detail);
        }
        (key.clone(), link.to_owned())
    };
    entries.iter().map(&mut read).collect()
}

/// The host that a link leads to, as it is written; `None` where it is no link of the web. Somebody's name before the host would
/// only mislead.
fn host(link: &str) -> Option<&str> {
    let rest = link.strip_prefix("https://").or_else(|| link.strip_prefix("http://"))?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let (host, port) = authority.split_once(':').unwrap_or((authority, "0"));
    let is_plain = link.len() <= MAX_LINK && !link.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\');
    (is_plain && port.parse::<u16>().is_ok() && is_host(host)).then_some(host)
}

fn hosts(links: &[(String, String)], part: Option<&Json>, reader: &mut Reader) -> Vec<String> {
    let mut hosts: Vec<String> = links.iter().filter_map(|(_, link)| host(link)).map(str::to_ascii_lowercase).collect();
    for part in reader.list(part, MAX_LINKS) {
        let Some(host) = reader.text(Some(part)) else { continue };
        if !is_host(host) {
            let detail = format!("`{}` is no host; write its name alone, as in \"docs.nimbus.example\"", host.escape_debug());
            reader.tell(part, "bad_host", detail);
        }
        hosts.push(host.to_ascii_lowercase());
    }
    hosts.sort_unstable();
    hosts.dedup();
    hosts
}
