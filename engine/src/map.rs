//! A small ordered map from names to values: a sorted list.
//!
//! The maps of this engine have tens of entries. For these the standard library's B-tree costs eight to ten kilobytes of
//! wasm *for each type of value*, a seventh of the Worker's bundle in all; this costs less than one.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::wire::{Reader, Wire, Writer};

/// Values by name, in the order of the names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Map<V> {
    entries: Vec<(String, V)>,
}

impl<V> Default for Map<V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<V> Map<V> {
    /// An empty map.
    pub const fn new() -> Self {
        Self { entries: Vec::new() }
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&V> {
        self.find(key).ok().and_then(|i| self.entries.get(i)).map(|(_, value)| value)
    }

    /// Whether `key` has a value.
    pub fn contains_key(&self, key: &str) -> bool {
        self.find(key).is_ok()
    }

    /// Gives `key` a value, in place of the one it may have had.
    pub fn insert(&mut self, key: &str, value: V) {
        match self.find(key) {
            Ok(i) => {
                if let Some((_, old)) = self.entries.get_mut(i) {
                    *old = value;
                }
            }
            Err(i) => self.entries.insert(i, (key.to_owned(), value)),
        }
    }

    /// The value of `key`, made by `fresh` if there is none.
    pub fn entry(&mut self, key: &str, fresh: impl FnOnce() -> V) -> &mut V {
        let i = match self.find(key) {
            Ok(i) => i,
            Err(i) => {
                self.entries.insert(i, (key.to_owned(), fresh()));
                i
            }
        };
        #[expect(clippy::indexing_slicing, reason = "an entry was found or inserted at this place just above")]
        &mut self.entries[i].1
    }

    /// Removes `key`; the value it had.
    pub fn remove(&mut self, key: &str) -> Option<V> {
        self.find(key).ok().map(|i| self.entries.remove(i).1)
    }

    /// Removes everything.
    pub fn clear(&mut self) {
        self.entries.clear();
    }

    /// The entries, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &V)> {
        self.entries.iter().map(|(key, value)| (key, value))
    }

    /// The names, in order.
    pub fn keys(&self) -> impl Iterator<Item = &String> {
        self.entries.iter().map(|(key, _)| key)
    }

    /// The values, by name.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.entries.iter().map(|(_, value)| value)
    }

    fn find(&self, key: &str) -> Result<usize, usize> {
        self.entries.binary_search_by(|(known, _)| known.as_str().cmp(key))
    }
}

impl<V> IntoIterator for Map<V> {
    type Item = (String, V);
    type IntoIter = std::vec::IntoIter<(String, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

impl<V> FromIterator<(String, V)> for Map<V> {
    fn from_iter<I: IntoIterator<Item = (String, V)>>(entries: I) -> Self {
        let mut map = Self::new();
        for (key, value) in entries {
            map.insert(&key, value);
        }
        map
    }
}

impl<V: Serialize> Serialize for Map<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Map<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MapVisitor(PhantomData))
    }
}

impl<V: Wire> Wire for Map<V> {
    fn read(from: &mut Reader<'_>) -> Self {
        Vec::read(from).into_iter().collect()
    }

    fn write(&self, to: &mut Writer) {
        self.entries.write(to);
    }
}

struct MapVisitor<V>(PhantomData<V>);

impl<'de, V: Deserialize<'de>> Visitor<'de> for MapVisitor<V> {
    type Value = Map<V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Map<V>, A::Error> {
        let mut map = Map::new();
        while let Some((key, value)) = access.next_entry::<String, V>()? {
            map.insert(&key, value);
        }
        Ok(map)
    }
}

/// `list` in the order of `key`, equals in the order they had. One sort of pairs of numbers serves every type of element.
pub fn ordered<T>(list: Vec<T>, key: impl Fn(&T) -> i64) -> Vec<T> {
    let mut order: Vec<(i64, usize)> = list.iter().enumerate().map(|(i, element)| (key(element), i)).collect();
    order.sort_unstable();
    let mut list: Vec<Option<T>> = list.into_iter().map(Some).collect();
    order.into_iter().filter_map(|(_, i)| list.get_mut(i).and_then(Option::take)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn it_is_a_map(steps in prop::collection::vec((any::<bool>(), "[a-d]{0,2}", any::<u8>()), 0..60)) {
            let (mut ours, mut reference) = (Map::new(), BTreeMap::new());
            for (put, key, value) in steps {
                if put {
                    ours.insert(&key, value);
                    reference.insert(key, value);
                } else {
                    prop_assert_eq!(ours.remove(&key), reference.remove(&key));
                }
            }
            prop_assert!(ours.iter().eq(reference.iter()));
            prop_assert_eq!(postcard::to_allocvec(&ours), postcard::to_allocvec(&reference));
            let json = serde_json::to_string(&ours).expect("a map of numbers");
            prop_assert_eq!(serde_json::from_str::<Map<u8>>(&json).ok(), Some(ours));
        }
    }

    #[test]
    fn order_keeps_equals_as_they_were() {
        let list = vec![(3, 'a'), (1, 'b'), (3, 'c'), (-2, 'd'), (1, 'e')];
        let names: String = ordered(list, |(key, _)| *key).into_iter().map(|(_, name)| name).collect();
        assert_eq!(names, "dbeac");
    }
}
