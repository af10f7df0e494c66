//! What is kept of decisions is what deciding anew would say, as of the same moment of the present second.

use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::almanac::Almanac;
use crate::campaign::{Cap, Gates, Schedule, Scope, Unit, Window};
use crate::expr::{Op, Program};
use crate::facts::{EventStanding, Input, UsageField};
use crate::plan::Limit;
use crate::snapshot::{Residue, Settled};
use crate::time::{DAY, HOUR, MINUTE, SECOND};
use crate::watch::Watch;

const START: Millis = Millis(20_000 * DAY + 5 * HOUR);
const METERS: u16 = 2;
const EVENTS: u16 = 2;
const WATCHES: u16 = 3;

impl Session {
    /// Nothing is kept: all is evaluated again.
    fn forget(&mut self) {
        self.index = Index::new(&self.rules);
    }

    /// Decides anew, by the time as of which all is judged.
    fn wholly(&mut self, place: usize, device: Millis) -> Decision {
        self.forget();
        self.look(self.now(device));
        self.judge(place, &StandingAt { standing: &self.standing, now: self.clock })
    }

    fn wholly_traced(&mut self, place: usize) -> Vec<(usize, Reason)> {
        let facts = StandingAt { standing: &self.standing, now: self.clock };
        let Some((_, first, candidates)) = self.at(place) else { return vec![] };
        self.scene(&facts).trace(numbered(first, candidates))
    }
}

fn moment() -> impl Strategy<Value = Millis> {
    prop_oneof![-3 * SECOND..3 * SECOND, -2 * DAY..2 * DAY, Just(0)].prop_map(|ms| START.plus(ms))
}

/// An input and a constant that it may be near.
fn reading(signals: u16) -> BoxedStrategy<(Input, Op)> {
    let length = prop_oneof![Just(0), -3 * SECOND..3 * SECOND, -2 * DAY..2 * DAY].prop_map(Op::Duration);
    let whole = (-1_i64..14).prop_map(Op::Int);
    let usage = (0..=METERS, select(vec![UsageField::Value, UsageField::Percent, UsageField::Remaining]));
    let usage = usage.prop_map(|(meter, field)| Input::Usage { meter, field });
    let ratio = (0..METERS).prop_map(|meter| Input::Usage { meter, field: UsageField::Ratio });
    let double = select(vec![0.0, 0.2, 0.5, 1.0, 1.5, f64::NAN]).prop_map(|double: f64| Op::Double(double.to_bits()));
    let count = (0..EVENTS, select(vec![1, 7, 28])).prop_map(|(event, days)| Input::EventCount { event, days });
    prop_oneof![
        3 => (usage, prop_oneof![3 => whole.clone(), 1 => (-10_i64..200).prop_map(Op::Int)]),
        2 => (ratio, double),
        2 => (count, whole),
        1 => ((0..EVENTS).prop_map(|event| Input::EventLastAge { event }), length.clone()),
        1 => (moment().prop_map(Input::Since), length.clone()),
        1 => (moment().prop_map(Input::Until), length),
        1 => ((0..signals.max(1)).prop_map(move |i| if signals > 0 { Input::Signal(i) } else { Input::Signal(99) }), Just(Op::Bool(true))),
    ]
    .boxed()
}

fn condition(signals: u16) -> impl Strategy<Value = Vec<Op>> {
    let op = || select(vec![Op::Eq, Op::Ne, Op::Lt, Op::Le, Op::Gt, Op::Ge]);
    let plain = || (reading(signals), op());
    prop_oneof![
        6 => plain().prop_map(|((input, constant), op)| vec![Op::Input(input), constant, op]),
        2 => plain().prop_map(|((input, constant), op)| vec![constant, Op::Input(input), op]),
        1 => (reading(signals), reading(signals), op()).prop_map(|((a, _), (b, _), op)| vec![Op::Input(a), Op::Input(b), op]),
        1 => plain().prop_map(|((input, constant), op)| vec![Op::Input(input), constant.clone(), Op::Add, constant, op]),
        1 => reading(signals).prop_map(|(input, _)| vec![Op::Input(input), Op::Has]),
        1 => reading(signals).prop_map(|(input, constant)| vec![Op::Input(input), constant, Op::Int(3), Op::In(2)]),
        1 => reading(signals).prop_map(|(input, _)| vec![Op::Input(input)]),
    ]
}

fn program(signals: u16) -> impl Strategy<Value = Program> {
    let more = (condition(signals), select(vec![Op::And, Op::Or]), any::<bool>());
    (condition(signals), prop::collection::vec(more, 0..3)).prop_map(|(mut ops, more)| {
        for (condition, op, negated) in more {
            ops.extend(condition);
            ops.extend(negated.then_some(Op::Not));
            ops.push(op);
        }
        Program::of(ops)
    })
}

fn cap() -> impl Strategy<Value = Cap> {
    let lengths = select(vec![2 * SECOND, MINUTE, DAY]).prop_map(Window::Rolling);
    let window = prop_oneof![lengths, select(vec![Unit::Day, Unit::Week, Unit::Month]).prop_map(Window::Calendar)];
    (0..3_u16, window, select(vec![Scope::User, Scope::Tenant])).prop_map(|(max, window, scope)| Cap { max, window, scope })
}

fn schedule() -> impl Strategy<Value = Schedule> {
    (prop::option::weighted(0.2, moment()), prop::option::weighted(0.2, moment())).prop_map(|(from, until)| Schedule { from, until })
}

fn candidate() -> impl Strategy<Value = Candidate> {
    let length = || select(vec![0, 5, 2 * SECOND, DAY]);
    let gates = (
        (schedule(), program(WATCHES), prop::collection::vec(cap(), 0..2), prop::option::of(length()), length()),
        (prop::option::weighted(0.3, 0..2_u8), prop::collection::vec(1..3_u32, 0..2), prop::bool::weighted(0.1)),
        prop::collection::vec(reading(WATCHES).prop_map(|(input, _)| input), 0..2),
    );
    gates.prop_map(|((schedule, audience, caps, dismiss, convert), (quiet, groups, held_out), reads)| Candidate {
        gates: Gates {
            schedule,
            audience,
            caps,
            quiet,
            groups,
            held_out,
            cooldown_after_dismiss: dismiss,
            cooldown_after_convert: convert,
            ..Gates::default()
        },
        reads,
    })
}

fn watch(signals: u16) -> impl Strategy<Value = Watch> {
    (program(signals), prop::option::of(program(signals))).prop_map(|(when, rearm)| Watch { when, rearm })
}

fn almanac() -> impl Strategy<Value = Almanac> {
    let begins = || prop::collection::vec(moment(), 0..5).prop_map(sorted);
    (prop::collection::vec(begins(), 3), prop::collection::vec(begins(), 2)).prop_map(|(begins, quiet)| Almanac { begins, quiet })
}

fn sorted(mut moments: Vec<Millis>) -> Vec<Millis> {
    moments.sort_unstable();
    moments
}

fn rules() -> impl Strategy<Value = Residue> {
    let watches = (watch(0), watch(1), watch(2)).prop_map(|(a, b, c)| vec![a, b, c]);
    let settled =
        (schedule(), select(vec![Reason::HeldOut, Reason::NotRolledOut])).prop_map(|(schedule, reason)| Settled { schedule, reason });
    let places =
        (prop::collection::vec(candidate(), 0..70), prop::collection::vec(candidate(), 0..4), prop::option::weighted(0.2, settled));
    (watches, places, prop::collection::vec(cap(), 0..2), almanac()).prop_map(|(watches, (one, two, settled), frequency, almanac)| {
        let place =
            |key, candidates: &Vec<Candidate>, settled| Place { key, candidates: candidates.len().try_into().expect("few"), settled };
        let places = vec![place(7, &one, settled), place(8, &two, None)];
        let mut candidates = [one, two].concat();
        candidates.iter_mut().zip(1..).for_each(|(candidate, key)| candidate.gates.key = key);
        let (meters, events) = (vec![1, 2], vec![3, 4]);
        Residue { meters, events, watches, places, candidates, frequency, almanac, ..Residue::default() }
    })
}

fn standing() -> impl Strategy<Value = Standing> {
    let limit = prop_oneof![Just(Limit::Unlimited), (0..12_u64).prop_map(Limit::Upto)];
    let value = prop_oneof![9 => 0..12_u64, 1 => Just(u64::MAX), 1 => Just((1 << 53) - 1)];
    let meter = (value, limit, prop::option::of(moment())).prop_map(|(value, limit, resets_at)| {
        let since = resets_at.map(|at| at.plus(-DAY));
        MeterStanding { value, limit, soft: None, since, resets_at }
    });
    let event = prop::collection::vec(moment(), 0..4).prop_map(|moments| {
        let mut event = EventStanding::default();
        for at in moments {
            event.count(at);
        }
        event
    });
    let signals = prop::collection::vec(any::<bool>(), WATCHES as usize);
    (prop::collection::vec(meter, METERS as usize), prop::collection::vec(event, EVENTS as usize), signals)
        .prop_map(|(meters, events, signals)| Standing { meters, events, signals, features: vec![] })
}

fn live() -> impl Strategy<Value = Live> {
    (standing(), 0..4_u64, -2..2_i64, prop::option::weighted(0.1, moment())).prop_map(|(standing, applied, skew, converted)| Live {
        standing,
        applied,
        converted,
        server_time: Millis(skew),
        ..Live::default()
    })
}

/// What happens in and around a page.
#[derive(Clone, Debug)]
enum Step {
    Wait(i64),
    Add(usize, u64),
    Set(usize, u64),
    Track(usize),
    Note(u32, NoteKind, u32),
    Display(usize, bool),
    Convert,
    Close,
    Abandon(u64),
    Told(Live),
}

fn step() -> impl Strategy<Value = Step> {
    let kinds = vec![NoteKind::Render, NoteKind::Ghost, NoteKind::Click, NoteKind::Dismiss, NoteKind::Snooze(START.plus(SECOND))];
    prop_oneof![
        4 => select(vec![1, 7, SECOND, 2 * SECOND, HOUR, DAY, -1, -SECOND]).prop_map(Step::Wait),
        4 => (0..3_usize, 0..4_u64).prop_map(|(meter, n)| Step::Add(meter, n)),
        1 => (0..3_usize, 0..12_u64).prop_map(|(meter, n)| Step::Set(meter, n)),
        4 => (0..3_usize).prop_map(Step::Track),
        2 => (1..12_u32, select(kinds), 0..99_u32).prop_map(|(campaign, kind, tag)| Step::Note(campaign, kind, tag)),
        1 => (0..12_usize, any::<bool>()).prop_map(|(candidate, shown)| Step::Display(candidate, shown)),
        1 => Just(Step::Convert),
        1 => Just(Step::Close),
        1 => (0..4_u64).prop_map(Step::Abandon),
        1 => live().prop_map(Step::Told),
    ]
}

fn take(session: &mut Session, step: &Step, device: Millis) {
    match step.clone() {
        Step::Wait(_) => {}
        Step::Add(meter, n) => session.count(meter, false, n, device),
        Step::Set(meter, n) => session.count(meter, true, n, device),
        Step::Track(event) => session.track(event, device),
        Step::Note(campaign, kind, tag) => session.note(campaign, kind, Moment { at: session.now(device), tag }),
        Step::Display(candidate, shown) => session.display(candidate, shown),
        Step::Convert => session.convert(session.now(device)),
        Step::Close => _ = session.close_batch(),
        Step::Abandon(batch) => session.abandon(batch),
        Step::Told(live) => {
            let server_time = device.plus(live.server_time.0);
            let frame = Frame { rules: None, live: Live { server_time, ..live } };
            session.apply(&frame.encode(""), device).expect("a frame");
        }
    }
}

proptest! {
    #[test]
    fn what_is_kept_is_what_deciding_anew_says(rules in rules(), live in live(), steps in prop::collection::vec(step(), 1..30)) {
        let live = Live { server_time: START, ..live };
        let mut device = START;
        let mut kept = Session::new(Snapshot { rules, live }, device);
        let mut anew = kept.clone();
        for step in &steps {
            if let Step::Wait(ms) = step {
                device = device.plus(*ms);
            }
            take(&mut kept, step, device);
            anew.forget();
            take(&mut anew, step, device);
            for place in 0..3 {
                let expected = anew.wholly(place, device);
                prop_assert_eq!(kept.decide(place, device), expected, "place {} after {:?}", place, step);
                prop_assert_eq!(kept.decide(place, device), expected, "place {} asked again", place);
                prop_assert_eq!((kept.clock, kept.clock.second()), (anew.clock, kept.now(device).second()), "as of the present second");
            }
            prop_assert_eq!(&kept.standing, &anew.standing);
            let traced: Vec<(usize, Reason)> = (0..).map_while(|i| kept.trace(1, i, device)).collect();
            prop_assert_eq!(traced, anew.wholly_traced(1));
        }
    }
}

#[test]
fn what_batches_that_overtook_each_other_bring_is_on_display_once_all_the_time() {
    let snapshot = Snapshot {
        rules: Residue { meters: vec![1], ..Residue::default() },
        live: Live { standing: Standing { meters: vec![MeterStanding::default()], ..Standing::default() }, ..Live::default() },
    };
    let mut page = Session::new(snapshot.clone(), START);
    for n in [1, 10, 100] {
        page.count(0, false, n, START);
        page.close_batch();
    }
    // The Worker counts the third, the first and the second, and says so each time.
    for (value, applied, missing) in [(100, 3, 0b11), (101, 3, 0b01), (111, 3, 0)] {
        let mut live = Live { applied, missing, ..snapshot.live.clone() };
        live.standing.meters[0].value = value;
        page.apply(&Frame { rules: None, live }.encode("{}"), START).expect("a frame");
        assert_eq!(page.meter(0, START).map(|meter| meter.value), Some(111), "when {value} are counted");
    }
}
