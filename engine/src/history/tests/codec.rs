//! Chunks: what goes in comes out, in few bytes.

use proptest::prelude::*;

use super::made::Recorder;
use super::made::{START, calls, chunk_of, event, happenings, track};
use crate::facts::Role;
use crate::history::{Chunk, Entry, FULL_AFTER, Input, counted};
use crate::tenant::{Applied, Batch};
use crate::time::{HOUR, MINUTE, Millis, SECOND};
use crate::usage::{Event, MAX_VALUE};

proptest! {
    #[test]
    fn what_is_recorded_is_read_again(steps in happenings()) {
        let mut recorder = Recorder::new(usize::MAX);
        for (passed, happening) in &steps {
            recorder.after(*passed, happening);
        }
        let bytes = recorder.all().pop().expect("the open chunk");
        let entries = Chunk::read(&bytes).expect("sound");
        let chunk = chunk_of(&entries);
        prop_assert_eq!(chunk.bytes(), &bytes);
        // Taken up again anywhere, it goes on as if it had not been put down.
        let mut resumed = Chunk::default();
        for entry in &entries {
            resumed = Chunk::resume(resumed.bytes().clone()).expect("sound");
            resumed.push(entry);
        }
        prop_assert_eq!(resumed.bytes(), &bytes);
        prop_assert_eq!(resumed.span(), entries.first().zip(entries.last()).map(|(first, last)| (first.at, last.at)));
    }

    #[test]
    fn a_batch_comes_back_as_it_counted(batch in super::made::batch(), now in any::<i64>(), before in any::<i64>()) {
        let now = Millis(now);
        let all = Applied { counted: (0..batch.events.len()).collect(), ..Applied::default() };
        let entries = [
            Entry { at: Millis(before), inputs: vec![Input::Batch(counted(&batch, &all, now))], ..Entry::default() },
            Entry { at: now, inputs: vec![Input::Batch(counted(&batch, &all, now)), Input::Rules(7)], ..Entry::default() },
        ];
        prop_assert_eq!(Chunk::read(chunk_of(&entries).bytes()).expect("sound"), entries);
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Chunk::read(&bytes);
        let _ = Chunk::resume([&[1], bytes.as_slice()].concat());
    }

    #[test]
    fn damage_makes_nobody_panic(steps in happenings(), place in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut recorder = Recorder::new(usize::MAX);
        for (passed, happening) in &steps {
            recorder.after(*passed, happening);
        }
        let mut bytes = recorder.all().pop().expect("the open chunk");
        let place = place.index(bytes.len());
        bytes[place] = byte;
        let _ = Chunk::read(&bytes);
    }
}

#[test]
fn usage_of_one_moment_is_one_sum() {
    let at = |ms, n| Event { at: Some(START.plus(ms)), ..event(None, calls(n)) };
    let events = vec![at(0, 1), at(-5, 2), event(Some("ada"), calls(4)), event(None, calls(8)), at(-5, 16), at(0, MAX_VALUE - 9), at(0, 1)];
    let applied = Applied { counted: vec![0, 1, 2, 3, 4, 5, 6], ..Applied::default() };
    let batch = counted(&Batch { client: Some((1, 1)), role: Some(Role::Admin), events }, &applied, START);
    let kept: Vec<_> = batch.events.iter().map(|e| (e.index, e.at, e.user.as_deref(), e.kind.clone())).collect();
    let before = Some(START.plus(-5));
    let expected = [
        (0, None, None, calls(MAX_VALUE + 1 - 1)),
        (1, before, None, calls(18)),
        (2, None, Some("ada"), calls(4)),
        (3, None, None, calls(1)),
    ];
    assert_eq!((batch.client, batch.role), (None, Some(Role::Admin)));
    assert_eq!(kept, expected, "a sum stays below what an event may have");
}

/// Tenths of a byte per event of a history of batches like this one, a minute apart.
fn tenths_per_event(batch: &Batch) -> usize {
    let mut chunk = Chunk::default();
    let all = Applied { counted: (0..batch.events.len()).collect(), ..Applied::default() };
    for n in 0..1_000 {
        let at = START.plus(n * (MINUTE + 7));
        let moved = batch.events.iter().map(|e| Event { at: e.at.map(|t| at.plus(t.since(START))), ..e.clone() });
        let moved = Batch { events: moved.collect(), ..batch.clone() };
        chunk.push(&Entry { at, inputs: vec![Input::Batch(counted(&moved, &all, at))], ..Entry::default() });
    }
    chunk.bytes().len() * 10 / (batch.events.len() * 1_000)
}

#[test]
fn events_take_few_bytes() {
    let usage = |n: u64| event(None, calls(n));
    let seen = |ms: i64| Event { at: Some(START.plus(ms)), ..event(Some("ada"), track("login")) };
    let batch = |events| Batch { events, ..Batch::default() };
    for (name, batch, most) in [
        ("one call", batch(vec![usage(1)]), 60),
        ("a thousand calls", batch(vec![usage(1_000)]), 70),
        ("a meter again and again", batch((0..25).map(|_| usage(1)).collect()), 3),
        ("what a page tracks", batch((0..10).map(seen).collect()), 50),
        ("a meter at many moments", batch((0..25).map(|n| Event { at: Some(START.plus(-n * SECOND / 20)), ..usage(1) }).collect()), 35),
    ] {
        let found = tenths_per_event(&batch);
        assert!(found <= most, "{name}: {found} tenths of a byte");
    }
}

#[test]
fn a_chunk_is_full_by_size_or_age() {
    let mut chunk = Chunk::default();
    assert!(!chunk.is_full(START.plus(FULL_AFTER)), "nothing is in it");
    chunk.push(&Entry { at: START, inputs: vec![Input::Rules(1)], ..Entry::default() });
    assert!(!chunk.is_full(START.plus(HOUR)) && chunk.is_full(START.plus(FULL_AFTER)));
    for n in 0..10_000 {
        chunk.push(&Entry { at: START, inputs: vec![Input::Rules(n)], ..Entry::default() });
    }
    assert!(chunk.is_full(START));
}
