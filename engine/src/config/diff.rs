//! What changed from one document to another, for people who look before they publish.
//!
//! Objects are compared by their members, whose order means nothing here; null counts as absent. Lists of objects with an `id`
//! are compared by it, lists of strings by the strings, so that one campaign more at the top is one change; other lists are
//! compared place by place. A change of order among objects with an `id` is told as few moves as there can be. Numbers are
//! the same however they are written.

use serde::Serialize;

use super::Problem;
use super::decimal::Decimal;
use super::json::{Json, Value, step};
use super::reader::find;

/// One difference between two documents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What happened.
    pub op: Op,
    /// To what: a JSON pointer (RFC 6901) into the document after the change; into the one before for what was removed.
    pub pointer: String,
    /// What it was, as JSON; where in its list it was, for a move. `None`: it was not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// What it is, as JSON; where in its list it is, for a move. `None`: it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// What happened to a part of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    /// It was not there before.
    Added,
    /// It is not there any more.
    Removed,
    /// It is something else.
    Changed,
    /// It is the same object at another place among its siblings.
    Moved,
}

/// Every difference, in the order of `after`, with what is gone behind what is left of the same list or object.
pub fn diff(before: &str, after: &str) -> Result<Vec<Change>, Problem> {
    let (before, after) = (Json::parse(before)?, Json::parse(after)?);
    let mut told = Told::default();
    told.parts(&before, &after, "", "");
    Ok(told.changes)
}

#[derive(Default)]
struct Told {
    changes: Vec<Change>,
}

/// The parts of an object or list: by what they are called, and as which step of a pointer.
type Parts<'j> = Vec<(&'j str, String, &'j Json)>;

impl Told {
    fn tell(&mut self, op: Op, pointer: String, before: Option<String>, after: Option<String>) {
        self.changes.push(Change { op, pointer, before, after });
    }

    /// `from` and `to`: the pointers of the two parts.
    fn parts(&mut self, before: &Json, after: &Json, from: &str, to: &str) {
        match (&before.value, &after.value) {
            (Value::Object(old), Value::Object(new)) => self.matched(&members(old), &members(new), from, to),
            (Value::List(old), Value::List(new)) => match named(old).zip(named(new)) {
                Some((old, new)) => {
                    self.moves(&old, &new, to);
                    self.matched(&old, &new, from, to);
                }
                None => self.in_places(old, new, from, to),
            },
            (old, new) if is_same(old, new) => {}
            _ => self.tell(Op::Changed, to.to_owned(), Some(before.text()), Some(after.text())),
        }
    }

    fn matched(&mut self, before: &Parts<'_>, after: &Parts<'_>, from: &str, to: &str) {
        let (old, new) = (Index::of(before), Index::of(after));
        for (name, step, part) in after {
            match old.place(name).and_then(|place| before.get(place)) {
                Some((_, old_step, old)) => self.parts(old, part, &format!("{from}/{old_step}"), &format!("{to}/{step}")),
                None => self.tell(Op::Added, format!("{to}/{step}"), None, Some(part.text())),
            }
        }
        for (_, step, part) in before.iter().filter(|(name, ..)| new.place(name).is_none()) {
            self.tell(Op::Removed, format!("{from}/{step}"), Some(part.text()), None);
        }
    }

    fn in_places(&mut self, before: &[Json], after: &[Json], from: &str, to: &str) {
        for (i, part) in after.iter().enumerate() {
            match before.get(i) {
                Some(old) => self.parts(old, part, &format!("{from}/{i}"), &format!("{to}/{i}")),
                None => self.tell(Op::Added, format!("{to}/{i}"), None, Some(part.text())),
            }
        }
        for (i, part) in before.iter().enumerate().skip(after.len()) {
            self.tell(Op::Removed, format!("{from}/{i}"), Some(part.text()), None);
        }
    }

    /// The order of strings means nothing anywhere in a configuration; that of objects decides between equal priorities and ranks.
    fn moves(&mut self, before: &Parts<'_>, after: &Parts<'_>, to: &str) {
        let old = Index::of(before);
        let kept: Vec<(usize, &String)> = after
            .iter()
            .filter(|(.., part)| matches!(part.value, Value::Object(_)))
            .filter_map(|(name, step, _)| Some((old.place(name)?, step)))
            .collect();
        let places: Vec<usize> = kept.iter().map(|(place, _)| *place).collect();
        let staying = longest_rising(&places);
        for (place, step) in kept.iter().filter(|(place, _)| staying.binary_search(place).is_err()) {
            self.tell(Op::Moved, format!("{to}/{step}"), Some(place.to_string()), Some((*step).clone()));
        }
    }
}

/// Where each name is in its [`Parts`].
struct Index<'j> {
    sorted: Vec<(&'j str, usize)>,
}

impl<'j> Index<'j> {
    fn of(parts: &Parts<'j>) -> Self {
        let mut sorted: Vec<(&str, usize)> = parts.iter().enumerate().map(|(place, (name, ..))| (*name, place)).collect();
        sorted.sort_unstable();
        Self { sorted }
    }

    fn place(&self, name: &str) -> Option<usize> {
        let found = self.sorted.binary_search_by(|(known, _)| (*known).cmp(name)).ok()?;
        self.sorted.get(found).map(|(_, place)| *place)
    }
}

/// What is there: of a name that is there twice the last.
fn members(all: &[(String, Json)]) -> Parts<'_> {
    let mut sorted: Vec<(&str, usize)> = all.iter().enumerate().map(|(place, (name, _))| (name.as_str(), place)).collect();
    sorted.sort_unstable();
    let is_last =
        |name: &str, place| sorted.get(sorted.partition_point(|known| *known <= (name, place))).is_none_or(|(next, _)| *next != name);
    let there = all.iter().enumerate().filter(|(place, (name, part))| !matches!(part.value, Value::Null) && is_last(name, *place));
    there.map(|(_, (name, part))| (name.as_str(), step(name), part)).collect()
}

/// What the items of a list are called: objects by their ids, strings by themselves. `None` when one has no name, or two have
/// the same.
fn named(items: &[Json]) -> Option<Parts<'_>> {
    let parts = items.iter().enumerate().map(|(place, item)| Some((name(item)?, place.to_string(), item)));
    let parts: Parts<'_> = parts.collect::<Option<_>>()?;
    let index = Index::of(&parts);
    let is_unique = index.sorted.iter().zip(index.sorted.iter().skip(1)).all(|((one, _), (next, _))| one != next);
    is_unique.then_some(parts)
}

fn name(item: &Json) -> Option<&str> {
    match &item.value {
        Value::Text(text) => Some(text),
        Value::Object(members) => match find(members, "id").map(|id| &id.value) {
            Some(Value::Text(id)) => Some(id),
            _ => None,
        },
        _ => None,
    }
}

fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(one), Value::Bool(other)) => one == other,
        (Value::Text(one), Value::Text(other)) => one == other,
        (one, other) => decimal(one).zip(decimal(other)).is_some_and(|(one, other)| one == other),
    }
}

fn decimal(value: &Value) -> Option<Decimal> {
    match value {
        Value::Whole(n) => Some(Decimal::read(&n.to_string())),
        Value::Number(text) => Some(Decimal::read(text)),
        _ => None,
    }
}

/// The longest rising part of `places`, which are all different: patience sorting, in n log n steps.
fn longest_rising(places: &[usize]) -> Vec<usize> {
    // By length: where in `places` the part of that length ends that ends lowest; and for each place, what comes before it.
    let mut ends: Vec<usize> = Vec::new();
    let mut previous: Vec<Option<usize>> = Vec::new();
    let at = |i: usize| places.get(i).copied().unwrap_or(usize::MAX);
    for (i, place) in places.iter().enumerate() {
        let length = ends.partition_point(|end| at(*end) < *place);
        previous.push(length.checked_sub(1).and_then(|shorter| ends.get(shorter).copied()));
        match ends.get_mut(length) {
            Some(end) => *end = i,
            None => ends.push(i),
        }
    }
    let mut rising = Vec::with_capacity(ends.len());
    let mut next = ends.last().copied();
    while let Some(i) = next {
        rising.push(at(i));
        next = previous.get(i).copied().flatten();
    }
    rising.reverse();
    rising
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn told(before: &str, after: &str) -> Vec<String> {
        let change = |Change { op, pointer, before, after }: Change| {
            let [before, after] = [before, after].map(|part| part.unwrap_or("-".to_owned()));
            format!("{op:?} {pointer} {before} {after}")
        };
        diff(before, after).expect("JSON").into_iter().map(change).collect()
    }

    #[test]
    fn what_means_the_same_is_no_change() {
        for (before, after) in [
            (r#"{"a": 1, "b": [true, "x"]}"#, r#"{"b": [true, "x"], "a": 1}"#),
            (r#"{"a": null}"#, "{}"),
            (r#"{"a": 1, "a": 2}"#, r#"{"a": 2}"#),
            (r#"{"holdout": 0.10}"#, r#"{"holdout": 1e-1}"#),
            (r#"{"n": 100}"#, r#"{"n": 1e2}"#),
            (r#"{"tenants": ["a", "b"]}"#, r#"{"tenants": ["b", "a"]}"#),
        ] {
            assert_eq!(told(before, after), [""; 0], "{before} {after}");
        }
    }

    #[test]
    fn each_change_is_told_where_it_is() {
        for (before, after, expected) in [
            (r#"{"a": 1}"#, r#"{"a": 2}"#, &["Changed /a 1 2"] as &[_]),
            (r#"{"a": 1}"#, r#"{"a": "1"}"#, &[r#"Changed /a 1 "1""#]),
            (r#"{"a": true}"#, r#"{"a": false}"#, &["Changed /a true false"]),
            (r#"{"a/b": {"~": 1}}"#, r#"{"a/b": {"~": {}}}"#, &["Changed /a~1b/~0 1 {}"]),
            (r#"{"a": 1, "b": 2}"#, r#"{"c": [1.50, null], "b": 2}"#, &["Added /c - [1.50,null]", "Removed /a 1 -"]),
            (
                r#"{"cap": [{"max": 1}, {"max": 2}]}"#,
                r#"{"cap": [{"max": 3}]}"#,
                &["Changed /cap/0/max 1 3", r#"Removed /cap/1 {"max":2} -"#],
            ),
            (r#"{"tenants": ["a", "b"]}"#, r#"{"tenants": ["b", "c"]}"#, &[r#"Added /tenants/1 - "c""#, r#"Removed /tenants/0 "a" -"#]),
            (r#"["a", "a"]"#, r#"["a", "b"]"#, &[r#"Changed /1 "a" "b""#]),
            ("{}", "[]", &["Changed  {} []"]),
        ] {
            assert_eq!(told(before, after), expected, "{before} {after}");
        }
    }

    #[test]
    fn what_has_an_id_is_found_wherever_it_is() {
        let before = r#"{"campaigns": [{"id": "a", "priority": 1}, {"id": "b", "cap": [1]}, {"id": "c"}, {"id": "d"}]}"#;
        for (after, expected) in [
            (
                r#"{"campaigns": [{"id": "new"}, {"id": "a", "priority": 1}, {"id": "b", "cap": [1]}, {"id": "c"}, {"id": "d"}]}"#,
                &[r#"Added /campaigns/0 - {"id":"new"}"#] as &[_],
            ),
            (
                r#"{"campaigns": [{"id": "b", "cap": [2]}, {"id": "c"}, {"id": "d"}]}"#,
                &["Changed /campaigns/0/cap/0 1 2", r#"Removed /campaigns/0 {"id":"a","priority":1} -"#],
            ),
            (
                r#"{"campaigns": [{"id": "d"}, {"id": "a", "priority": 2}, {"id": "b", "cap": [1]}, {"id": "c"}]}"#,
                &["Moved /campaigns/0 3 0", "Changed /campaigns/1/priority 1 2"],
            ),
            (
                r#"{"campaigns": [{"id": "a", "priority": 1}, {"id": "b", "cap": [1]}, {"id": "C"}, {"id": "d"}]}"#,
                &[r#"Added /campaigns/2 - {"id":"C"}"#, r#"Removed /campaigns/2 {"id":"c"} -"#],
            ),
        ] {
            assert_eq!(told(before, after), expected, "{after}");
        }
    }

    #[test]
    fn what_is_no_json_is_told() {
        assert_eq!(diff("{}", "{").expect_err("open").code, Problem::MALFORMED);
    }

    fn list(ids: &[u8]) -> String {
        let items: Vec<String> = ids.iter().map(|id| format!("{{\"id\":\"{id}\"}}")).collect();
        format!("[{}]", items.join(","))
    }

    proptest! {
        /// Put back where they were, the moved ones restore the order, and fewer moves could not have.
        #[test]
        fn a_new_order_is_told_in_as_few_moves_as_can_be(ids in Just((0..9).collect::<Vec<u8>>()).prop_shuffle()) {
            let before: Vec<u8> = (0..9).collect();
            let changes = diff(&list(&before), &list(&ids)).expect("JSON");
            prop_assert!(changes.iter().all(|change| change.op == Op::Moved));
            let moved: Vec<u8> = changes.iter().map(|change| change.before.as_ref().expect("a place").parse().expect("a number")).collect();
            let stayed: Vec<u8> = ids.iter().copied().filter(|id| !moved.contains(id)).collect();
            prop_assert!(stayed.is_sorted());
            let longest = (0u32..1 << 9).filter(|set| {
                ids.iter().filter(|id| set >> **id & 1 == 1).is_sorted()
            }).map(u32::count_ones).max();
            prop_assert_eq!(longest, u32::try_from(stayed.len()).ok());
        }
    }
}
