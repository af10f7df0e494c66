//! The order of things that read each other: first those that are read. A circle has none, and is refused.

use super::json::Json;
use super::reader::Reader;

/// The most members of a circle that a message names.
const MAX_NAMED: usize = 8;

/// One of the things.
#[derive(Debug)]
pub(super) struct Reading<'a> {
    pub(super) id: &'a str,
    /// The numbers of those it reads.
    pub(super) reads: Vec<u16>,
}

/// The numbers of `all` so that each comes after those it reads. Each member of a circle is told of at its part.
pub(super) fn in_order(parts: &[&Json], all: &[Reading<'_>], reader: &mut Reader) -> Vec<u16> {
    let mut order: Vec<u16> = Vec::new();
    let mut placed = vec![false; all.len()];
    loop {
        let before = order.len();
        for (i, one) in (0_u16..).zip(all) {
            if !holds(&placed, i) && one.reads.iter().all(|j| holds(&placed, *j)) {
                mark(&mut placed, i);
                order.push(i);
            }
        }
        if order.len() == before {
            break;
        }
    }
    for (i, part) in (0_u16..).zip(parts) {
        if holds(&placed, i) || reader.is_full() {
            continue;
        }
        // What merely reads a circle is as it should be; it is the circle that must be mended.
        if let Some(circle) = circle(i, all, &placed) {
            let detail = format!("this reads itself: `{}`; none of these could be computed first", named(&circle, all));
            reader.tell(part, "cycle", detail);
        }
    }
    order
}

fn holds(marks: &[bool], i: u16) -> bool {
    marks.get(usize::from(i)).copied().unwrap_or(true)
}

fn mark(marks: &mut [bool], i: u16) {
    marks.iter_mut().skip(usize::from(i)).take(1).for_each(|slot| *slot = true);
}

/// The shortest way from `start` back to itself, `start` first; `None` when there is none. What is `placed` is on no such way.
fn circle(start: u16, all: &[Reading<'_>], placed: &[bool]) -> Option<Vec<u16>> {
    let mut seen = placed.to_vec();
    // Each with the place in this list of the one that reads it.
    let mut found: Vec<(u16, usize)> = vec![(start, 0)];
    let mut next = 0;
    while let Some((i, _)) = found.get(next).copied() {
        for j in &all.get(usize::from(i))?.reads {
            if *j == start {
                return Some(way(&found, next));
            }
            if !holds(&seen, *j) {
                mark(&mut seen, *j);
                found.push((*j, next));
            }
        }
        next += 1;
    }
    None
}

/// From the first that was found to the one at `place`.
fn way(found: &[(u16, usize)], mut place: usize) -> Vec<u16> {
    let mut way = Vec::new();
    while let Some((i, from)) = found.get(place) {
        way.insert(0, *i);
        if place == 0 {
            break;
        }
        place = *from;
    }
    way
}

/// "a → b → a"; of a long circle the beginning.
fn named(circle: &[u16], all: &[Reading<'_>]) -> String {
    let id = |i: &u16| all.get(usize::from(*i)).map_or("", |one| one.id);
    let mut names: Vec<String> = circle.iter().take(MAX_NAMED).map(|i| id(i).to_owned()).collect();
    if circle.len() > MAX_NAMED {
        names.push(format!("{} more", circle.len() - MAX_NAMED));
    }
    names.extend(circle.first().map(|i| id(i).to_owned()));
    names.join(" → ")
}
