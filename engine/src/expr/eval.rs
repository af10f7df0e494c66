//! Evaluation: one pass over the program with a small stack. Never fails, never allocates.

use core::cmp::Ordering;

#[cfg(feature = "edge")]
use super::loops::Elements;
use super::program::{MAX_STACK, Op, Program};
use super::value::{MAX_DURATION, Value};
#[cfg(feature = "edge")]
use crate::facts::Fact;
use crate::facts::Input;

/// Where a program reads its facts.
pub trait Lookup {
    /// The present value of what the browser reads by itself.
    fn input(&self, input: Input) -> Value<'_>;

    /// The present value of what only the edge knows.
    #[cfg(feature = "edge")]
    fn fact(&self, fact: Fact) -> Value<'_>;
}

impl Program {
    /// The program's value over `facts`. A program that is not well formed (it came from a damaged snapshot) is
    /// [`Value::Unknown`].
    pub fn eval<'a>(&'a self, facts: &'a impl Lookup) -> Value<'a> {
        let mut stack = Stack::default();
        #[cfg(feature = "edge")]
        self.run(&self.ops, facts, &mut stack, Elements::default());
        #[cfg(not(feature = "edge"))]
        for op in &self.ops {
            let value = self.step(op, &mut stack, facts);
            stack.push(value);
        }
        stack.pop()
    }

    #[cfg_attr(not(feature = "edge"), expect(clippy::unused_self, reason = "only the edge has strings"))]
    pub(super) fn step<'a>(&'a self, op: &Op, stack: &mut Stack<'a>, facts: &'a impl Lookup) -> Value<'a> {
        match op {
            Op::Unknown => Value::Unknown,
            Op::Bool(b) => Value::Bool(*b),
            Op::Int(i) => Value::Int(*i),
            Op::Double(bits) => Value::Double(f64::from_bits(*bits)),
            Op::Duration(ms) => Value::Duration(*ms),
            Op::Input(input) => facts.input(*input),
            #[cfg(feature = "edge")]
            Op::Str(i) => self.strings.get(usize::from(*i)).map_or(Value::Unknown, |s| Value::Str(s)),
            #[cfg(feature = "edge")]
            Op::Fact(fact) => facts.fact(*fact),
            #[cfg(feature = "edge")]
            Op::Timestamp(ms) => Value::Timestamp(*ms),
            _ => operate(op, stack),
        }
    }
}

/// A step that takes all it needs from the stack.
pub(super) fn operate<'a>(op: &Op, stack: &mut Stack<'a>) -> Value<'a> {
    match op {
        Op::Not => not(stack.pop()),
        Op::Neg => negate(stack.pop()),
        Op::In(n) => is_in(stack, *n),
        Op::Has => Value::Bool(!matches!(stack.pop(), Value::Unknown)),
        Op::Select => {
            let (otherwise, then) = (stack.pop(), stack.pop());
            match stack.pop() {
                Value::Bool(true) => then,
                Value::Bool(false) => otherwise,
                _ => Value::Unknown,
            }
        }
        #[cfg(feature = "edge")]
        Op::Size => super::texts::size(stack.pop()),
        _ => {
            let (b, a) = (stack.pop(), stack.pop());
            binary(op, a, b)
        }
    }
}

/// The values a program works on.
pub(super) struct Stack<'a> {
    values: [Value<'a>; MAX_STACK],
    len: usize,
}

impl Default for Stack<'_> {
    fn default() -> Self {
        const EMPTY: Stack<'static> = Stack { values: [Value::Unknown; MAX_STACK], len: 0 };
        EMPTY
    }
}

impl<'a> Stack<'a> {
    pub(super) fn push(&mut self, value: Value<'a>) {
        if let Some(slot) = self.values.get_mut(self.len) {
            *slot = value;
        }
        self.len += 1;
    }

    pub(super) fn pop(&mut self) -> Value<'a> {
        self.len = self.len.saturating_sub(1);
        self.values.get(self.len).copied().unwrap_or(Value::Unknown)
    }
}

fn not(a: Value<'_>) -> Value<'_> {
    if let Value::Bool(b) = a { Value::Bool(!b) } else { Value::Unknown }
}

fn negate(a: Value<'_>) -> Value<'_> {
    match a {
        Value::Int(i) => i.checked_neg().map_or(Value::Unknown, Value::Int),
        Value::Duration(ms) => ms.checked_neg().map_or(Value::Unknown, Value::Duration),
        Value::Double(d) => Value::Double(-d),
        _ => Value::Unknown,
    }
}

/// `needle in [..]`. A list with an unknown element is unknown itself, as CEL has it, and so is the answer.
fn is_in<'a>(stack: &mut Stack<'a>, n: u8) -> Value<'a> {
    let end = stack.len;
    let begin = end.saturating_sub(usize::from(n));
    stack.len = begin;
    let needle = stack.pop();
    let elements = stack.values.get(begin..end).unwrap_or_default();
    let is_unknown = |value: &Value<'_>| matches!(value, Value::Unknown);
    if is_unknown(&needle) || elements.iter().any(is_unknown) {
        return Value::Unknown;
    }
    Value::Bool(elements.iter().any(|element| compare(needle, *element) == Some(Ordering::Equal)))
}

fn binary<'a>(op: &Op, a: Value<'a>, b: Value<'a>) -> Value<'a> {
    match op {
        Op::And | Op::Or => conjunction(a, b, matches!(op, Op::Or)),
        Op::Eq | Op::Ne | Op::Lt | Op::Le | Op::Gt | Op::Ge => comparison(op, a, b),
        #[cfg(feature = "edge")]
        Op::StartsWith | Op::EndsWith | Op::Contains | Op::InList => super::texts::search(op, a, b),
        #[cfg(feature = "edge")]
        Op::TimeAdd | Op::TimeSub | Op::TimeDiff => super::times::shift(op, a, b),
        _ => arithmetic(op, a, b),
    }
}

/// `&&` (`decisive` false) and `||` (`decisive` true): one decisive operand decides, whatever the other is.
pub(super) fn conjunction<'a>(a: Value<'a>, b: Value<'a>, decisive: bool) -> Value<'a> {
    match (a, b) {
        (Value::Bool(x), _) if x == decisive => Value::Bool(decisive),
        (_, Value::Bool(y)) if y == decisive => Value::Bool(decisive),
        (Value::Bool(_), Value::Bool(_)) => Value::Bool(!decisive),
        _ => Value::Unknown,
    }
}

fn comparison<'a>(op: &Op, a: Value<'a>, b: Value<'a>) -> Value<'a> {
    let Some(ordering) = compare(a, b) else { return nan_comparison(op, a, b) };
    let holds = op.orders().unwrap_or_default();
    Value::Bool(holds >> (ordering as i8 + 1) & 1 == 1)
}

/// A NaN is unequal to everything and in no order with anything; that is an answer, not an error.
fn nan_comparison<'a>(op: &Op, a: Value<'a>, b: Value<'a>) -> Value<'a> {
    match (a, b) {
        (Value::Double(_), Value::Double(_) | Value::Int(_)) | (Value::Int(_), Value::Double(_)) => Value::Bool(matches!(op, Op::Ne)),
        _ => Value::Unknown,
    }
}

/// The order of two values of one type; int and double compare as numbers. `None`: not comparable.
fn compare(a: Value<'_>, b: Value<'_>) -> Option<Ordering> {
    match (a, b) {
        (Value::Bool(x), Value::Bool(y)) => Some(x.cmp(&y)),
        (Value::Int(x), Value::Int(y)) | (Value::Duration(x), Value::Duration(y)) => Some(x.cmp(&y)),
        #[cfg(feature = "edge")]
        (Value::Str(x), Value::Str(y)) => Some(x.cmp(y)),
        #[cfg(feature = "edge")]
        (Value::Timestamp(x), Value::Timestamp(y)) => Some(x.cmp(&y)),
        (Value::Double(x), Value::Double(y)) => x.partial_cmp(&y),
        (Value::Int(x), Value::Double(y)) => compare_int_double(x, y),
        (Value::Double(x), Value::Int(y)) => compare_int_double(y, x).map(Ordering::reverse),
        _ => None,
    }
}

/// Exact, as CEL demands: no rounding of large integers to the nearest double.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "the range is checked first; the casts drop only the fraction, and a double without it is a double again"
)]
fn compare_int_double(int: i64, double: f64) -> Option<Ordering> {
    const TWO_TO_63: f64 = 9_223_372_036_854_775_808.0;
    if double.is_nan() {
        return None;
    }
    if double >= TWO_TO_63 {
        return Some(Ordering::Less);
    }
    if double < -TWO_TO_63 {
        return Some(Ordering::Greater);
    }
    let whole = double as i64;
    Some(int.cmp(&whole).then_with(|| {
        let fraction = double - whole as f64;
        0.0_f64.partial_cmp(&fraction).unwrap_or(Ordering::Equal)
    }))
}

fn arithmetic<'a>(op: &Op, a: Value<'a>, b: Value<'a>) -> Value<'a> {
    match (a, b) {
        (Value::Int(x), Value::Int(y)) => whole(op, x, y).map_or(Value::Unknown, Value::Int),
        (Value::Duration(x), Value::Duration(y)) if matches!(op, Op::Add | Op::Sub) => {
            let sum = whole(op, x, y).filter(|ms| (-MAX_DURATION..=MAX_DURATION).contains(ms));
            sum.map_or(Value::Unknown, Value::Duration)
        }
        (Value::Double(x), Value::Double(y)) => match op {
            Op::Add => Value::Double(x + y),
            Op::Sub => Value::Double(x - y),
            Op::Mul => Value::Double(x * y),
            Op::Div => Value::Double(x / y),
            _ => Value::Unknown,
        },
        _ => Value::Unknown,
    }
}

fn whole(op: &Op, x: i64, y: i64) -> Option<i64> {
    match op {
        Op::Add => x.checked_add(y),
        Op::Sub => x.checked_sub(y),
        Op::Mul => product(x, y),
        Op::Div => x.checked_div(y),
        _ => x.checked_rem(y),
    }
}

/// What `checked_mul` answers, which multiplies 128 bits: that would cost the browser 90 bytes.
///
/// What has lost bits is wrong by 2^64 or more. Doubles are wrong by less than a 2^50th of what they say: a few thousand where all bits
/// are there.
#[expect(clippy::cast_precision_loss, reason = "see above")]
fn product(x: i64, y: i64) -> Option<i64> {
    let product = x.wrapping_mul(y);
    let is_whole = (x as f64 * y as f64 - product as f64).abs() < 1e6;
    is_whole.then_some(product)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ints_and_doubles_compare_exactly() {
        for (int, double, expected) in [
            (1, 1.0, Some(Ordering::Equal)),
            (1, 1.5, Some(Ordering::Less)),
            (-1, -1.5, Some(Ordering::Greater)),
            (i64::MAX, 9_223_372_036_854_775_807.0, Some(Ordering::Less)),
            (i64::MIN, -9_223_372_036_854_775_808.0, Some(Ordering::Equal)),
            (9_007_199_254_740_993, 9_007_199_254_740_992.0, Some(Ordering::Greater)),
            (0, f64::INFINITY, Some(Ordering::Less)),
            (0, f64::NEG_INFINITY, Some(Ordering::Greater)),
            (0, f64::NAN, None),
        ] {
            assert_eq!(compare_int_double(int, double), expected, "{int} {double}");
        }
    }

    #[test]
    fn products_are_exact_or_unknown() {
        let near = |x: i64| (-3..=3).map(move |d| x.wrapping_add(d));
        let roots = [0, 1 << 31, 1 << 32, 3_037_000_500, 1 << 52, 1 << 62, i64::MAX / 3, i64::MAX / 10, i64::MAX];
        let factors: Vec<i64> = roots.into_iter().flat_map(near).flat_map(|x| [x, x.wrapping_neg()]).collect();
        for x in &factors {
            for y in &factors {
                assert_eq!(product(*x, *y), x.checked_mul(*y), "{x} * {y}");
            }
        }
    }

    struct Nothing;
    impl Lookup for Nothing {
        fn input(&self, _: Input) -> Value<'_> {
            Value::Unknown
        }
        fn fact(&self, _: Fact) -> Value<'_> {
            Value::Unknown
        }
    }

    /// The checker lets few of these through; a frame may hold all of them.
    #[test]
    fn steps_answer_for_operands_of_any_type() {
        let (int, double, length) = (Op::Int(1), Op::Double(1.5_f64.to_bits()), Op::Duration(2));
        for (ops, expected) in [
            (vec![], Value::Unknown),
            (vec![Op::Or], Value::Unknown),
            (vec![Op::Has], Value::Bool(false)),
            (vec![Op::Bool(true); MAX_STACK + 1], Value::Unknown),
            (vec![int.clone(), double.clone(), Op::Lt], Value::Bool(true)),
            (vec![double.clone(), int.clone(), Op::Lt], Value::Bool(false)),
            (vec![double.clone(), int.clone(), Op::Gt], Value::Bool(true)),
            (vec![length.clone(), length.clone(), Op::Mul], Value::Unknown),
            (vec![length.clone(), length.clone(), Op::Rem], Value::Unknown),
            (vec![length.clone(), length.clone(), Op::Add], Value::Duration(4)),
            (vec![length, int.clone(), Op::Eq], Value::Unknown),
            (vec![Op::Duration(i64::MIN), Op::Neg], Value::Unknown),
            (vec![int.clone(), Op::Not], Value::Unknown),
            (vec![int, double.clone(), double, Op::Select], Value::Unknown),
        ] {
            let program = Program { ops, strings: vec![] };
            assert_eq!(program.eval(&Nothing), expected, "{program:?}");
        }
        let zero = Program { ops: vec![Op::Double(0), Op::Neg], strings: vec![] };
        assert!(matches!(zero.eval(&Nothing), Value::Double(d) if d.is_sign_negative()), "-0.0 is not 0.0");
    }

    #[test]
    fn a_malformed_program_is_unknown_and_does_not_panic() {
        for ops in [vec![], vec![Op::And], vec![Op::In(255)], vec![Op::Str(9)], vec![Op::Bool(true); 100], vec![Op::Select, Op::Not]] {
            let program = Program { ops, strings: vec![] };
            assert!(!program.eval(&Nothing).is_true() || program.depth().is_none());
        }
    }

    #[test]
    fn loops_lie_in_each_other_no_deeper_than_they_may() {
        let loops = |n: u8| {
            let list = Op::Fact(Fact::TenantTrait(0));
            let heads = (0..n).rev().flat_map(|inside| [list.clone(), Op::Loop { is_all: true, steps: 2 * inside + 1 }]);
            Program { ops: heads.chain([Op::Bool(true)]).collect(), strings: vec![] }
        };
        assert_eq!((loops(2).depth(), loops(3).depth()), (Some(3), None));
    }
}
