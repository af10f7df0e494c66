//! Whether a condition can hold, by looking for a case in which it does.
//!
//! A condition that does nothing with its facts but compare them with literals (`<`, `==`, `in`, and `&&`, `||`, `!`, `?:` of
//! these) depends only on where each fact lies among the literals it is compared with. There are few such regions, one point of
//! each is tried, unknown among them, in all combinations, by the evaluator that will run the condition. So the search is complete:
//! what it does not find does not exist. Facts that depend on each other (a meter's value and its ratio) make it see cases that
//! cannot be: it may miss a dead rule and never invents one. Where a case is itself the complaint, facts must be independent.
//!
//! Conditions of any other kind, and those with too many combinations, are not judged.

use core::mem;

use super::domain::{Known, Point};
use super::sources::are_independent;
use super::steps::Steps;
use crate::config::Config;
use crate::expr::{Lookup, Program, Value};
use crate::facts::{Fact, Input};
use crate::score;
use crate::time::{HOUR, MINUTE, SECOND};

/// The most combinations that are tried for a condition.
const MAX_CASES: usize = 4_096;
/// The most steps of programs that a review runs: some tens of milliseconds. A condition on one fact takes ten. What would come
/// after them is not judged.
const MAX_STEPS: usize = 1_000_000;

/// What is found of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It holds in no case.
    Never,
    /// It holds in some cases.
    Sometimes,
    /// It holds in every case.
    Always,
    /// It was not judged.
    Unsure,
}

/// Judges the conditions of a configuration.
#[derive(Debug)]
pub(super) struct Search<'c> {
    known: Known<'c>,
    /// The steps that may still be run.
    left: usize,
}

impl<'c> Search<'c> {
    pub(super) fn new(config: &'c Config) -> Self {
        Self { known: Known::of(config), left: MAX_STEPS }
    }

    /// Takes in that a signal or segment is never active.
    pub(super) fn kill(&mut self, fact: Fact) {
        self.known.dead.push(fact);
    }

    /// Whether something is always known of the fact.
    pub(super) fn is_known(&self, fact: Fact) -> bool {
        self.known.is_known(fact)
    }

    /// When `program` holds.
    pub(super) fn verdict(&mut self, program: &Program) -> Verdict {
        let (mut holds, mut fails) = (false, false);
        let seen = self.each(&[program], |cases| {
            let is_true = program.eval(cases).is_true();
            holds |= is_true;
            fails |= !is_true;
            !(holds && fails)
        });
        match (seen, holds, fails) {
            (_, true, true) => Verdict::Sometimes,
            (Some(_), false, _) => Verdict::Never,
            (Some(_), true, false) => Verdict::Always,
            (None, ..) => Verdict::Unsure,
        }
    }

    /// A case in which both hold, in words, or none where it has too many facts to be told in few; `None` when there is no such
    /// case, and when that cannot be said.
    pub(super) fn overlap(&mut self, on: &Program, off: &Program) -> Option<String> {
        let facts: Vec<Fact> = on.facts().chain(off.facts()).fold(Vec::new(), |mut facts, fact| {
            if !facts.contains(&fact) {
                facts.push(fact);
            }
            facts
        });
        if !are_independent(&facts, self.known.config) {
            return None;
        }
        let mut found = false;
        let last = self.each(&[on, off], |cases| {
            found = on.eval(cases).is_true() && off.eval(cases).is_true();
            !found
        });
        last.filter(|_| found).map(|cases| cases.example())
    }

    /// Why `program` never holds, where that lies outside of it: what it reads is never active, or the score never so high.
    pub(super) fn hint(&mut self, program: &Program) -> String {
        let known = &mut self.known;
        if !program.facts().any(|fact| fact == Fact::Score || known.dead.contains(&fact)) {
            return String::new();
        }
        let (dead, highest) = (mem::take(&mut known.dead), mem::replace(&mut known.highest_score, score::MAX));
        let could = self.verdict(program) == Verdict::Sometimes;
        let Config { signals, segments, .. } = self.known.config;
        let never = |what: &str, id: Option<&String>| id.map(|id| format!(": the {what} `{id}` never holds")).unwrap_or_default();
        let hint = match program.facts().find(|fact| dead.contains(fact)) {
            _ if !could => String::new(),
            Some(Fact::Input(Input::Signal(i))) => never("signal", signals.get(usize::from(i)).map(|signal| &signal.id)),
            Some(Fact::Segment(i)) => never("segment", segments.get(usize::from(i)).map(|segment| &segment.id)),
            _ => format!(": the score is at most {highest}, which is what the weights of all signals add up to"),
        };
        (self.known.dead, self.known.highest_score) = (dead, highest);
        hint
    }

    /// Visits every case that the programs tell apart, as long as `go_on` says so; the last one visited. `None` when there are
    /// too many, or none of them can be made.
    fn each(&mut self, programs: &[&Program], mut go_on: impl FnMut(&Cases) -> bool) -> Option<Cases> {
        let (mut cases, steps) = self.cases(programs)?;
        loop {
            self.left = self.left.checked_sub(steps)?;
            if !go_on(&cases) || !cases.advance() {
                return Some(cases);
            }
        }
    }

    /// The cases that the programs tell apart, and how many steps the programs have.
    fn cases(&self, programs: &[&Program]) -> Option<(Cases, usize)> {
        let mut compared: Vec<(Fact, Vec<Point>)> = Vec::new();
        let mut length = 0;
        for program in programs {
            let steps = Steps(program);
            length += steps.0.ops().len();
            for (fact, literals) in steps.comparisons(&|fact| self.known.is_bool(fact))? {
                match compared.iter_mut().find(|(f, _)| *f == fact) {
                    Some((_, all)) => all.extend(literals),
                    None => compared.push((fact, literals)),
                }
            }
        }
        let mut count = 1_usize;
        let mut axes = Vec::new();
        for (fact, literals) in compared {
            let points = self.known.domain(fact)?.points(literals);
            count = count.checked_mul(points.len()).filter(|count| (1..=MAX_CASES).contains(count))?;
            axes.push(Axis { fact, points, at: 0 });
        }
        Some((Cases { axes }, length))
    }
}

/// A fact and what is tried for it.
#[derive(Debug)]
struct Axis {
    fact: Fact,
    points: Vec<Point>,
    /// Which of them, at present.
    at: usize,
}

impl Axis {
    fn point(&self) -> &Point {
        self.points.get(self.at).unwrap_or(&Point::Unknown)
    }
}

/// One case at a time.
#[derive(Debug)]
struct Cases {
    axes: Vec<Axis>,
}

impl Cases {
    /// On to the next case, if there is one.
    fn advance(&mut self) -> bool {
        for axis in &mut self.axes {
            axis.at += 1;
            if axis.at < axis.points.len() {
                return true;
            }
            axis.at = 0;
        }
        false
    }

    /// The case in words, when it is about one fact: ", for example at 60".
    fn example(&self) -> String {
        match self.axes.as_slice() {
            [one] => spoken(one.point()).map(|text| format!(", for example at {text}")).unwrap_or_default(),
            _ => String::new(),
        }
    }
}

impl Lookup for Cases {
    fn input(&self, input: Input) -> Value<'_> {
        self.fact(Fact::Input(input))
    }

    fn fact(&self, fact: Fact) -> Value<'_> {
        self.axes.iter().find(|axis| axis.fact == fact).map_or(Value::Unknown, |axis| axis.point().value())
    }
}

/// A point as an expression writes it; `None` for what takes too many digits.
fn spoken(point: &Point) -> Option<String> {
    match point {
        Point::Unknown => None,
        Point::Bool(b) => Some(b.to_string()),
        Point::Int(n) => Some(n.to_string()),
        Point::Double(d) => decimal(*d),
        Point::Duration(ms) => {
            let units = [(HOUR, "h"), (MINUTE, "m"), (SECOND, "s"), (1, "ms")];
            let (of, unit) = units.into_iter().find(|(of, _)| ms % of == 0)?;
            Some(format!("{}{unit}", ms / of))
        }
        Point::Text(text) => Some(format!("'{text}'")),
    }
}

/// A number of at most three decimals. Doubles are never formatted as such: hosts may differ.
fn decimal(d: f64) -> Option<String> {
    let thousandths = d * 1_000.0;
    let is_short = (0.0..1e12).contains(&thousandths);
    #[expect(clippy::cast_possible_truncation, reason = "the range has been checked")]
    let whole = if is_short { thousandths as i64 } else { return None };
    #[expect(clippy::cast_precision_loss, clippy::float_cmp, reason = "below 2^53; only a number without rest is equal")]
    let is_whole = whole as f64 == thousandths;
    let (units, rest) = (whole / 1_000, format!("{:03}", whole % 1_000));
    let rest = rest.trim_end_matches('0');
    is_whole.then(|| format!("{units}.{}", if rest.is_empty() { "0" } else { rest }))
}
