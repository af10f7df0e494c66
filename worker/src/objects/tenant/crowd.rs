//! How many users a tenant has: of each a row is kept, so there is an end to them.

use upcue_engine::tenant::{Batch, Rejection, User};
use upcue_engine::usage::{Event, EventKind};

use super::super::rows::whole;
use super::store::Stored;
use crate::problem::ApiResult;

/// Of so many users something is kept. Whoever comes beyond them is shown what everybody is, and nothing is remembered of them.
const MOST: u64 = 50_000;

impl Stored {
    /// Whether something is kept of a user, who must be loaded, or may be from now on.
    pub(super) fn has_room_for(&mut self, user: &str) -> ApiResult<bool> {
        if self.tenant.users.get(user).is_some_and(|known| *known != User::default()) {
            return Ok(true);
        }
        let known = match self.crowd {
            Some(known) => known,
            None => self.count_users()?,
        };
        let has_room = known < MOST;
        // Whether a row is written in the end or not, it is counted; the next life of this object counts anew.
        self.crowd = Some(if has_room { known + 1 } else { known });
        Ok(has_room)
    }

    /// A batch without what only users could do for whom there is no room, and why; `None`: as it is. The users must be loaded.
    pub(super) fn without_crowd(&mut self, batch: &Batch) -> ApiResult<Option<(Batch, Vec<Rejection>)>> {
        let mut turned_away: Vec<&str> = Vec::new();
        let mut let_in: Vec<&str> = Vec::new();
        for user in batch.events.iter().filter_map(keeps) {
            if !turned_away.contains(&user) && !let_in.contains(&user) {
                if self.has_room_for(user)? { &mut let_in } else { &mut turned_away }.push(user);
            }
        }
        if turned_away.is_empty() {
            return Ok(None);
        }
        let detail = format!("of {MOST} users of this tenant something is kept already; erase those that are gone");
        let is_away = |event: &&Event| keeps(event).is_some_and(|user| turned_away.contains(&user));
        let rejected = batch.events.iter().filter(is_away);
        let rejected = rejected.map(|event| Rejection { index: event.index, code: "too_many_users".to_owned(), detail: detail.clone() });
        let events = batch.events.iter().filter(|event| !is_away(event)).cloned().collect();
        Ok(Some((Batch { events, ..batch.clone() }, rejected.collect())))
    }

    fn count_users(&self) -> ApiResult<u64> {
        // `0` is the character after `/`.
        let found = self.rows().query("SELECT count(*) FROM row WHERE key >= 'user/' AND key < 'user0'", vec![])?;
        Ok(found.first().and_then(|row| row.first()).and_then(whole).unwrap_or(0))
    }
}

/// The user of whom an event leaves something behind.
fn keeps(event: &Event) -> Option<&str> {
    let keeps = matches!(event.kind, EventKind::Note { .. } | EventKind::Identify { .. });
    event.user.as_deref().filter(|_| keeps)
}
