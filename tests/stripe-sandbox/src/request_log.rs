//! The API requests seen, for tests to look at. Bounded; the newest stay.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;

use crate::form::Form;

const KEPT: usize = 10_000;

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Entry {
    pub(crate) id: String,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) form: Form,
    /// All of them, with the key in `authorization` masked.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) at: i64,
    /// Null until answered.
    pub(crate) status: Option<u16>,
}

#[derive(Debug, Default)]
pub(crate) struct RequestLog(VecDeque<Entry>);

impl RequestLog {
    pub(crate) fn begin(&mut self, entry: Entry) {
        if self.0.len() == KEPT {
            self.0.pop_front();
        }
        self.0.push_back(entry);
    }

    pub(crate) fn answered(&mut self, id: &str, status: u16) {
        if let Some(entry) = self.0.iter_mut().rev().find(|entry| entry.id == id) {
            entry.status = Some(status);
        }
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Oldest first.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.0.iter().cloned().collect()
    }
}
