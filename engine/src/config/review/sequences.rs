//! Sequences that nobody is enrolled in, that everybody leaves at once, and steps that are never sent.

use super::search::Verdict;
use super::{Pair, Review, Words, items, member};
use crate::config::Sequence;
use crate::config::json::Json;

/// All tenants, in basis points.
const ALL: u16 = 10_000;

const OF_SEQUENCES: Words = Words {
    on: "enter",
    never: "so nobody is ever enrolled",
    always: "so everybody is enrolled as soon as they are known, and never again",
    stuck: "so nobody leaves before the last step",
    overlap: "who is enrolled then leaves at once",
};

impl Review<'_> {
    /// The sequences, those of higher priority before the others.
    pub(super) fn sequences(&mut self, parts: &[&Json]) {
        for (sequence, part) in self.config.sequences.iter().zip(parts) {
            if self.reader.is_full() {
                break;
            }
            self.sequence(sequence, part);
        }
    }

    fn sequence(&mut self, sequence: &Sequence, part: &Json) {
        let exit = member(part, "exit");
        let off = exit.map(|exit| (&sequence.exit, exit));
        self.pair(&Pair { on: (&sequence.enter, member(part, "enter").unwrap_or(part)), off, words: &OF_SEQUENCES });
        if let (Some(exit), Verdict::Always) = (exit, self.search.verdict(&sequence.exit)) {
            self.reader.tell(exit, "always_holds", "this always holds, so everybody leaves at once and nothing is sent");
        }
        let steps = items(member(part, "steps"));
        for (when, part) in sequence.steps.iter().zip(steps).filter_map(|(step, part)| step.when.as_ref().zip(member(part, "when"))) {
            self.words(when, part);
            if self.search.verdict(when) == Verdict::Never {
                let detail = format!("this never holds, so the step is never sent{}", self.search.hint(when));
                self.reader.tell(part, "never_holds", detail);
            }
        }
        if let (Some(part), ALL..) = (member(part, "holdout"), sequence.holdout) {
            self.reader.tell(part, "held_out", "this keeps all tenants from getting the mails; a tenth, 0.1, is usual");
        }
        self.quiet(member(part, "quiet_hours"), sequence.quiet);
    }
}
