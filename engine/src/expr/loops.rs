//! `exists` and `all` over lists that are facts: the body is run for one element after the other.

use super::eval::{Lookup, Stack, conjunction};
use super::program::{MAX_LOOPS, Op, Program};
use super::value::Value;

/// The elements that the loops around a step are at, the outermost first.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Elements<'a> {
    texts: [Option<&'a str>; MAX_LOOPS],
}

impl<'a> Elements<'a> {
    /// The element of the loop of this number.
    pub(super) fn get(&self, number: u8) -> Value<'a> {
        self.texts.get(usize::from(number)).copied().flatten().map_or(Value::Unknown, Value::Str)
    }

    /// These and `text`, one loop further in; `None` where there may be no further loop.
    pub(super) fn with(mut self, text: &'a str) -> Option<Self> {
        let free = self.texts.iter_mut().find(|place| place.is_none())?;
        *free = Some(text);
        Some(self)
    }
}

impl Program {
    /// Runs steps on the stack. Loops lie in each other [`MAX_LOOPS`] deep at most, whatever the steps say, and so does this.
    pub(super) fn run<'a>(&'a self, mut ops: &'a [Op], facts: &'a impl Lookup, stack: &mut Stack<'a>, elements: Elements<'a>) {
        while let Some((op, rest)) = ops.split_first() {
            ops = rest;
            let value = match op {
                Op::Loop { is_all, steps } => {
                    let (body, after) = rest.split_at_checked(usize::from(*steps)).unwrap_or_default();
                    ops = after;
                    let list = stack.pop();
                    self.quantify(*is_all, list, body, facts, stack, elements)
                }
                Op::Element(number) => elements.get(*number),
                _ => self.step(op, stack, facts),
            };
            stack.push(value);
        }
    }

    /// Whether `body` holds of one or of all of `list`, by the rules of `||` and `&&`.
    fn quantify<'a>(
        &'a self,
        is_all: bool,
        list: Value<'a>,
        body: &'a [Op],
        facts: &'a impl Lookup,
        stack: &mut Stack<'a>,
        elements: Elements<'a>,
    ) -> Value<'a> {
        let Value::List(texts) = list else { return Value::Unknown };
        let mut found = Value::Bool(is_all);
        for text in texts {
            let Some(inner) = elements.with(text) else { return Value::Unknown };
            self.run(body, facts, stack, inner);
            found = conjunction(found, stack.pop(), !is_all);
            if found == Value::Bool(!is_all) {
                break;
            }
        }
        found
    }
}
