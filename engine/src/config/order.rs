//! The order of things that read each other: first those that are read. A circle has none, and is refused.

use super::json::Json;
use super::reader::Reader;

/// The numbers of `what` so that each comes after those it `reads`; problems are told of their `parts`.
pub(super) fn in_order(what: &str, parts: &[&Json], reads: &[Vec<u16>], reader: &mut Reader) -> Vec<u16> {
    let mut order: Vec<u16> = Vec::new();
    let mut placed = vec![false; reads.len()];
    let is_placed = |placed: &[bool], i: &u16| placed.get(usize::from(*i)).copied().unwrap_or(true);
    loop {
        let before = order.len();
        for (i, read) in (0_u16..).zip(reads) {
            if !is_placed(&placed, &i) && read.iter().all(|j| is_placed(&placed, j)) {
                placed.iter_mut().skip(usize::from(i)).take(1).for_each(|slot| *slot = true);
                order.push(i);
            }
        }
        if order.len() == before {
            break;
        }
    }
    for (part, _) in parts.iter().zip(&placed).filter(|(_, placed)| !**placed) {
        reader.tell(part, "cycle", format!("this reads itself by way of other {what}; nothing could be computed first"));
    }
    order
}
