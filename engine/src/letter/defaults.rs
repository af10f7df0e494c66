//! Letters ready to use. Their sources are MJML, compiled when a configuration that uses them is published: one frame, and what
//! each of them says within it. `@meter@`, `@label@` and `@title@` are replaced before anything else.

use super::clean::escaped;

/// What a letter is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A meter.
    Meter,
    /// A feature.
    Feature,
    /// What the team asks for.
    Team,
}

/// A letter ready to use.
#[derive(Debug)]
pub struct Default {
    /// What configurations call it.
    pub name: &'static str,
    /// What it is about.
    pub about: Subject,
    subject: &'static str,
    /// The heading, where it is not the subject.
    title: &'static str,
    preheader: &'static str,
    summary: &'static str,
    body: &'static str,
}

/// One of them, about something.
#[derive(Debug)]
pub struct Said {
    /// The subject.
    pub subject: String,
    /// What an inbox shows behind it.
    pub preheader: String,
    /// What it says where it is merged into another.
    pub summary: String,
    /// The letter.
    pub mjml: String,
}

/// All of them.
pub static ALL: [Default; 6] = [
    Default {
        name: "limit_approaching",
        about: Subject::Meter,
        subject: "@label@: {{usage.@meter@.percent}} used",
        title: "@label@: {{usage.@meter@.percent}} used",
        preheader: "{{usage.@meter@.remaining}} left. {{best_plan.name|A larger plan}} covers your pace.",
        summary: "@label@: {{usage.@meter@.percent}} used, {{usage.@meter@.remaining}} left",
        body: include_str!("defaults/limit_approaching.mjml"),
    },
    Default {
        name: "limit_reached",
        about: Subject::Meter,
        subject: "@label@: you’ve reached your limit",
        title: "@label@: limit reached",
        preheader: "All {{usage.@meter@.limit}} are used. {{best_plan.name|A larger plan}} has room for more.",
        summary: "@label@: the limit of {{usage.@meter@.limit}} is reached",
        body: include_str!("defaults/limit_reached.mjml"),
    },
    Default {
        name: "pace",
        about: Subject::Meter,
        subject: "@label@: on course to run out",
        title: "@label@: on course to run out",
        preheader: "{{usage.@meter@.percent}} used, and the period is not over. {{best_plan.name|A larger plan}} covers your pace.",
        summary: "@label@: at this pace, used up before the new period",
        body: include_str!("defaults/pace.mjml"),
    },
    Default {
        name: "feature_blocked",
        about: Subject::Feature,
        subject: "@label@ for your team",
        title: "Your team is ready for @label@",
        preheader: "People have tried to use it lately. {{best_plan.name|A larger plan}} includes it.",
        summary: "@label@: your team has tried to use it",
        body: include_str!("defaults/feature_blocked.mjml"),
    },
    Default {
        name: "team_growing",
        about: Subject::Meter,
        subject: "Your team is growing",
        title: "Your team is growing",
        preheader: "{{usage.@meter@.value}} of {{usage.@meter@.limit}} in use. {{best_plan.name|A larger plan}} makes room.",
        summary: "@label@: {{usage.@meter@.value}} of {{usage.@meter@.limit}} in use",
        body: include_str!("defaults/team_growing.mjml"),
    },
    Default {
        name: "upgrade_requests",
        about: Subject::Team,
        subject: "Your team asks for {{requests.top|an upgrade}}",
        title: "Your team asks for {{requests.top|an upgrade}}",
        preheader: "Teammates asking: {{requests.count}}. See what it takes.",
        summary: "Your team asks for {{requests.top|an upgrade}} ({{requests.count}})",
        body: include_str!("defaults/upgrade_requests.mjml"),
    },
];

impl Default {
    /// What it says about the meter or feature of this key and label.
    pub fn said(&self, key: &str, label: &str) -> Said {
        // A label is text, and cannot be a placeholder.
        let label = label.replace("{{", "{ {").replace("}}", "} }");
        let html = escaped(&label);
        let line = |source: &str| source.replace("@meter@", key).replace("@label@", &label);
        let source = [include_str!("defaults/head.mjml"), self.body, include_str!("defaults/tail.mjml")].concat();
        Said {
            subject: line(self.subject),
            preheader: line(self.preheader),
            summary: line(self.summary),
            mjml: source.replace("@title@", self.title).replace("@meter@", key).replace("@label@", &html),
        }
    }
}
