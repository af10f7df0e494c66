//! Replay: the inputs again, by the rules of then, and what was decided held against what is decided now.

use std::rc::Rc;

use serde::{Deserialize, Serialize};

use super::{Base, Chunk, Entry, Input};
use crate::tenant::{Rulebook, Tenant, Transition, Verdict};
use crate::time::Millis;
use crate::wire;

/// Rules by revision.
pub type Rulebooks<'a> = dyn Fn(u32) -> Option<Rc<Rulebook>> + 'a;

/// What a step decides.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// Of signals and segments.
    pub transitions: Vec<Transition>,
    /// Of exposures.
    pub verdicts: Vec<Verdict>,
}

wire! { struct Outputs { transitions, verdicts } }

/// The first step that decided otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Its place in the history, from 0.
    pub entry: u32,
    /// When.
    pub at: Millis,
    /// What was decided then.
    pub recorded: Outputs,
    /// What is decided now.
    pub replayed: Outputs,
}

wire! { struct Difference { entry, at, recorded, replayed } }

/// What a replay found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replayed {
    /// Steps.
    pub entries: u32,
    /// Verdicts compared.
    pub decisions: u32,
    /// Transitions compared.
    pub transitions: u32,
    /// The first step whose outputs are not byte for byte the recorded ones.
    pub first_difference: Option<Difference>,
}

wire! { struct Replayed { entries, decisions, transitions, first_difference } }

/// Why a history cannot be played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unplayable {
    /// The bytes of a chunk are damaged.
    Damaged,
    /// The rules of this revision are not kept any more.
    NoRules(u32),
}

/// A tenant on its way through its history.
struct Player<'a> {
    tenant: Tenant,
    revision: u32,
    rules: Rc<Rulebook>,
    rulebooks: &'a Rulebooks<'a>,
}

impl<'a> Player<'a> {
    fn new(name: &str, base: Base, rulebooks: &'a Rulebooks<'a>) -> Result<Self, Unplayable> {
        let revision = base.revision;
        Ok(Self { rules: find(rulebooks, revision)?, tenant: base.tenant(name), revision, rulebooks })
    }

    fn step(&mut self, entry: &Entry) -> Result<Outputs, Unplayable> {
        let mut verdicts = Vec::new();
        for input in &entry.inputs {
            match input {
                Input::Batch(batch) => verdicts.extend(self.tenant.take_batch(&self.rules, batch, entry.at).1),
                Input::Mirror(mirror) => self.tenant.mirror.clone_from(mirror),
                Input::Requests(requests) => self.tenant.requests.clone_from(requests),
                Input::Rules(revision) => {
                    self.rules = find(self.rulebooks, *revision)?;
                    self.revision = *revision;
                }
                Input::Met(user) => {
                    self.tenant.meet(user, entry.at);
                }
                Input::Zone(zone) => {
                    self.tenant.judge_by(zone);
                }
                Input::Spent(spent) => spent.iter().for_each(|spent| self.tenant.spend(spent)),
            }
        }
        Ok(Outputs { transitions: self.tenant.detect(&self.rules, entry.at), verdicts })
    }
}

/// Revision 0 is before the first: no rules at all.
fn find(rulebooks: &Rulebooks<'_>, revision: u32) -> Result<Rc<Rulebook>, Unplayable> {
    if revision == 0 { Ok(Rc::default()) } else { rulebooks(revision).ok_or(Unplayable::NoRules(revision)) }
}

/// Plays the history of the tenant `name` from `base` through `chunks`, oldest first, and compares the bytes of every decision
/// with the recorded ones. After a difference it goes on, so that the numbers are of the whole history.
pub fn replay(
    name: &str,
    base: Base,
    rulebooks: &Rulebooks<'_>,
    chunks: impl IntoIterator<Item = Vec<u8>>,
) -> Result<Replayed, Unplayable> {
    let mut player = Player::new(name, base, rulebooks)?;
    let mut replayed = Replayed::default();
    for bytes in chunks {
        for entry in Chunk::read(&bytes).ok_or(Unplayable::Damaged)? {
            let again = player.step(&entry)?;
            let recorded = Outputs { transitions: entry.transitions, verdicts: entry.verdicts };
            let number = replayed.entries;
            replayed.entries += 1;
            replayed.decisions += count(&recorded.verdicts);
            replayed.transitions += count(&recorded.transitions);
            if replayed.first_difference.is_none() && wire::encode(&recorded) != wire::encode(&again) {
                replayed.first_difference = Some(Difference { entry: number, at: entry.at, recorded, replayed: again });
            }
        }
    }
    Ok(replayed)
}

/// The base that a history has without its first chunk.
pub fn advance(name: &str, base: Base, rulebooks: &Rulebooks<'_>, chunk: &[u8]) -> Result<Base, Unplayable> {
    let mut player = Player::new(name, base, rulebooks)?;
    for entry in Chunk::read(chunk).ok_or(Unplayable::Damaged)? {
        player.step(&entry)?;
    }
    Ok(Base::of(&player.tenant, player.revision))
}

/// The revisions of rules that a chunk puts in force.
pub fn revisions(chunk: &[u8]) -> Result<Vec<u32>, Unplayable> {
    let mut found = Vec::new();
    for input in Chunk::read(chunk).ok_or(Unplayable::Damaged)?.into_iter().flat_map(|entry| entry.inputs) {
        if let Input::Rules(revision) = input {
            found.push(revision);
        }
    }
    Ok(found)
}

fn count<T>(list: &[T]) -> u32 {
    u32::try_from(list.len()).unwrap_or(u32::MAX)
}
