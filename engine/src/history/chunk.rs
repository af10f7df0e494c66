//! Entries as bytes: a dictionary of texts that grows as they occur, varint differences of time, a byte of shape each for an
//! entry and an event.
//!
//! After the format's number follow the entries. An entry's first byte:
//!
//! | bits | a plain entry: one batch, time went on | another |
//! |---|---|---|
//! | 0 | 0 | 1 |
//! | 1, 2 | role: none, member, admin | 1: time went back |
//! | 3 to 5 | how many events; 0: the number follows | |
//! | 6 | transitions follow | the same |
//! | 7 | verdicts follow | the same |
//!
//! then the milliseconds since the entry before, and the events, or the inputs with their number. An event's first byte: its
//! kind (bits 0 to 2), whether a user (3) and a time (4) follow, the number of its first text if that is below 8 (5 to 7).

use super::bytes::{Input as From, Output as To};
use super::{Entry, FULL, FULL_AFTER, Input};
use crate::decision::Reason;
use crate::facts::Role;
use crate::tenant::{Batch, Changed, Transition, Verdict};
use crate::time::Millis;
use crate::usage::{Event, EventKind, NoteKind, Reading};
use crate::wire;

/// The number of the format.
const FORMAT: u8 = 1;
/// The kinds of events.
const ADD: u8 = 0;
const SET: u8 = 1;
const TRACK: u8 = 2;
const TRACK_FEATURE: u8 = 3;
const NOTE: u8 = 4;
const IDENTIFY: u8 = 5;
/// The kinds of inputs.
const BATCH: u8 = 0;
const MIRROR: u8 = 1;
const REQUESTS: u8 = 2;
const RULES: u8 = 3;
const MET: u8 = 4;
const ZONE: u8 = 5;
const SPENT: u8 = 6;

const OTHER: u8 = 1;
const BACK: u8 = 1 << 1;
const TRANSITIONS: u8 = 1 << 6;
const VERDICTS: u8 = 1 << 7;
/// A note names its decision.
const DECIDED: u8 = 8;
const USER: u8 = 1 << 3;
const TIME: u8 = 1 << 4;

const CHANGES: [Changed; 4] = [Changed::Detected, Changed::Rearmed, Changed::Entered, Changed::Left];

/// Entries as bytes, and room for more.
#[derive(Clone, Debug)]
pub struct Chunk {
    out: To,
    first: Option<Millis>,
    last: Millis,
}

impl Default for Chunk {
    fn default() -> Self {
        let mut out = To::default();
        out.byte(FORMAT);
        Self { out, first: None, last: Millis(0) }
    }
}

impl Chunk {
    /// Goes on with a chunk of these bytes; `None` if they are damaged. No bytes at all are an empty chunk.
    pub fn resume(bytes: Vec<u8>) -> Option<Self> {
        if bytes.is_empty() {
            return Some(Self::default());
        }
        let (mut first, mut last) = (None, Millis(0));
        let texts = each(&bytes, |entry| {
            first.get_or_insert(entry.at);
            last = entry.at;
        })?;
        Some(Self { out: To::resume(bytes, texts), first, last })
    }

    /// The entries of a chunk; `None` if its bytes are damaged. Whatever the bytes are, this ends without a panic.
    pub fn read(bytes: &[u8]) -> Option<Vec<Entry>> {
        let mut entries = Vec::new();
        if !bytes.is_empty() {
            each(bytes, |entry| entries.push(entry))?;
        }
        Some(entries)
    }

    /// Appends an entry. Batches must be as [`counted`](super::counted) gives them.
    pub fn push(&mut self, entry: &Entry) {
        let out = &mut self.out;
        let more = if entry.transitions.is_empty() { 0 } else { TRANSITIONS } | if entry.verdicts.is_empty() { 0 } else { VERDICTS };
        let passed = entry.at.0.wrapping_sub(self.last.0).cast_unsigned();
        let is_back = entry.at < self.last;
        match entry.inputs.as_slice() {
            [Input::Batch(batch)] if !is_back => {
                let few = u8::try_from(batch.events.len()).ok().filter(|n| *n < 8).unwrap_or(0);
                out.byte(role_bits(batch.role) << 1 | few << 3 | more);
                out.number(passed);
                if few == 0 {
                    out.length(batch.events.len());
                }
                put_events(out, &batch.events, entry.at);
            }
            inputs => {
                out.byte(OTHER | if is_back { BACK } else { 0 } | more);
                out.number(if is_back { passed.wrapping_neg() } else { passed });
                out.length(inputs.len());
                for input in inputs {
                    put_input(out, input, entry.at);
                }
            }
        }
        if !entry.transitions.is_empty() {
            put_transitions(out, &entry.transitions, entry.at);
        }
        if !entry.verdicts.is_empty() {
            put_verdicts(out, &entry.verdicts, entry.at);
        }
        self.first.get_or_insert(entry.at);
        self.last = entry.at;
    }

    /// Its bytes.
    pub fn bytes(&self) -> &Vec<u8> {
        &self.out.bytes
    }

    /// The moments of its first and last entry; `None` when it is empty.
    pub fn span(&self) -> Option<(Millis, Millis)> {
        Some((self.first?, self.last))
    }

    /// Whether the next entry, at `now`, should begin another.
    pub fn is_full(&self, now: Millis) -> bool {
        self.first.is_some_and(|first| self.out.bytes.len() >= FULL || now.since(first) >= FULL_AFTER)
    }
}

/// Reads all entries; the texts that occurred.
fn each(bytes: &[u8], mut take: impl FnMut(Entry)) -> Option<Vec<String>> {
    let mut from = From::new(bytes);
    if from.byte()? != FORMAT {
        return None;
    }
    let mut last = Millis(0);
    while !from.rest.is_empty() {
        let entry = get_entry(&mut from, last)?;
        last = entry.at;
        take(entry);
    }
    Some(from.texts)
}

fn get_entry(from: &mut From<'_>, last: Millis) -> Option<Entry> {
    let head = from.byte()?;
    let passed = from.number()?;
    let is_other = head & OTHER != 0;
    let moved = if is_other && head & BACK != 0 { passed.wrapping_neg() } else { passed };
    let at = Millis(last.0.wrapping_add(moved.cast_signed()));
    let mut inputs = Vec::new();
    if is_other {
        for _ in 0..from.length()? {
            inputs.push(get_input(from, at)?);
        }
    } else {
        let few = usize::from(head >> 3 & 7);
        let length = if few == 0 { from.length()? } else { few };
        inputs.push(Input::Batch(Batch { client: None, role: role(head >> 1 & 3)?, events: get_events(from, length, at)? }));
    }
    let transitions = if head & TRANSITIONS == 0 { Vec::new() } else { get_transitions(from, at)? };
    let verdicts = if head & VERDICTS == 0 { Vec::new() } else { get_verdicts(from, at)? };
    Some(Entry { at, inputs, transitions, verdicts })
}

fn role_bits(role: Option<Role>) -> u8 {
    match role {
        None => 0,
        Some(Role::Member) => 1,
        Some(Role::Admin) => 2,
    }
}

#[expect(clippy::option_option, reason = "the outer: whether the bits mean anything")]
fn role(bits: u8) -> Option<Option<Role>> {
    [None, Some(Role::Member), Some(Role::Admin)].get(usize::from(bits)).copied()
}

fn put_input(out: &mut To, input: &Input, at: Millis) {
    match input {
        Input::Batch(batch) => {
            out.byte(BATCH);
            out.byte(role_bits(batch.role));
            out.length(batch.events.len());
            put_events(out, &batch.events, at);
        }
        Input::Mirror(mirror) => {
            out.byte(MIRROR);
            out.blob(&wire::encode(mirror));
        }
        Input::Requests(requests) => {
            out.byte(REQUESTS);
            out.blob(&wire::encode(requests));
        }
        Input::Rules(revision) => {
            out.byte(RULES);
            out.number(u64::from(*revision));
        }
        Input::Met(user) => {
            out.byte(MET);
            out.text(user);
        }
        Input::Zone(zone) => {
            out.byte(ZONE);
            out.blob(&wire::encode(zone));
        }
        Input::Spent(spent) => {
            out.byte(SPENT);
            out.blob(&wire::encode(spent));
        }
    }
}

fn get_input(from: &mut From<'_>, at: Millis) -> Option<Input> {
    Some(match from.byte()? {
        BATCH => {
            let role = role(from.byte()?)?;
            let length = from.length()?;
            Input::Batch(Batch { client: None, role, events: get_events(from, length, at)? })
        }
        MIRROR => Input::Mirror(wire::decode(from.blob()?)?),
        REQUESTS => Input::Requests(wire::decode(from.blob()?)?),
        RULES => Input::Rules(u32::try_from(from.number()?).ok()?),
        MET => Input::Met(from.text()?),
        ZONE => Input::Zone(wire::decode(from.blob()?)?),
        SPENT => Input::Spent(wire::decode(from.blob()?)?),
        _ => return None,
    })
}

fn put_events(out: &mut To, events: &[Event], now: Millis) {
    let mut last = now;
    for event in events {
        let (kind, text) = match &event.kind {
            EventKind::Usage { meter, reading: Reading::Add(_) } => (ADD, Some(meter)),
            EventKind::Usage { meter, reading: Reading::Set(_) } => (SET, Some(meter)),
            EventKind::Track { name, feature: None } => (TRACK, Some(name)),
            EventKind::Track { name, feature: Some(_) } => (TRACK_FEATURE, Some(name)),
            EventKind::Note { campaign, .. } => (NOTE, Some(campaign)),
            EventKind::Identify { .. } => (IDENTIFY, None),
        };
        let short = text.and_then(|text| u8::try_from(out.known(text)).ok()).filter(|number| *number < 8).unwrap_or(0);
        let flags = if event.user.is_some() { USER } else { 0 } | if event.at.is_some() { TIME } else { 0 };
        out.byte(kind | flags | short << 5);
        if let Some(at) = event.at {
            out.signed(at.0.wrapping_sub(last.0));
            last = at;
        }
        if let Some(user) = &event.user {
            out.text(user);
        }
        if let (Some(text), 0) = (text, short) {
            out.text(text);
        }
        put_rest(out, &event.kind, now);
    }
}

fn put_rest(out: &mut To, kind: &EventKind, now: Millis) {
    match kind {
        EventKind::Usage { reading: Reading::Add(n) | Reading::Set(n), .. } => out.number(*n),
        EventKind::Track { feature, .. } => feature.iter().for_each(|feature| out.text(feature)),
        EventKind::Note { kind, decision, .. } => {
            let number = match kind {
                NoteKind::Render => 0,
                NoteKind::Exposure => 1,
                NoteKind::Ghost => 2,
                NoteKind::Click => 3,
                NoteKind::Dismiss => 4,
                NoteKind::Snooze(_) => 5,
            };
            out.byte(number | if decision.is_some() { DECIDED } else { 0 });
            if let NoteKind::Snooze(until) = kind {
                out.signed(until.0.wrapping_sub(now.0));
            }
            if let Some(decision) = decision {
                out.text(decision);
            }
        }
        EventKind::Identify { traits } => out.blob(&wire::encode(traits)),
    }
}

fn get_events(from: &mut From<'_>, length: usize, now: Millis) -> Option<Vec<Event>> {
    let mut events = Vec::new();
    let mut last = now;
    for index in (0..).take(length) {
        let head = from.byte()?;
        let at = if head & TIME == 0 { None } else { Some(Millis(last.0.wrapping_add(from.signed()?))) };
        last = at.unwrap_or(last);
        let user = if head & USER == 0 { None } else { Some(from.text()?) };
        events.push(Event { index, id: None, user, at, kind: get_kind(from, head, now)? });
    }
    Some(events)
}

fn get_kind(from: &mut From<'_>, head: u8, now: Millis) -> Option<EventKind> {
    let kind = head & 7;
    if kind == IDENTIFY {
        return Some(EventKind::Identify { traits: wire::decode(from.blob()?)? });
    }
    let text = match head >> 5 {
        0 => from.text()?,
        short => from.known(u64::from(short))?,
    };
    Some(match kind {
        ADD => EventKind::Usage { meter: text, reading: Reading::Add(from.number()?) },
        SET => EventKind::Usage { meter: text, reading: Reading::Set(from.number()?) },
        TRACK => EventKind::Track { name: text, feature: None },
        TRACK_FEATURE => EventKind::Track { name: text, feature: Some(from.text()?) },
        NOTE => {
            let byte = from.byte()?;
            let kind = match byte & !DECIDED {
                0 => NoteKind::Render,
                1 => NoteKind::Exposure,
                2 => NoteKind::Ghost,
                3 => NoteKind::Click,
                4 => NoteKind::Dismiss,
                5 => NoteKind::Snooze(Millis(now.0.wrapping_add(from.signed()?))),
                _ => return None,
            };
            let decision = if byte & DECIDED == 0 { None } else { Some(from.text()?) };
            EventKind::Note { kind, campaign: text, decision }
        }
        _ => return None,
    })
}

fn put_transitions(out: &mut To, transitions: &[Transition], now: Millis) {
    out.length(transitions.len());
    for Transition { at, of, id, score } in transitions {
        out.signed(at.0.wrapping_sub(now.0));
        out.byte(CHANGES.iter().position(|change| change == of).and_then(|i| u8::try_from(i).ok()).unwrap_or(0));
        out.text(id);
        out.byte(*score);
    }
}

fn get_transitions(from: &mut From<'_>, now: Millis) -> Option<Vec<Transition>> {
    let mut transitions = Vec::new();
    for _ in 0..from.length()? {
        let at = Millis(now.0.wrapping_add(from.signed()?));
        let of = *CHANGES.get(usize::from(from.byte()?))?;
        transitions.push(Transition { at, of, id: from.text()?, score: from.byte()? });
    }
    Some(transitions)
}

fn put_verdicts(out: &mut To, verdicts: &[Verdict], now: Millis) {
    out.length(verdicts.len());
    for Verdict { user, campaign, at, reason } in verdicts {
        out.text(user);
        out.text(campaign);
        out.signed(at.0.wrapping_sub(now.0));
        out.byte(Reason::ALL.iter().position(|known| known == reason).and_then(|i| u8::try_from(i).ok()).unwrap_or(0));
    }
}

fn get_verdicts(from: &mut From<'_>, now: Millis) -> Option<Vec<Verdict>> {
    let mut verdicts = Vec::new();
    for _ in 0..from.length()? {
        let (user, campaign) = (from.text()?, from.text()?);
        let at = Millis(now.0.wrapping_add(from.signed()?));
        verdicts.push(Verdict { user, campaign, at, reason: *Reason::ALL.get(usize::from(from.byte()?))? });
    }
    Some(verdicts)
}
