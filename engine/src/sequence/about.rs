//! What a sequence is about: the meter whose use makes somebody enter.

use crate::config::{Config, Sequence};
use crate::expr::Program;
use crate::facts::{Fact, Input};

/// How many signals may build on each other before nobody looks further.
const DEPTH: u8 = 4;

impl Sequence {
    /// The meter that `enter` is about, if it is about one: read by itself or by a signal. Who comes from a mail of this sequence
    /// came for that.
    pub fn about<'c>(&self, config: &'c Config) -> Option<&'c str> {
        let meter = meter(&self.enter, config, DEPTH)?;
        config.meters.get(usize::from(meter)).map(|meter| meter.key.as_str())
    }
}

fn meter(program: &Program, config: &Config, depth: u8) -> Option<u16> {
    program.facts().find_map(|fact| match fact {
        Fact::Input(Input::Usage { meter, .. }) => Some(meter),
        Fact::Input(Input::Signal(signal)) if depth > 0 => meter_of_signal(config, signal, depth),
        _ => None,
    })
}

fn meter_of_signal(config: &Config, signal: u16, depth: u8) -> Option<u16> {
    meter(&config.signals.get(usize::from(signal))?.when, config, depth - 1)
}
