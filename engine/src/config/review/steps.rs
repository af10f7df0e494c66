//! What a program compares its facts with.

use super::domain::Point;
use crate::expr::{Op, Program};
use crate::facts::Fact;

/// A program's steps.
#[derive(Debug)]
pub(super) struct Steps<'p>(pub(super) &'p Program);

impl Steps<'_> {
    /// The string with this number.
    pub(super) fn string(&self, i: u16) -> Option<&str> {
        self.0.text(i)
    }

    /// The facts, each with the literals it is compared with; `None` when anything is done with a fact but comparing it with
    /// literals. Then, and only then, the program's value depends on nothing but where each fact lies among its literals.
    pub(super) fn comparisons(&self, is_bool: &dyn Fn(Fact) -> bool) -> Option<Vec<(Fact, Vec<Point>)>> {
        let mut walk = Walk { is_bool, stack: Vec::new(), compared: Vec::new() };
        for op in self.0.ops() {
            walk.step(op, self)?;
        }
        walk.condition()?;
        walk.stack.is_empty().then_some(walk.compared)
    }
}

/// What stands on the stack.
enum Operand {
    Literal(Point),
    Fact(Fact),
    /// True or false, as literals and bool facts have it.
    Answer,
}

struct Walk<'w> {
    is_bool: &'w dyn Fn(Fact) -> bool,
    stack: Vec<Operand>,
    compared: Vec<(Fact, Vec<Point>)>,
}

impl Walk<'_> {
    fn step(&mut self, op: &Op, steps: &Steps<'_>) -> Option<()> {
        let found = match op {
            Op::Bool(b) => Operand::Literal(Point::Bool(*b)),
            Op::Int(n) => Operand::Literal(Point::Int(*n)),
            Op::Double(bits) => Operand::Literal(Point::Double(f64::from_bits(*bits))),
            Op::Duration(ms) => Operand::Literal(Point::Duration(*ms)),
            Op::Str(i) => Operand::Literal(Point::Text(steps.string(*i)?.to_owned())),
            Op::Input(input) => self.read(Fact::Input(*input)),
            Op::Fact(fact) => self.read(*fact),
            Op::Neg => Operand::Literal(self.literal()?.negated()?),
            Op::Not => self.answer(1)?,
            Op::Has => self.presence()?,
            Op::And | Op::Or => self.answer(2)?,
            Op::Select => self.answer(3)?,
            Op::Eq | Op::Ne | Op::Lt | Op::Le | Op::Gt | Op::Ge => self.comparison()?,
            Op::In(n) => self.is_in(usize::from(*n))?,
            _ => return None,
        };
        self.stack.push(found);
        Some(())
    }

    fn read(&mut self, fact: Fact) -> Operand {
        self.compare(fact, []);
        Operand::Fact(fact)
    }

    fn compare(&mut self, fact: Fact, with: impl IntoIterator<Item = Point>) {
        match self.compared.iter_mut().find(|(f, _)| *f == fact) {
            Some((_, literals)) => literals.extend(with),
            None => self.compared.push((fact, with.into_iter().collect())),
        }
    }

    fn literal(&mut self) -> Option<Point> {
        if let Some(Operand::Literal(literal)) = self.stack.pop() { Some(literal) } else { None }
    }

    /// Takes what is true or false.
    fn condition(&mut self) -> Option<()> {
        match self.stack.pop()? {
            Operand::Answer | Operand::Literal(Point::Bool(_)) => Some(()),
            Operand::Fact(fact) => (self.is_bool)(fact).then_some(()),
            Operand::Literal(_) => None,
        }
    }

    fn answer(&mut self, of: usize) -> Option<Operand> {
        for _ in 0..of {
            self.condition()?;
        }
        Some(Operand::Answer)
    }

    /// `has(fact)`: the unknown is among the points that are tried.
    fn presence(&mut self) -> Option<Operand> {
        matches!(self.stack.pop()?, Operand::Fact(_)).then_some(Operand::Answer)
    }

    fn comparison(&mut self) -> Option<Operand> {
        let (b, a) = (self.stack.pop()?, self.stack.pop()?);
        match (a, b) {
            (Operand::Literal(_), Operand::Literal(_)) => {}
            (Operand::Fact(fact), Operand::Literal(literal)) | (Operand::Literal(literal), Operand::Fact(fact)) => {
                self.compare(fact, [literal]);
            }
            (a, b) => {
                self.stack.extend([a, b]);
                return self.answer(2);
            }
        }
        Some(Operand::Answer)
    }

    fn is_in(&mut self, elements: usize) -> Option<Operand> {
        let literals: Option<Vec<Point>> = (0..elements).map(|_| self.literal()).collect();
        match self.stack.pop()? {
            Operand::Fact(fact) => self.compare(fact, literals?),
            Operand::Literal(_) => drop(literals?),
            Operand::Answer => return None,
        }
        Some(Operand::Answer)
    }
}
