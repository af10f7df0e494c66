//! Email sequences under any interleaving: events, nudges, wishes, providers that fail, crashes, a host that is late. Beside the engine
//! runs a model that knows what is so: whom the exit holds for, who wants what, what a clock on their wall shows, what they have met.
//!
//! > No mail after the exit, none in quiet hours or on a weekend that is skipped, none beyond a budget, none to whom it is not wanted by,
//! > none of what began before an upgrade; one letter for each step of each enrolment, and none lost.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use upcue_engine::almanac::Almanac;
use upcue_engine::campaign::{Cap, Scope, Window};
use upcue_engine::facts::Role;
use upcue_engine::hash::key;
use upcue_engine::ledger::Moment;
use upcue_engine::sequence::{Letter, LetterState, Outcome, Reason, Seen, Stage, TakenAs};
use upcue_engine::time::{DAY, HOUR, MINUTE, Millis, SECOND};
use upcue_engine::usage::NoteKind;

#[path = "post/mod.rs"]
mod post;
use post::{Mood, Post, moment, shown};

const USERS: [(&str, Option<&str>); 3] = [("ada", None), ("bob", Some("America/New_York")), ("eve", Some("Asia/Kolkata"))];
const BERLIN: &str = "Europe/Berlin";
/// A sequence, the hours, and whether the weekend, in which nothing of it leaves.
type Closed = (&'static str, Option<(i8, i8)>, bool);
const SEQUENCES: [Closed; 3] = [("night", Some((20, 8)), false), ("week", None, true), ("plain", None, false)];

#[derive(Clone, Copy, Debug)]
enum Action {
    Wait(i64),
    /// A trait of the tenant changes, by an event of a user.
    Set(&'static str, bool, Option<usize>),
    /// A trait of a user changes, and nothing is evaluated.
    Keen(usize, bool),
    /// A nudge is shown, if the page may.
    Render(usize),
    Upgrade,
    Unsubscribe(usize, Option<usize>),
    Resubscribe(usize, Option<usize>),
    Suppress(usize),
    Move(usize),
    Draw,
    /// One of the letters at hand is about to be sent.
    Begin(usize),
    /// The provider is asked for one of those, in this mood.
    Ask(usize, Mood),
    /// An answer is taken in.
    Settle(usize),
    Crash,
    /// Everything that is due, without trouble.
    Pump,
}

fn actions() -> impl Strategy<Value = Vec<Action>> {
    let user = 0..USERS.len();
    let sequence = prop::option::of(0..SEQUENCES.len());
    let mood = select(vec![Mood::Good, Mood::Good, Mood::Silent, Mood::Deaf, Mood::Busy, Mood::Refusing]);
    let action = prop_oneof![
        6 => prop_oneof![1..5 * SECOND, 1..20 * MINUTE, 1..9 * HOUR, 1..3 * DAY].prop_map(Action::Wait),
        6 => (select(vec!["a", "b", "c"]), any::<bool>(), prop::option::of(user.clone())).prop_map(|(of, is, by)| Action::Set(of, is, by)),
        2 => (user.clone(), any::<bool>()).prop_map(|(user, is)| Action::Keen(user, is)),
        4 => user.clone().prop_map(Action::Render),
        1 => Just(Action::Upgrade),
        1 => (user.clone(), sequence.clone()).prop_map(|(user, of)| Action::Unsubscribe(user, of)),
        2 => (user.clone(), sequence).prop_map(|(user, of)| Action::Resubscribe(user, of)),
        1 => user.clone().prop_map(Action::Suppress),
        1 => user.prop_map(Action::Move),
        6 => Just(Action::Draw),
        6 => (0..4_usize).prop_map(Action::Begin),
        6 => (0..4_usize, mood).prop_map(|(which, mood)| Action::Ask(which, mood)),
        6 => (0..4_usize).prop_map(Action::Settle),
        2 => Just(Action::Crash),
        3 => Just(Action::Pump),
    ];
    prop::collection::vec(action, 1..150)
}

fn caps() -> impl Strategy<Value = Vec<Value>> {
    let cap = (1..4_u8, select(vec!["1h", "1d", "5d", "day"]), any::<bool>());
    let cap = cap.prop_map(|(max, window, tenant)| json!({"max": max, "window": window, "scope": if tenant { "tenant" } else { "user" }}));
    prop::collection::vec(cap, 0..3)
}

/// Caps of all together, and of one sequence.
fn rules() -> impl Strategy<Value = Value> {
    (caps(), caps(), select(vec!["admins", "user"])).prop_map(|(shared, own, to)| {
        let steps = json!([{"after": "0s", "template": "one"}, {"after": "5h", "template": "two", "when": "!user.keen"},
                           {"after": "next_morning", "template": "one"}]);
        let sequence = |id: &str, signal: &str, parts: Value| {
            let mut sequence = json!({"id": id, "enter": format!("tenant.{signal}"), "exit": format!("converted || !tenant.{signal} || user.keen"),
                                      "reentry": "always", "steps": steps});
            for (name, part) in parts.as_object().expect("an object") {
                sequence[name] = part.clone();
            }
            sequence
        };
        let bools = |names: [&str; 3]| names.map(|name| (name.to_owned(), json!({"type": "bool"}))).into_iter().collect::<serde_json::Map<_, _>>();
        json!({
            "traits": {"tenant": bools(["a", "b", "c"]), "user": {"keen": {"type": "bool"}}},
            "email": {"from": {"address": "hello@nimbus.example"}, "postal_address": "1 Cloud Street"},
            "templates": {"one": {"subject": "s", "html": "<p>t</p>"}, "two": {"subject": "s", "html": "<p>t</p>"}},
            "frequency": {"zone": BERLIN, "cap": shared},
            "sequences": [
                sequence("night", "a", json!({"quiet_hours": {"from": "20:00", "to": "08:00"}, "digest": "1h"})),
                sequence("week", "b", json!({"weekends": "skip", "cap": own, "priority": 1})),
                sequence("plain", "c", json!({"to": to})),
            ],
        })
    })
}

/// What is so, whatever the engine thinks.
struct Model {
    traits: BTreeMap<&'static str, bool>,
    keen: BTreeSet<&'static str>,
    refused: BTreeSet<(&'static str, Option<&'static str>)>,
    suppressed: BTreeSet<&'static str>,
    tz: BTreeMap<&'static str, Option<&'static str>>,
    /// Nudges: to whom, when.
    renders: Vec<(&'static str, Millis)>,
    /// Letters: to whom, when last, about which sequences.
    sends: BTreeMap<String, (&'static str, Millis, Vec<String>)>,
    /// What was enrolled before the tenant upgraded.
    dead: u32,
}

impl Model {
    fn new() -> Self {
        Self {
            traits: BTreeMap::new(),
            keen: BTreeSet::new(),
            refused: BTreeSet::new(),
            suppressed: BTreeSet::new(),
            tz: USERS.into_iter().collect(),
            renders: Vec::new(),
            sends: BTreeMap::new(),
            dead: 0,
        }
    }

    /// Everything that must be so when a letter leaves.
    fn leaves(&mut self, post: &Post, letter: &Letter) {
        let user = USERS.iter().map(|(user, _)| *user).find(|user| *user == letter.recipient).expect("somebody known");
        let wall = shown(post.now, self.tz[user].unwrap_or(BERLIN));
        assert!(!self.suppressed.contains(user), "to an address that takes no mail");
        for part in &letter.parts {
            let signal = match part.sequence.as_str() {
                "night" => "a",
                "week" => "b",
                _ => "c",
            };
            assert!(self.traits.get(signal) == Some(&true) && !self.keen.contains(user), "after the exit: {part:?}");
            assert!(part.enrolment > self.dead, "after the upgrade: {part:?}");
            let (sequence, quiet, skips) = *SEQUENCES.iter().find(|(id, ..)| *id == part.sequence).expect("known");
            assert!(!self.refused.contains(&(user, None)) && !self.refused.contains(&(user, Some(sequence))), "unwanted: {part:?}");
            assert!(quiet.is_none_or(|(from, to)| (to..from).contains(&wall.hour())), "at {wall}: {part:?}");
            assert!(!skips || wall.weekday().to_monday_one_offset() <= 5, "at {wall}: {part:?}");
        }
        let sequences = letter.parts.iter().map(|part| part.sequence.clone()).collect();
        self.sends.insert(letter.id.clone(), (user, post.now, sequences));
        self.budgets(post, user);
        let own = post.rules.config.sequences.iter().find(|sequence| sequence.id == "week").expect("known");
        let of_week = |sequences: &[String]| sequences.iter().any(|id| id == "week");
        if of_week(&self.sends[&letter.id].2) {
            for cap in &own.caps {
                let times = self.sends.values().filter(|(.., sequences)| of_week(sequences)).map(|(who, at, _)| (*who, *at));
                assert_room(cap, user, times, post.now);
            }
        }
    }

    /// What somebody has met, in the app and by mail.
    fn budgets(&self, post: &Post, user: &str) {
        let mails = self.sends.values().map(|(who, at, _)| (*who, *at));
        for cap in &post.rules.config.frequency.caps {
            assert_room(cap, user, self.renders.iter().copied().chain(mails.clone()), post.now);
        }
    }
}

fn assert_room<'u>(cap: &Cap, user: &str, times: impl Iterator<Item = (&'u str, Millis)>, now: Millis) {
    let since = match cap.window {
        Window::Rolling(length) => now.plus(1 - length),
        Window::Calendar(_) => moment(&shown(now, BERLIN).date().to_datetime(jiff::civil::Time::midnight()).to_string(), BERLIN),
    };
    let met = times.filter(|(who, at)| *at >= since && (cap.scope == Scope::Tenant || *who == user)).count();
    assert!(met <= usize::from(cap.max), "{met} times: {cap:?}");
}

/// The host, with everything that is under way in it.
struct World {
    post: Post,
    model: Model,
    hand: Vec<Letter>,
    flights: Vec<Letter>,
    answers: Vec<(String, Outcome)>,
}

impl World {
    fn new(document: &Value, is_idempotent: bool) -> Self {
        let mut post = Post::new(document, moment("2025-03-27T18:00", BERLIN)); // clocks are changed on the 30th
        post.is_idempotent = is_idempotent;
        for (user, tz) in USERS {
            post.know(user, Role::Admin, tz);
            post.identify(Some(user), "keen", false);
        }
        for name in ["a", "b", "c"] {
            post.identify(None, name, false);
        }
        post.advance(None);
        Self { post, model: Model::new(), hand: Vec::new(), flights: Vec::new(), answers: Vec::new() }
    }

    fn step(&mut self, action: Action) {
        let Self { post, model, .. } = self;
        match action {
            Action::Wait(ms) => post.now = post.now.plus(ms),
            Action::Set(name, is, by) => {
                model.traits.insert(name, is);
                post.set(name, is, by.map(|by| USERS[by].0));
            }
            Action::Keen(user, is) => {
                let user = USERS[user].0;
                post.identify(Some(user), "keen", is);
                if is {
                    model.keen.insert(user)
                } else {
                    model.keen.remove(user)
                };
            }
            Action::Render(user) => self.render(USERS[user].0),
            Action::Upgrade => {
                if post.tenant.counts.converted.is_none() {
                    model.dead = post.tenant.mailing.numbered;
                    post.upgrade();
                }
            }
            Action::Unsubscribe(user, of) => {
                let (user, of) = (USERS[user].0, of.map(|of| SEQUENCES[of].0));
                model.refused.insert((user, of));
                post.tenant.mailing.unsubscribe(user, of, post.now);
            }
            Action::Resubscribe(user, of) => {
                let (user, of) = (USERS[user].0, of.map(|of| SEQUENCES[of].0));
                post.tenant.mailing.resubscribe(user, of);
                model.refused.retain(|(who, refused)| *who != user || of.is_some() && *refused != of);
            }
            Action::Suppress(user) => {
                model.suppressed.insert(USERS[user].0);
                post.tenant.mailing.suppress(USERS[user].0, post.now);
            }
            Action::Move(user) => {
                // A new address, in another zone.
                let user = USERS[user].0;
                model.suppressed.remove(user);
                model.tz.insert(user, Some("Pacific/Kiritimati"));
                let seen = Seen {
                    email: Some(format!("{user}.{}@acme.example", post.now.0)),
                    tz: Some("Pacific/Kiritimati".to_owned()),
                    ..Seen::default()
                };
                post.tenant.mailing.know(user, &seen, post.now);
            }
            Action::Draw => self.hand = post.draw(),
            Action::Begin(which) => self.begin(which),
            Action::Ask(which, mood) => self.ask(which, mood),
            Action::Settle(which) => {
                if which < self.answers.len() {
                    let (id, outcome) = self.answers.remove(which);
                    self.post.settled(&id, outcome);
                }
            }
            Action::Crash => {
                (self.hand, self.flights, self.answers) = (Vec::new(), Vec::new(), Vec::new());
                self.post.crash();
            }
            Action::Pump => self.pump(),
        }
    }

    /// A page that knows the ledgers shows a nudge, if every cap allows it.
    fn render(&mut self, user: &'static str) {
        let now = self.post.now;
        let post = &mut self.post;
        let day = moment(&shown(now, BERLIN).date().to_datetime(jiff::civil::Time::midnight()).to_string(), BERLIN);
        let almanac = Almanac { begins: vec![vec![day]], ..Almanac::default() };
        let own = &post.tenant.users.get(user).expect("loaded").ledger;
        let allows = |cap: &Cap| {
            let ledger = if cap.scope == Scope::User { own } else { &post.tenant.counts.ledger };
            ledger.allows(None, cap, &almanac, now)
        };
        if post.rules.config.frequency.caps.iter().all(allows) {
            let noted = Moment { at: now, tag: key(&format!("{user} {} {}", now.0, self.model.renders.len())) };
            post.tenant.users.entry(user, Default::default).ledger.note(key("nudge"), NoteKind::Render, noted);
            post.tenant.counts.ledger.note(key("nudge"), NoteKind::Render, noted);
            self.model.renders.push((user, now));
            self.model.budgets(&self.post, user);
        }
    }

    fn begin(&mut self, which: usize) {
        if which < self.hand.len() {
            let id = self.hand.remove(which).id;
            if let Some(letter) = self.post.sending(&id) {
                self.model.leaves(&self.post, &letter);
                self.flights.push(letter);
            }
        }
    }

    fn ask(&mut self, which: usize, mood: Mood) {
        if which < self.flights.len() {
            let letter = self.flights.remove(which);
            self.post.mood = mood;
            let outcome = self.post.ask(&letter);
            self.answers.push((letter.id, outcome));
        }
    }

    fn pump(&mut self) {
        self.hand = self.post.draw();
        while !self.hand.is_empty() {
            self.begin(0);
            while !self.flights.is_empty() {
                self.ask(0, Mood::Good);
            }
            while let Some((id, outcome)) = self.answers.pop() {
                self.post.settled(&id, outcome);
            }
        }
    }

    /// Without further trouble, until nothing is due any more.
    fn rest(&mut self) {
        for _ in 0..2_000 {
            let Some(due) = self.post.tenant.mailing.due() else { return };
            self.post.now = self.post.now.max(due);
            self.pump();
        }
        panic!("it never comes to rest: {:#?}", self.post.tenant.mailing);
    }

    /// What must be so of everything that was sent.
    fn assert_once(&self) {
        let most = if self.post.is_idempotent { 1 } else { 2 };
        let mut times: BTreeMap<&str, usize> = BTreeMap::new();
        let mut steps: BTreeMap<(u32, u16), &str> = BTreeMap::new();
        for mail in &self.post.mails {
            *times.entry(&mail.letter.id).or_default() += 1;
            for part in &mail.letter.parts {
                let first = steps.entry((part.enrolment, part.step)).or_insert(&mail.letter.id);
                assert_eq!(*first, mail.letter.id, "two letters about {part:?}");
            }
        }
        assert!(times.values().all(|times| *times <= most), "{times:?}");
    }

    /// What came to rest came to an end, and every letter that is kept says what became of it.
    fn assert_nothing_is_lost(&self) {
        let mailing = &self.post.tenant.mailing;
        let arrived: BTreeSet<&str> = self.post.mails.iter().map(|mail| mail.letter.id.as_str()).collect();
        for letter in &mailing.letters {
            match letter.state {
                LetterState::Sent(_) => assert!(arrived.contains(letter.id.as_str()), "{letter:?}"),
                LetterState::Failed { .. } | LetterState::Cancelled { .. } => {}
                _ => panic!("{letter:?}"),
            }
        }
        for enrolment in &mailing.enrolments {
            let Stage::Ended { reason, .. } = enrolment.stage else { panic!("{enrolment:?}") };
            if reason == Reason::Finished {
                let steps: Vec<u16> = enrolment.taken.iter().map(|taken| taken.step).collect();
                assert_eq!(steps, [0, 1, 2], "{enrolment:?}");
            }
            for taken in &enrolment.taken {
                if let TakenAs::Letter(id) = &taken.as_what
                    && let Some(letter) = mailing.letter(id)
                {
                    let is_told = letter.parts.iter().any(|part| part.enrolment == enrolment.number) || reason != Reason::Finished;
                    assert!(is_told, "{enrolment:?} {letter:?}");
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn nothing_goes_that_may_not_and_nothing_is_lost_or_doubled(document in rules(), is_idempotent in any::<bool>(), actions in actions()) {
        let mut world = World::new(&document, is_idempotent);
        for action in actions {
            world.step(action);
            world.assert_once();
        }
        world.rest();
        world.assert_once();
        world.assert_nothing_is_lost();
    }
}
