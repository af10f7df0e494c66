//! Signals as the browser watches them: what is left of their conditions for this tenant.

use serde::{Deserialize, Serialize};

use crate::expr::{Program, Value};
#[cfg(feature = "edge")]
use crate::facts::Input;
use crate::wire;

/// A signal that depends on what happens in the page.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Watch {
    /// When it becomes active.
    pub when: Program,
    /// When it ceases to be; `None`: when `when` does not hold.
    pub rearm: Option<Program>,
}

wire! { struct Watch { when, rearm } }

#[cfg(feature = "edge")]
impl Watch {
    /// What the browser reads for it.
    pub fn inputs(&self) -> impl Iterator<Item = Input> {
        self.when.inputs().chain(self.rearm.iter().flat_map(Program::inputs))
    }

    /// Gives every input the number that `number` says.
    pub fn renumber(&mut self, number: &impl Fn(Input) -> Input) {
        self.when.renumber(number);
        if let Some(rearm) = &mut self.rearm {
            rearm.renumber(number);
        }
    }
}

/// Whether a signal is active after an evaluation: hysteresis, the same on both sides. While `when` holds it is, whatever the
/// re-arming condition says, so evaluating twice is evaluating once.
pub fn next(active: bool, when: Value<'_>, rearm: Option<Value<'_>>) -> bool {
    when.is_true() || (active && rearm.is_some_and(|rearm| !rearm.is_true()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::{Names, Type, compile};
    use crate::facts::Fact;

    /// `s3` is the signal of number 3.
    struct Signals;

    impl Names for Signals {
        fn resolve(&mut self, path: &[String]) -> Result<(Fact, Type), String> {
            let number = path.concat()[1..].parse().map_err(|_| "no signal")?;
            Ok((Fact::Input(Input::Signal(number)), Type::Bool))
        }
    }

    #[test]
    fn what_is_unknown_neither_begins_nor_ends_a_signal() {
        let (yes, no, unknown) = (Value::Bool(true), Value::Bool(false), Value::Unknown);
        for (active, when, rearm, expected) in [
            (false, yes, None, true),
            (false, no, None, false),
            (false, unknown, None, false),
            (true, unknown, None, false),
            (false, unknown, Some(no), false),
            (true, no, Some(no), true),
            (true, no, Some(unknown), true),
            (true, unknown, Some(unknown), true),
            (true, no, Some(yes), false),
            (true, yes, Some(yes), true),
        ] {
            assert_eq!(next(active, when, rearm), expected, "{active} {when:?} {rearm:?}");
        }
    }

    #[test]
    fn both_conditions_are_read_and_numbered() {
        let program = |source: &str| compile(source, Type::Bool, &mut Signals).expect(source);
        let mut watch = Watch { when: program("s3"), rearm: Some(program("s4")) };
        watch.renumber(&|input| if let Input::Signal(signal) = input { Input::Signal(signal + 10) } else { input });
        assert_eq!(watch.inputs().collect::<Vec<_>>(), [Input::Signal(13), Input::Signal(14)]);
    }
}
