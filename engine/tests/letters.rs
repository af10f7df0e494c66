//! Email sequences under any interleaving: events, nudges, wishes, providers that fail, crashes, a host that is late. Beside the engine
//! runs a model that knows what is so: whom the exit holds for, who wants what, what a clock on their wall shows, what they have met.
//!
//! > No mail after the exit, none in quiet hours or on a weekend that is skipped, none beyond a budget, none to whom it is not wanted by,
//! > none of what began before an upgrade; one letter for each step of each enrolment, one for each mailbox, and none lost.
//!
//! One exception: what may have been sent is asked for again in the night, rather than after its key is forgotten.

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
use post::{Mood, Post, called_back, moment, shown};

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
    /// Somebody is written to where another is as well.
    Share(usize, usize),
    Draw,
    /// One of the letters at hand is about to be sent.
    Begin(usize),
    /// One of those is about to be handed over.
    Hand(usize),
    /// The provider is asked for one of those, in this mood.
    Ask(usize, Mood),
    /// An answer is taken in.
    Settle(usize),
    Crash,
    /// Everything that is due, of a provider in this mood.
    Pump(Mood),
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
        1 => user.clone().prop_map(Action::Move),
        1 => (user.clone(), user).prop_map(|(user, other)| Action::Share(user, other)),
        6 => Just(Action::Draw),
        6 => (0..4_usize).prop_map(Action::Begin),
        2 => (0..4_usize).prop_map(Action::Hand),
        6 => (0..4_usize, mood.clone()).prop_map(|(which, mood)| Action::Ask(which, mood)),
        6 => (0..4_usize).prop_map(Action::Settle),
        2 => Just(Action::Crash),
        3 => Just(Action::Pump(Mood::Good)),
        3 => mood.prop_map(Action::Pump),
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
    /// Where somebody is written to.
    emails: BTreeMap<&'static str, String>,
    tz: BTreeMap<&'static str, Option<&'static str>>,
    /// Nudges: to whom, when.
    renders: Vec<(&'static str, Millis)>,
    /// Letters: to whom, when last, about which sequences.
    sends: BTreeMap<String, (&'static str, Millis, Vec<String>)>,
    /// What was enrolled before the tenant upgraded.
    dead: u32,
    /// How often a letter was all but handed over to a provider without keys.
    handed: BTreeMap<String, usize>,
    /// When letters began to leave.
    begun: BTreeSet<(String, Millis)>,
}

impl Model {
    fn new() -> Self {
        Self {
            traits: BTreeMap::new(),
            keen: BTreeSet::new(),
            refused: BTreeSet::new(),
            suppressed: BTreeSet::new(),
            emails: USERS.into_iter().map(|(user, _)| (user, format!("{user}@acme.example"))).collect(),
            tz: USERS.into_iter().collect(),
            renders: Vec::new(),
            sends: BTreeMap::new(),
            dead: 0,
            handed: BTreeMap::new(),
            begun: BTreeSet::new(),
        }
    }

    /// Everybody who is written to where `user` is.
    fn sharing(&self, user: &str) -> Vec<&'static str> {
        let has_it = |other: &&str| self.emails[other].to_lowercase() == self.emails[user].to_lowercase();
        self.emails.keys().copied().filter(has_it).collect()
    }

    /// Whether a letter may leave although it is night until then, or there is no room: its key will be forgotten.
    fn presses(&self, post: &Post, letter: &Letter, until: Millis) -> bool {
        let Some(doubted) = letter.doubted.filter(|_| post.is_idempotent && letter.unsure > 0) else { return false };
        assert!(self.begun.contains(&(letter.id.clone(), doubted)), "it did not leave then: {letter:?}");
        let forgotten = doubted.plus(23 * HOUR);
        post.now < forgotten && forgotten <= until
    }

    /// Everything that must be so when a letter leaves.
    fn leaves(&mut self, post: &Post, letter: &Letter) {
        let user = USERS.iter().map(|(user, _)| *user).find(|user| *user == letter.recipient).expect("somebody known");
        let wall = shown(post.now, self.tz[user].unwrap_or(BERLIN));
        let sharing = self.sharing(user);
        assert!(sharing.iter().all(|user| !self.suppressed.contains(user)), "to an address that takes no mail");
        let morning = wall.date().to_datetime(jiff::civil::time(8, 0, 0, 0));
        let morning = if wall.hour() < 8 { morning } else { morning.tomorrow().expect("a day") };
        let monday = wall.date().nth_weekday(1, jiff::civil::Weekday::Monday).expect("a day");
        let zone = self.tz[user].unwrap_or(BERLIN);
        let until = |civil: jiff::civil::DateTime| moment(&civil.to_string(), zone);
        for part in &letter.parts {
            let signal = match part.sequence.as_str() {
                "night" => "a",
                "week" => "b",
                _ => "c",
            };
            assert!(self.traits.get(signal) == Some(&true) && !self.keen.contains(user), "after the exit: {part:?}");
            assert!(part.enrolment > self.dead, "after the upgrade: {part:?}");
            let (sequence, quiet, skips) = *SEQUENCES.iter().find(|(id, ..)| *id == part.sequence).expect("known");
            let refused = |user| self.refused.contains(&(user, None)) || self.refused.contains(&(user, Some(sequence)));
            assert!(!sharing.iter().any(|user| refused(*user)), "unwanted: {part:?}");
            let is_day = quiet.is_none_or(|(from, to)| (to..from).contains(&wall.hour()));
            assert!(is_day || self.presses(post, letter, until(morning)), "at {wall}: {part:?}");
            let is_weekday = !skips || wall.weekday().to_monday_one_offset() <= 5;
            assert!(
                is_weekday || self.presses(post, letter, until(monday.to_datetime(jiff::civil::Time::midnight()))),
                "at {wall}: {part:?}"
            );
        }
        let sequences = letter.parts.iter().map(|part| part.sequence.clone()).collect();
        self.sends.insert(letter.id.clone(), (user, post.now, sequences));
        self.budgets(post, user, Some(letter));
        self.begun.insert((letter.id.clone(), post.now));
        let own = post.rules.config.sequences.iter().find(|sequence| sequence.id == "week").expect("known");
        let of_week = |sequences: &[String]| sequences.iter().any(|id| id == "week");
        if of_week(&self.sends[&letter.id].2) {
            for cap in &own.caps {
                let times = self.sends.values().filter(|(.., sequences)| of_week(sequences)).map(|(who, at, _)| (*who, *at));
                if !self.outlasts(post, letter, cap) {
                    assert_room(cap, user, times, post.now);
                }
            }
        }
    }

    /// Whether a key may be forgotten before a cap has room again.
    fn outlasts(&self, post: &Post, letter: &Letter, cap: &Cap) -> bool {
        let until = match cap.window {
            Window::Rolling(length) => post.now.plus(length),
            Window::Calendar(_) => {
                let tomorrow = shown(post.now, BERLIN).date().tomorrow().expect("a day");
                moment(&tomorrow.to_datetime(jiff::civil::Time::midnight()).to_string(), BERLIN)
            }
        };
        self.presses(post, letter, until)
    }

    /// What somebody has met, in the app and by mail.
    fn budgets(&self, post: &Post, user: &str, letter: Option<&Letter>) {
        let mails = self.sends.values().map(|(who, at, _)| (*who, *at));
        let caps = &post.rules.config.frequency.caps;
        for cap in caps.iter().filter(|cap| letter.is_none_or(|letter| !self.outlasts(post, letter, cap))) {
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
    /// Letters that are being sent, and whether all of one was handed over.
    flights: Vec<(Letter, bool)>,
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
                let numbered = post.tenant.mailing.numbered;
                post.set(name, is, by.map(|by| USERS[by].0));
                self.assert_one_for_each_mailbox(numbered);
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
                model.refused.extend(model.sharing(user).into_iter().map(|user| (user, of)));
                post.tenant.mailing.unsubscribe(user, of, post.now);
            }
            Action::Resubscribe(user, of) => {
                let (user, of) = (USERS[user].0, of.map(|of| SEQUENCES[of].0));
                post.tenant.mailing.resubscribe(user, of);
                let sharing = model.sharing(user);
                model.refused.retain(|(who, refused)| !sharing.contains(who) || of.is_some() && *refused != of);
            }
            Action::Suppress(user) => {
                model.suppressed.extend(model.sharing(USERS[user].0));
                post.tenant.mailing.suppress(USERS[user].0, post.now);
            }
            Action::Move(user) => {
                // A new address, in another zone.
                let user = USERS[user].0;
                model.suppressed.remove(user);
                model.tz.insert(user, Some("Pacific/Kiritimati"));
                let email = format!("{user}.{}@acme.example", post.now.0);
                model.emails.insert(user, email.clone());
                let seen = Seen { email: Some(email), tz: Some("Pacific/Kiritimati".to_owned()), ..Seen::default() };
                post.tenant.mailing.know(user, &seen, post.now);
            }
            Action::Share(user, other) => {
                let (user, email) = (USERS[user].0, model.emails[USERS[other].0].to_uppercase());
                if !model.sharing(user).contains(&USERS[other].0) {
                    model.suppressed.remove(user);
                }
                model.emails.insert(user, email.clone());
                post.tenant.mailing.know(user, &Seen { email: Some(email), ..Seen::default() }, post.now);
            }
            Action::Draw => self.hand = post.draw(),
            Action::Begin(which) => self.begin(which),
            Action::Hand(which) => {
                if which < self.flights.len() {
                    let flight = self.flights.remove(which);
                    let handed = self.hand_over(flight);
                    self.flights.extend(handed);
                }
            }
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
            Action::Pump(mood) => self.pump(mood),
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
            self.model.budgets(&self.post, user, None);
        }
    }

    fn begin(&mut self, which: usize) {
        if which < self.hand.len() {
            let id = self.hand.remove(which).id;
            if let Some(letter) = self.post.sending(&id) {
                self.model.leaves(&self.post, &letter);
                let has_it = self.post.is_idempotent;
                self.flights.push((letter, has_it));
            }
        }
    }

    fn ask(&mut self, which: usize, mood: Mood) {
        if which < self.flights.len() {
            let (letter, has_it) = self.flights.remove(which);
            self.post.mood = mood;
            let refuses = matches!(mood, Mood::Busy | Mood::Refusing);
            if let Some((letter, _)) = if refuses { Some((letter, has_it)) } else { self.hand_over((letter, has_it)) } {
                let outcome = self.post.hand_over(&letter);
                self.answers.push((letter.id, outcome));
            }
        }
    }

    /// From now on a provider without keys may have the letter; `None` where it was called back.
    fn hand_over(&mut self, (letter, has_it): (Letter, bool)) -> Option<(Letter, bool)> {
        if has_it {
            return Some((letter, true));
        }
        if !self.post.handing(&letter.id) {
            self.answers.push((letter.id, called_back()));
            return None;
        }
        let handed = self.model.handed.entry(letter.id.clone()).or_default();
        *handed += 1;
        assert!(*handed <= 2, "handed over too often: {letter:?}");
        assert!(letter.parts.iter().all(|part| part.enrolment > self.model.dead), "after the upgrade: {letter:?}");
        Some((letter, true))
    }

    fn pump(&mut self, mood: Mood) {
        self.hand = self.post.draw();
        while !self.hand.is_empty() {
            self.begin(0);
            while !self.flights.is_empty() {
                self.ask(0, mood);
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
            self.pump(Mood::Good);
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

    /// Nobody knows whether it was sent: then it was handed over twice, or asked for as long as its key was known.
    fn assert_everything_was_tried(&self, letter: &Letter, at: Millis) {
        if self.post.is_idempotent {
            let first = self.model.begun.iter().find(|(id, _)| *id == letter.id).map(|(_, at)| *at);
            assert!(first.is_some_and(|first| at >= first.plus(23 * HOUR)), "{letter:?}");
        } else {
            assert_eq!(self.model.handed.get(&letter.id), Some(&2), "{letter:?}");
        }
    }

    /// However many people one mailbox belongs to, it is written to once about one thing.
    fn assert_one_for_each_mailbox(&self, numbered: u32) {
        let mailing = &self.post.tenant.mailing;
        let entered = mailing.enrolments.iter().filter(|e| e.number > numbered && !matches!(e.stage, Stage::Ended { .. }));
        let mut mailboxes = BTreeSet::new();
        for enrolment in entered {
            let address = mailing.contact(&enrolment.recipient).and_then(|contact| contact.email.as_deref()).expect("known").to_lowercase();
            assert!(mailboxes.insert((&enrolment.sequence, address)), "{enrolment:?}");
        }
    }

    /// What came to rest came to an end, and every letter that is kept says what became of it.
    fn assert_nothing_is_lost(&self) {
        let mailing = &self.post.tenant.mailing;
        let arrived: BTreeSet<&str> = self.post.mails.iter().map(|mail| mail.letter.id.as_str()).collect();
        for letter in &mailing.letters {
            match letter.state {
                LetterState::Sent(_) => assert!(arrived.contains(letter.id.as_str()), "{letter:?}"),
                LetterState::Failed { at, reason: Reason::Unsure } => self.assert_everything_was_tried(letter, at),
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
