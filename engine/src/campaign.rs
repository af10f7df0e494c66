//! Campaigns: who sees which nudge, where, and how often at most.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::expr::Program;
#[cfg(feature = "edge")]
use crate::facts::Input;
use crate::template::Template;
use crate::time::{DurationMs, Millis};
use crate::wire;

/// A campaign as one user may meet it: compiled, with the texts of this user's role.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Campaign {
    /// Its name in configuration, events and reports.
    pub id: String,
    /// The point in the app's interface where it may appear.
    pub placement: String,
    /// The highest wins a placement.
    pub priority: i32,
    /// When it runs.
    pub schedule: Schedule,
    /// For whom it runs: a program of type bool.
    pub audience: Program,
    /// What is shown.
    pub nudge: Nudge,
    /// How often at most; all must allow it.
    pub caps: Vec<Cap>,
    /// How long a dismissal lasts; `None` for ever.
    pub cooldown_after_dismiss: Option<DurationMs>,
    /// Whether this tenant is in the control group, which sees nothing of it.
    pub held_out: bool,
}

wire! { struct Campaign { id, placement, priority, schedule, audience, nudge, caps, cooldown_after_dismiss, held_out } }

impl Campaign {
    /// The texts people read.
    pub fn texts(&self) -> impl Iterator<Item = &Template> {
        let nudge = &self.nudge;
        [Some(&nudge.title), Some(&nudge.body), nudge.cta.as_ref().map(|c| &c.label)].into_iter().flatten()
    }
}

#[cfg(feature = "edge")]
impl Campaign {
    /// The texts people read, to be changed.
    pub fn texts_mut(&mut self) -> impl Iterator<Item = &mut Template> {
        let nudge = &mut self.nudge;
        [Some(&mut nudge.title), Some(&mut nudge.body), nudge.cta.as_mut().map(|c| &mut c.label)].into_iter().flatten()
    }

    /// What the browser reads for it.
    pub fn inputs(&self) -> impl Iterator<Item = Input> {
        self.audience.inputs().chain(self.texts().flat_map(Template::inputs))
    }

    /// Gives every input the number that `number` says.
    pub fn renumber(&mut self, number: &impl Fn(Input) -> Input) {
        self.audience.renumber(number);
        self.texts_mut().for_each(|text| text.renumber(number));
    }
}

/// From when (inclusive) to when (exclusive).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// `None`: since ever.
    pub from: Option<Millis>,
    /// `None`: for ever.
    pub until: Option<Millis>,
}

wire! { struct Schedule { from, until } }

impl Schedule {
    /// Whether `now` lies within.
    pub fn covers(&self, now: Millis) -> bool {
        self.from.is_none_or(|from| from <= now) && self.until.is_none_or(|until| now < until)
    }
}

/// At most `max` exposures in any stretch of `window`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cap {
    /// How many.
    pub max: u16,
    /// In how long.
    pub window: DurationMs,
    /// Counted over whom.
    pub scope: Scope,
}

wire! { struct Cap { max, window, scope } }

/// Over whom exposures are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Scope {
    /// This user.
    User,
    /// All users of the tenant together.
    Tenant,
}

wire! { enum Scope { User, Tenant } }

/// What is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nudge {
    /// In which form.
    pub kind: NudgeKind,
    /// The line that says it.
    pub title: Template,
    /// The line that explains it; may be empty.
    pub body: Template,
    /// What can be done about it.
    pub cta: Option<Cta>,
}

wire! { struct Nudge { kind, title, body, cta } }

/// The form of a nudge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NudgeKind {
    /// A strip across the page.
    Banner,
    /// A small card in a corner.
    Toast,
    /// A dialog over the page.
    Modal,
    /// A card in the flow of the page.
    Inline,
    /// A word beside something.
    Badge,
}

wire! { enum NudgeKind { Banner, Toast, Modal, Inline, Badge } }

impl NudgeKind {
    /// Every kind, in the order of their numbers on the wire.
    pub const ALL: [Self; 5] = [Self::Banner, Self::Toast, Self::Modal, Self::Inline, Self::Badge];

    /// The word in configuration and markup.
    pub fn name(self) -> &'static str {
        match self {
            Self::Banner => "banner",
            Self::Toast => "toast",
            Self::Modal => "modal",
            Self::Inline => "inline",
            Self::Badge => "badge",
        }
    }
}

/// A call to action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cta {
    /// What the button says.
    pub label: Template,
    /// What the app is told when it is pressed (`compare_plans`, `request_upgrade`, or a word of the app's own).
    pub action: String,
}

wire! { struct Cta { label, action } }
