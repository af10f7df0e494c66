//! What companies and people are called, and where they live.

use fastrand::Rng;

const FIRST: [&str; 40] = [
    "Alder", "Amber", "Anchor", "Aspen", "Beacon", "Birch", "Bluebird", "Bright", "Cedar", "Clover", "Cobalt", "Copper", "Coral",
    "Crescent", "Ember", "Fern", "Flint", "Granite", "Hazel", "Heron", "Indigo", "Juniper", "Kestrel", "Lantern", "Larch", "Maple",
    "Marlin", "Meadow", "Mistral", "Orchid", "Osprey", "Pebble", "Quartz", "Raven", "Saffron", "Slate", "Sparrow", "Topaz", "Willow",
    "Zephyr",
];
const SECOND: [&str; 15] = [
    "Airways",
    "Farms",
    "Freight",
    "Labs",
    "Logistics",
    "Marine",
    "Media",
    "Outdoors",
    "Power",
    "Robotics",
    "Sailing",
    "Solar",
    "Studios",
    "Transit",
    "Works",
];
const PEOPLE: [&str; 32] = [
    "Aino", "Amir", "Anouk", "Bea", "Carlos", "Chidi", "Dana", "Elif", "Emre", "Fatima", "Goran", "Hana", "Ines", "Ivan", "Jonas", "Kaito",
    "Lena", "Luca", "Mara", "Mei", "Nadia", "Noor", "Omar", "Paula", "Priya", "Rafael", "Sana", "Sven", "Tomas", "Uma", "Yuki", "Zoe",
];
/// A zone, and about how many hours its clocks are ahead of UTC.
const ZONES: [(&str, i64); 8] = [
    ("Europe/Berlin", 1),
    ("Europe/London", 0),
    ("America/New_York", -5),
    ("America/Los_Angeles", -8),
    ("America/Sao_Paulo", -3),
    ("Asia/Kolkata", 5),
    ("Asia/Tokyo", 9),
    ("Australia/Sydney", 10),
];

/// So many companies, no two of one name.
pub(super) fn companies(count: usize, rng: &mut Rng) -> Vec<String> {
    let mut names: Vec<String> = FIRST.iter().flat_map(|first| SECOND.iter().map(move |second| format!("{first} {second}"))).collect();
    rng.shuffle(&mut names);
    names.truncate(count);
    names
}

/// So many people of one company.
pub(super) fn people(count: usize, rng: &mut Rng) -> Vec<&'static str> {
    let mut names = PEOPLE.to_vec();
    rng.shuffle(&mut names);
    names.truncate(count);
    names
}

pub(super) fn zone(rng: &mut Rng) -> (&'static str, i64) {
    ZONES[rng.usize(..ZONES.len())]
}
