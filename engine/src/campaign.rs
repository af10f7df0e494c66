//! Campaigns: who sees which nudge, where, and how often at most.

#[cfg(feature = "edge")]
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::expr::Program;
#[cfg(feature = "edge")]
use crate::facts::Input;
#[cfg(feature = "edge")]
use crate::template::Template;
use crate::time::{DurationMs, Millis};
use crate::wire;

/// A campaign as one user may meet it: compiled, with the texts of this user's role and arm.
#[cfg(feature = "edge")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Campaign {
    /// Its name in configuration, events and reports.
    pub id: String,
    /// The point in the app's interface where it may appear.
    pub placement: String,
    /// The highest wins a placement.
    pub priority: i32,
    /// What is shown.
    pub nudge: Nudge,
    /// Which of its variants this is; `None` when it has but one.
    pub variant: Option<String>,
    /// For how long "later" puts it off; `None`: it does not offer that.
    pub snooze: Option<DurationMs>,
    /// What it must pass to be shown.
    pub gates: Gates,
}

#[cfg(feature = "edge")]
wire! { struct Campaign { id, placement, priority, nudge, variant, snooze, gates } }

/// The gates of a campaign: all it takes to decide, and nothing that people read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Gates {
    /// The campaign's [`key`](crate::hash::key): its name where only numbers go.
    pub key: u32,
    /// When it runs.
    pub schedule: Schedule,
    /// For whom it runs: a program of type bool.
    pub audience: Program,
    /// How often at most; all must allow it.
    pub caps: Vec<Cap>,
    /// How long a dismissal lasts; `None` for ever.
    pub cooldown_after_dismiss: Option<DurationMs>,
    /// For how long it is silent after the tenant has upgraded.
    pub cooldown_after_convert: DurationMs,
    /// Its quiet hours, by their place in the [`Almanac`](crate::almanac::Almanac); `None`: it has none.
    pub quiet: Option<u8>,
    /// The keys of the groups of which a page shows one campaign at a time.
    pub groups: Vec<u32>,
    /// Whether this tenant is in the control group, which sees nothing of it.
    pub held_out: bool,
}

wire! { struct Gates {
    key, schedule, audience, caps, cooldown_after_dismiss, cooldown_after_convert, quiet, groups, held_out,
} }

#[cfg(feature = "edge")]
impl Campaign {
    /// The texts people read.
    pub fn texts(&self) -> impl Iterator<Item = &Template> {
        let nudge = &self.nudge;
        [Some(&nudge.title), Some(&nudge.body), nudge.cta.as_ref().map(|c| &c.label)].into_iter().flatten()
    }

    /// The texts people read, to be changed.
    pub fn texts_mut(&mut self) -> impl Iterator<Item = &mut Template> {
        let nudge = &mut self.nudge;
        [Some(&mut nudge.title), Some(&mut nudge.body), nudge.cta.as_mut().map(|c| &mut c.label)].into_iter().flatten()
    }

    /// What the browser reads for it.
    pub fn inputs(&self) -> impl Iterator<Item = Input> {
        self.gates.audience.inputs().chain(self.texts().flat_map(Template::inputs))
    }

    /// Gives every input the number that `number` says.
    pub fn renumber(&mut self, number: &impl Fn(Input) -> Input) {
        self.gates.audience.renumber(number);
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

/// At most `max` times in `window`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cap {
    /// How many.
    pub max: u16,
    /// In what stretch of time.
    pub window: Window,
    /// Counted over whom.
    pub scope: Scope,
}

wire! { struct Cap { max, window, scope } }

/// A stretch of time that ends now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Window {
    /// So long, wherever it begins.
    Rolling(DurationMs),
    /// The present day, week or month of the app's zone.
    Calendar(Unit),
}

wire! { enum Window { Rolling(length), Calendar(unit) } }

/// What a calendar counts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unit {
    /// From midnight.
    Day,
    /// From Monday, as ISO 8601 has it.
    Week,
    /// From the first.
    Month,
}

wire! { enum Unit { Day, Week, Month } }

#[cfg(feature = "edge")]
impl Unit {
    /// The word in configuration and explanations.
    pub fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }
}

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
#[cfg(feature = "edge")]
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

#[cfg(feature = "edge")]
wire! { struct Nudge { kind, title, body, cta } }

/// The form of a nudge.
#[cfg(feature = "edge")]
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

#[cfg(feature = "edge")]
wire! { enum NudgeKind { Banner, Toast, Modal, Inline, Badge } }

#[cfg(feature = "edge")]
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
#[cfg(feature = "edge")]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cta {
    /// What the button says.
    pub label: Template,
    /// What the app is told when it is pressed (`compare_plans`, `request_upgrade`, or a word of the app's own).
    pub action: String,
}

#[cfg(feature = "edge")]
wire! { struct Cta { label, action } }
