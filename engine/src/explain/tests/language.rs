//! Expressions come back as they were written, and what is wanted of them is what they need.

use proptest::prelude::*;

use super::super::tree::read;
use super::super::want::{Want, want};
use super::{audience, compiled};
use crate::explain::Names;
use crate::expr::{Lookup, Type, Value};
use crate::facts::{Fact, Input};

/// Everything an expression can name: the table in `facts.rs`.
const FACTS: [&str; 45] = [
    "usage.api_calls.value",
    "usage.api_calls.limit",
    "usage.api_calls.ratio",
    "usage.api_calls.percent",
    "usage.api_calls.remaining",
    "usage.api_calls.velocity_1d",
    "usage.api_calls.velocity_7d",
    "usage.api_calls.growth_7d",
    "usage.api_calls.growth_28d",
    "usage.api_calls.exhausts_in",
    "usage.api_calls.will_exhaust",
    "usage.seats.value",
    "events.export_clicked.count_1d",
    "events.export_clicked.count_7d",
    "events.export_clicked.count_28d",
    "events.export_clicked.last_age",
    "feature.sso",
    "user.role",
    "user.age",
    "user.title",
    "tenant.age",
    "tenant.seats",
    "tenant.industry",
    "tenant.tags",
    "plan.id",
    "plan.name",
    "plan.rank",
    "plan.interval",
    "plan.max_rank",
    "best_plan.id",
    "best_plan.name",
    "best_plan.rank",
    "best_plan.interval",
    "subscription.status",
    "subscription.trial_ends_in",
    "subscription.renews_in",
    "signal.api_quota_80.active",
    "signal.api_quota_80.age",
    "signal.api_quota_80.count",
    "score",
    "segment.ready",
    "requests.count",
    "requests.top",
    "now",
    "feature.audit",
];

#[test]
fn every_fact_is_printed_under_the_name_it_is_written_with() {
    for name in FACTS {
        // Lists are not compared.
        let source = if name == "tenant.tags" { format!("'beta' in {name}") } else { format!("{name} == {name}") };
        let (config, program) = audience(&source);
        assert_eq!(read(&program, &Names::of_config(&config)).map(|node| node.text).as_ref(), Some(&source));
        assert_eq!(config.campaigns[0].audience_source, source);
    }
}

#[test]
fn an_expression_is_written_with_the_brackets_it_needs() {
    for (source, expected) in [
        ("feature.sso&&(feature.audit||feature.sso)", "feature.sso && (feature.audit || feature.sso)"),
        ("(feature.sso && feature.audit) || !feature.sso", "feature.sso && feature.audit || !feature.sso"),
        ("plan.rank - (plan.rank - 1) == 1", "plan.rank - (plan.rank - 1) == 1"),
        ("plan.rank - plan.rank - 1 == -1", "plan.rank - plan.rank - 1 == -1"),
        ("(plan.rank + 1) * 2 == 2", "(plan.rank + 1) * 2 == 2"),
        ("-(plan.rank + 1) < 0", "-(plan.rank + 1) < 0"),
        ("!(plan.rank < 1)", "!(plan.rank < 1)"),
        ("(feature.sso ? 1 : 2) == 2", "(feature.sso ? 1 : 2) == 2"),
        ("(feature.sso == feature.audit) == true", "(feature.sso == feature.audit) == true"),
        (r#"plan.id == "it's""#, r"plan.id == 'it\'s'"),
        ("tenant.age > duration('90m')", "tenant.age > duration('1h30m')"),
        ("usage.api_calls.ratio > 5e-1", "usage.api_calls.ratio > 0.5"),
        ("plan.rank in [1, 2]", "plan.rank in [1, 2]"),
        ("'beta' in tenant.tags && has(plan.id)", "'beta' in tenant.tags && has(plan.id)"),
        ("tenant.tags.size() > 1", "size(tenant.tags) > 1"),
        ("!plan.id.startsWith('p') || plan.id.contains('r')", "!plan.id.startsWith('p') || plan.id.contains('r')"),
        ("now - timestamp('2026-11-22T10:00:00Z') > duration('1h')", "now - timestamp('2026-11-22T10:00:00Z') > duration('1h')"),
    ] {
        let (config, program) = audience(source);
        let text = read(&program, &Names::of_config(&config)).expect("all steps are known").text;
        assert_eq!(text, expected);
        assert_eq!(audience(&text).1, program, "it means what was written");
    }
}

/// Eight features.
struct Bits(u8);

impl Lookup for Bits {
    fn input(&self, _: Input) -> Value<'_> {
        Value::Unknown
    }

    fn fact(&self, fact: Fact) -> Value<'_> {
        match fact {
            Fact::Feature(i) => Value::Bool(self.0 >> i & 1 == 1),
            _ => Value::Unknown,
        }
    }
}

struct Features;

impl crate::expr::Names for Features {
    fn resolve(&mut self, path: &[String]) -> Result<(Fact, Type), String> {
        let i = path.get(1).and_then(|name| name.strip_prefix('f')).and_then(|i| i.parse().ok());
        i.map(|i| (Fact::Feature(i), Type::Bool)).ok_or_else(|| "no feature".to_owned())
    }
}

#[derive(Clone, Debug)]
enum Tree {
    Leaf,
    Not(Box<Tree>),
    Two(&'static str, Box<Tree>, Box<Tree>),
    Choice(Box<Tree>, Box<Tree>, Box<Tree>),
}

impl Tree {
    /// Every feature is read once.
    fn source(&self, next: &mut u16) -> String {
        match self {
            Tree::Leaf => {
                *next += 1;
                format!("feature.f{}", *next - 1)
            }
            Tree::Not(a) => format!("!({})", a.source(next)),
            Tree::Two(word, a, b) => format!("({} {word} {})", a.source(next), b.source(next)),
            Tree::Choice(a, b, c) => format!("({} ? {} : {})", a.source(next), b.source(next), c.source(next)),
        }
    }
}

fn trees() -> impl Strategy<Value = Tree> {
    Just(Tree::Leaf).prop_recursive(4, 8, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|a| Tree::Not(Box::new(a))),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| Tree::Two("&&", Box::new(a), Box::new(b))),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| Tree::Two("||", Box::new(a), Box::new(b))),
            (inner.clone(), inner.clone(), inner).prop_map(|(a, b, c)| Tree::Choice(Box::new(a), Box::new(b), Box::new(c))),
        ]
    })
}

/// Makes what is wanted so; of several ways the one that `choice` chooses.
fn grant(want: &Want, choice: usize, bits: &mut u8) {
    match want {
        Want::Nothing => {}
        Want::Never => panic!("features can change"),
        Want::One { condition, .. } => {
            let name = condition.trim_start_matches('!').trim_start_matches("feature.f");
            let bit = 1 << name.parse::<u8>().unwrap_or_else(|_| panic!("{condition}"));
            *bits = if condition.starts_with('!') { *bits & !bit } else { *bits | bit };
        }
        Want::All(parts) => parts.iter().for_each(|part| grant(part, choice, bits)),
        Want::Any(parts) => grant(&parts[choice % parts.len()], choice / parts.len(), bits),
    }
}

proptest! {
    #[test]
    fn whoever_does_what_is_wanted_gets_what_they_want(tree in trees(), bits in any::<u8>(), target in any::<bool>(), choice in 0..64_usize) {
        let mut config = compiled(&[]);
        config.features = (0..8).map(|i| crate::plan::Feature { key: format!("f{i}"), label: String::new() }).collect();
        let mut read = 0;
        let source = tree.source(&mut read);
        prop_assume!(read <= 8);
        let compiled = crate::expr::compile(&source, Type::Bool, &mut Features).expect("it compiles");
        let names = Names::of_config(&config);
        let mut bits = Bits(bits);
        let wanted = want(&compiled, &bits, &names, target).expect("all steps are known");
        prop_assert_eq!(wanted == Want::Nothing, compiled.eval(&bits) == Value::Bool(target));
        grant(&wanted, choice, &mut bits.0);
        let then = compiled.eval(&bits);
        prop_assert_eq!(then, Value::Bool(target), "{} after {:?}", source, wanted);
    }
}
