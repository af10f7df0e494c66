//! Reader and writer against postcard itself, over values that nobody had to write.

use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::made::made;
use super::{Wire, decode, encode};
use crate::catalogue::{CatalogueProblem, Price, Product};
use crate::sequence::{Mailing, Outcome, Seen, Spent, Told};
use crate::snapshot::Snapshot;
use crate::subscription::Mirror;
use crate::tenant::{Batch, Counts, Receipt, Rulebook, User};
use crate::usage::Page;

fn frame(choices: &[u8]) -> Snapshot {
    made(choices).expect("the maker knows all types")
}

/// Whether a value made up of type `T` has the bytes that postcard gives it, and comes back from them.
fn agrees<T: Wire + Serialize + DeserializeOwned + PartialEq>(choices: &[u8]) -> bool {
    let value: T = made(choices).expect("the maker knows all types");
    let bytes = postcard::to_allocvec(&value).expect("memory suffices");
    encode(&value) == bytes && decode(&bytes) == Some(value)
}

type Rows = (Vec<Product>, (Vec<Price>, (Vec<CatalogueProblem>, Result<[u8; 3], (u64, i32)>)));

proptest! {
    #[test]
    fn the_bytes_are_postcards(choices in prop::collection::vec(any::<u8>(), 0..3_000)) {
        prop_assert!(agrees::<Snapshot>(&choices), "{:?}", frame(&choices));
        prop_assert!(agrees::<Rulebook>(&choices));
        prop_assert!(agrees::<Counts>(&choices));
        prop_assert!(agrees::<crate::history::Base>(&choices));
        prop_assert!(agrees::<Mirror>(&choices));
        prop_assert!(agrees::<User>(&choices));
        prop_assert!(agrees::<Page>(&choices));
        prop_assert!(agrees::<Batch>(&choices));
        prop_assert!(agrees::<Receipt>(&choices));
        prop_assert!(agrees::<Rows>(&choices));
        prop_assert!(agrees::<Mailing>(&choices));
        prop_assert!(agrees::<(Outcome, (Seen, (Vec<Spent>, Vec<Told>)))>(&choices));
    }

    #[test]
    fn what_is_cut_short_or_goes_on_is_refused(choices in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut bytes = postcard::to_allocvec(&frame(&choices)).expect("memory suffices");
        for length in 0..bytes.len() {
            prop_assert_eq!(decode::<Snapshot>(&bytes[..length]), None, "the first {} bytes", length);
        }
        bytes.push(0);
        prop_assert_eq!(decode::<Snapshot>(&bytes), None);
    }

    #[test]
    fn damaged_bytes_mean_what_postcard_says(
        choices in prop::collection::vec(any::<u8>(), 0..1_000),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = postcard::to_allocvec(&frame(&choices)).expect("memory suffices");
        for (place, byte) in damage {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        let theirs = postcard::take_from_bytes::<Snapshot>(&bytes).ok();
        prop_assert_eq!(decode(&bytes), theirs.filter(|(_, rest)| rest.is_empty()).map(|(frame, _)| frame));
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = decode::<Snapshot>(&bytes);
    }
}

#[test]
fn a_length_alone_allocates_nothing() {
    // A snapshot that claims 2^32 - 1 meters, and one that claims as many as there are bytes left.
    assert_eq!(decode::<Snapshot>(&[0, 1, 0xff, 0xff, 0xff, 0xff, 0x0f]), None);
    let mut bytes = vec![0xff; 1 << 20];
    bytes[..6].copy_from_slice(&[0, 1, 0xfa, 0xff, 0x3f, 0]);
    assert_eq!(decode::<Snapshot>(&bytes), None);
}
