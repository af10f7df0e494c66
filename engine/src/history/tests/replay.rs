//! Whatever came in, playing it again decides the same.

use std::rc::Rc;

use proptest::prelude::*;

use super::made::{Happening, NAME, Recorder, START, calls, chunk_of, event, happenings, note, page, rules, track};
use crate::history::{Base, Chunk, Unplayable, advance, counted, replay, revisions};
use crate::tenant::{Applied, Batch, Rulebook, Tenant};
use crate::time::{HOUR, MINUTE};
use crate::usage::{Event, NoteKind};

#[expect(clippy::unnecessary_wraps, reason = "of the shape that a replay asks for")]
fn known(revision: u32) -> Option<Rc<Rulebook>> {
    Some(Rc::new(rules(revision)))
}

fn recorded(steps: &[(i64, Happening)], full: usize) -> Recorder {
    let mut recorder = Recorder::new(full);
    for (passed, happening) in steps {
        recorder.after(*passed, happening);
    }
    recorder
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn every_decision_is_made_again(steps in happenings()) {
        let mut recorder = Recorder::new(200);
        let (mut transitions, mut decisions) = (0, 0);
        for (passed, happening) in &steps {
            let (changed, judged) = recorder.after(*passed, happening);
            transitions += changed.len();
            decisions += judged.len();
        }
        let replayed = replay(NAME, recorder.base.clone(), &known, recorder.all()).expect("playable");
        prop_assert_eq!(&replayed.first_difference, &None);
        prop_assert_eq!((replayed.transitions as usize, replayed.decisions as usize), (transitions, decisions));
    }

    #[test]
    fn dropping_old_chunks_changes_nothing_later(steps in happenings()) {
        let recorder = recorded(&steps, 60);
        let whole = replay(NAME, recorder.base.clone(), &known, recorder.all()).expect("playable");
        let mut base = recorder.base.clone();
        let mut dropped = (0, 0);
        let chunks = recorder.all();
        for (n, chunk) in recorder.chunks.iter().enumerate() {
            let alone = replay(NAME, base.clone(), &known, [chunk.clone()]).expect("playable");
            dropped = (dropped.0 + alone.entries, dropped.1 + alone.transitions);
            base = advance(NAME, base, &known, chunk).expect("playable");
            let rest = replay(NAME, base.clone(), &known, chunks[n + 1..].to_vec()).expect("playable");
            prop_assert_eq!(rest.first_difference, None);
            prop_assert_eq!((dropped.0 + rest.entries, dropped.1 + rest.transitions), (whole.entries, whole.transitions));
        }
    }

    /// What the object has come to step by step is what the history gives from the beginning: signals, segments, score, meters.
    #[test]
    fn the_state_is_that_of_a_recomputation(steps in happenings()) {
        let recorder = recorded(&steps, 100);
        let base = recorder.all().iter().try_fold(recorder.base.clone(), |base, chunk| advance(NAME, base, &known, chunk));
        let base = base.expect("playable");
        let (ours, now) = (&recorder.tenant, recorder.now);
        prop_assert_eq!(base.revision, recorder.revision());
        let rules = if base.revision == 0 { Rulebook::default() } else { rules(base.revision) };
        let again = base.tenant(NAME);
        prop_assert_eq!(&again.detected, &ours.detected);
        prop_assert_eq!(again.score(&rules, now), ours.score(&rules, now));
        prop_assert_eq!(again.meters(&rules, now), ours.meters(&rules, now));
        prop_assert_eq!(&again.counts.ledger, &ours.counts.ledger);
        prop_assert_eq!((&again.profile, &again.mirror, &again.requests), (&ours.profile, &ours.mirror, &ours.requests));
        for (name, user) in ours.users.iter() {
            prop_assert_eq!(&again.users.get(name).cloned().unwrap_or_default(), user);
        }
    }

    /// Events that do not bear upon each other: counted usage, tracked events, what different users do.
    #[test]
    fn the_order_within_a_batch_does_not_matter(
        chosen in prop::collection::vec((0..4_u8, 0..30_u64, -HOUR..0), 0..20),
        order in prop::collection::vec(any::<u32>(), 20),
    ) {
        let made = chosen.iter().enumerate().map(|(i, (kind, n, ms))| {
            let at = Some(START.plus(*ms));
            let alone = format!("user{i}");
            match kind {
                0 => Event { at, ..event(None, calls(*n)) },
                1 => Event { at, ..event(None, track("login")) },
                2 => Event { at, ..event(Some(&alone), note("hello", NoteKind::Exposure)) },
                _ => Event { at, ..event(Some(&alone), note("quota", NoteKind::Dismiss)) },
            }
        });
        let events: Vec<Event> = made.collect();
        let mut shuffled: Vec<(u32, Event)> = order.into_iter().zip(events.clone()).collect();
        shuffled.sort_by_key(|(place, _)| *place);
        let end = |events: Vec<Event>| {
            let mut tenant = Tenant { name: NAME.to_owned(), ..Tenant::default() };
            let rules = rules(1);
            tenant.take_batch(&rules, &Batch { events, ..Batch::default() }, START);
            tenant.detect(&rules, START);
            tenant.counts.needs_since = None; // the first reason there was: of no rule's interest
            (Base::of(&tenant, 1), tenant.score(&rules, START))
        };
        prop_assert_eq!(end(events), end(shuffled.into_iter().map(|(_, event)| event).collect()));
    }
}

#[test]
fn a_decision_that_was_recorded_otherwise_is_found() {
    let steps = [
        (0, Happening::Publish),
        (MINUTE, page("ada", vec![calls(60)])),
        (MINUTE, page("ada", vec![note("quota", NoteKind::Exposure)])),
        (MINUTE, page("ada", vec![note("quota", NoteKind::Exposure)])),
    ];
    let recorder = recorded(&steps, usize::MAX);
    let play =
        |entries: &[crate::history::Entry]| replay(NAME, Base::default(), &known, [chunk_of(entries).bytes().clone()]).expect("playable");
    let good = Chunk::read(&recorder.all()[0]).expect("sound");
    let replayed = play(&good);
    assert_eq!((replayed.entries, replayed.decisions, replayed.transitions, &replayed.first_difference), (4, 2, 2, &None));
    let mut bad = good.clone();
    bad[2].verdicts[0].reason = crate::decision::Reason::Capped;
    let difference = play(&bad).first_difference.expect("found");
    assert_eq!((difference.entry, difference.at), (2, START.plus(2 * MINUTE)));
    assert_eq!(difference.replayed.verdicts, good[2].verdicts);
    let mut bad = good;
    bad[1].transitions.pop();
    assert_eq!(play(&bad).first_difference.map(|d| d.entry), Some(1));
}

#[test]
fn what_cannot_be_played_says_why() {
    let recorder = recorded(&[(0, Happening::Publish), (0, Happening::Publish)], usize::MAX);
    let chunk = recorder.all().remove(0);
    assert_eq!(revisions(&chunk), Ok(vec![1, 2]));
    let none = |revision| if revision == 1 { known(1) } else { None };
    assert_eq!(replay(NAME, Base::default(), &none, [chunk.clone()]), Err(Unplayable::NoRules(2)));
    assert_eq!(replay(NAME, Base::default(), &known, [chunk[..chunk.len() - 1].to_vec()]), Err(Unplayable::Damaged));
}

#[test]
fn only_what_counted_is_kept() {
    let mut recorder = Recorder::new(usize::MAX);
    recorder.after(0, &Happening::Publish);
    let twice = Event { id: Some("one".to_owned()), ..event(Some("ada"), note("hello", NoteKind::Exposure)) };
    let batch = Batch { events: vec![twice.clone(), twice, event(None, track("No Name"))], ..Batch::default() };
    let (_, verdicts) = recorder.after(MINUTE, &Happening::Batch(batch.clone()));
    assert_eq!(verdicts.len(), 1);
    let (_, verdicts) = recorder.after(MINUTE, &Happening::Batch(batch.clone()));
    assert_eq!(verdicts.len(), 0);
    let entries = Chunk::read(&recorder.all()[0]).expect("sound");
    assert_eq!(entries.len(), 2, "nothing of the second counted");
    let nothing = counted(&batch, &Applied::default(), START);
    assert_eq!(nothing.events, []);
}
