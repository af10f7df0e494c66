//! Expressions come back as they were written, and what is wanted of them is what they need.

use proptest::prelude::*;

use super::super::tree::read;
use super::super::want::{Want, want};
use super::{Case, Names, program, table};
use crate::expr::{Lookup, Type, Value};
use crate::facts::{Fact, Input};

#[test]
fn every_fact_is_printed_under_the_name_it_is_written_with() {
    let case = Case::new(&[]);
    // Signals and traits are declared, which this document does not.
    let is_built_in = |name: &str| !name.starts_with("signal.") && !["tenant.industry", "tenant.tags"].contains(&name);
    for (name, ..) in table(&case.rules.config).iter().filter(|(name, ..)| is_built_in(name)) {
        let audience = format!("{name} == {name}");
        // By the names of the configuration itself, not those of this test.
        let document = serde_json::json!({
            "meters": {"api_calls": {"kind": "counter", "period": "month"}, "seats": {"kind": "gauge"}},
            "features": {"sso": {}, "audit": {}},
            "plans": {"source": "stripe"},
            "campaigns": [{"id": "c", "placement": "p", "audience": audience, "nudge": {"kind": "badge", "title": "t"}}],
        });
        let compiled = crate::config::compile(&document.to_string()).unwrap_or_else(|p| panic!("{name}: {p:?}"));
        let names = Names::of_config(&compiled);
        let rule = &compiled.campaigns[0];
        assert_eq!(read(&rule.campaign.audience, &names).map(|node| node.text).as_ref(), Some(&audience));
        assert_eq!(rule.audience_source, audience);
    }
}

#[test]
fn an_expression_is_written_with_the_brackets_it_needs() {
    let case = Case::new(&[]);
    let config = &case.rules.config;
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
    ] {
        let compiled = program(config, source);
        let text = read(&compiled, &Names::of_config(config)).expect("all steps are known").text;
        assert_eq!(text, expected);
        if !text.contains("1h30m") {
            assert_eq!(program(config, &text), compiled, "it means what was written");
        }
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
        let mut config = Case::new(&[]).rules.config;
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
