//! Numbers and texts of chunks: varints of seven bits a byte, lowest first; texts by their place in a dictionary.

use crate::map::Map;

/// Bytes being written, with the texts that have occurred.
#[derive(Clone, Debug, Default)]
pub(super) struct Output {
    pub(super) bytes: Vec<u8>,
    /// By text: its number, from 1.
    texts: Map<u64>,
}

impl Output {
    /// Goes on after `bytes`, in which `texts` have occurred in this order.
    pub(super) fn resume(bytes: Vec<u8>, texts: Vec<String>) -> Self {
        let mut known = Map::new();
        for (number, text) in (1..).zip(texts) {
            known.insert(&text, number);
        }
        Self { bytes, texts: known }
    }

    pub(super) fn byte(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    pub(super) fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.bytes.push(number.to_le_bytes()[0] | 0x80);
            number >>= 7;
        }
        self.bytes.push(number.to_le_bytes()[0]);
    }

    /// Signed numbers alternate: 0, -1, 1, -2, …
    pub(super) fn signed(&mut self, number: i64) {
        self.number((number << 1 ^ number >> 63).cast_unsigned());
    }

    pub(super) fn length(&mut self, length: usize) {
        self.number(u64::try_from(length).unwrap_or(u64::MAX));
    }

    /// Bytes of another format, with their length.
    pub(super) fn blob(&mut self, bytes: &[u8]) {
        self.length(bytes.len());
        self.bytes.extend_from_slice(bytes);
    }

    /// The number of a text that has occurred; 0 for others.
    pub(super) fn known(&self, text: &str) -> u64 {
        self.texts.get(text).copied().unwrap_or(0)
    }

    /// A text: its number, or 0 and itself, which gives it the next number.
    pub(super) fn text(&mut self, text: &str) {
        let known = self.known(text);
        self.number(known);
        if known == 0 {
            self.blob(text.as_bytes());
            let next = u64::try_from(self.texts.len()).unwrap_or(u64::MAX).saturating_add(1);
            self.texts.insert(text, next);
        }
    }
}

/// Bytes being read. Every reader answers `None` when they are not what they should be.
#[derive(Debug)]
pub(super) struct Input<'a> {
    pub(super) rest: &'a [u8],
    /// The texts that have occurred.
    pub(super) texts: Vec<String>,
}

impl<'a> Input<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, texts: Vec::new() }
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    pub(super) fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return None;
            }
            number |= bits << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    pub(super) fn signed(&mut self) -> Option<i64> {
        let number = self.number()?;
        Some((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }

    /// How many parts follow. None is shorter than a byte.
    pub(super) fn length(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok().filter(|length| *length <= self.rest.len())
    }

    pub(super) fn blob(&mut self) -> Option<&'a [u8]> {
        let length = self.length()?;
        self.take(length)
    }

    /// The text of this number, which has occurred.
    pub(super) fn known(&self, number: u64) -> Option<String> {
        self.texts.get(usize::try_from(number.checked_sub(1)?).ok()?).cloned()
    }

    pub(super) fn text(&mut self) -> Option<String> {
        let number = self.number()?;
        if number > 0 {
            return self.known(number);
        }
        let text = std::str::from_utf8(self.blob()?).ok()?.to_owned();
        self.texts.push(text.clone());
        Some(text)
    }
}
