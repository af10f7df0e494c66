//! `docs/expressions.md`, held to its word: every block is compiled and evaluated over the facts of the page's own table.

use std::fs;
use std::path::Path;

use serde_json::json;
use upcue_engine::config;
use upcue_engine::expr::{Lookup, Names, Type, Value, compile_any};
use upcue_engine::facts::{Fact, Input};

fn document() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/expressions.md");
    fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// A fact of the page's table.
struct Known {
    name: String,
    of: Type,
    value: Value<'static>,
}

/// The page's facts, each under its number as a trait.
struct Facts(Vec<Known>);

impl Facts {
    fn read(document: &str) -> Self {
        let rows = document.lines().filter_map(|line| line.strip_prefix("| `")?.strip_suffix(" |"));
        Self(rows.map(|row| Self::fact(row).unwrap_or_else(|| panic!("{row}"))).collect())
    }

    fn fact(row: &str) -> Option<Known> {
        let (name, rest) = row.split_once("` | ")?;
        let (of, value) = rest.split_once(" | ")?;
        let known = [Type::Bool, Type::Int, Type::Double, Type::Str, Type::Duration, Type::Timestamp, Type::List];
        let of = known.into_iter().find(|t| t.name() == of)?;
        let value = match value {
            "unknown" => Value::Unknown,
            written => constant(written.strip_prefix('`')?.strip_suffix('`')?, of)?,
        };
        Some(Known { name: name.to_owned(), of, value })
    }

    fn value(&self, i: u16) -> Value<'_> {
        self.0.get(usize::from(i)).map_or(Value::Unknown, |known| known.value)
    }
}

/// What is written, for good: the page is read once.
fn constant(written: &str, of: Type) -> Option<Value<'static>> {
    if of == Type::List {
        return Some(Value::List(serde_json::from_str::<Vec<String>>(written).ok()?.leak()));
    }
    let (program, found) = compile_any(written, &mut Facts(Vec::new())).ok()?;
    let program = Box::leak(Box::new(program));
    (found == of).then(|| program.eval(Box::leak(Box::new(Facts(Vec::new())))))
}

impl Names for Facts {
    fn resolve(&mut self, path: &[String]) -> Result<(Fact, Type), String> {
        let found = self.0.iter().enumerate().find(|(_, known)| known.name == path.join("."));
        let (i, known) = found.ok_or_else(|| format!("`{}` is not in the page's table", path.join(".")))?;
        Ok((Fact::TenantTrait(u16::try_from(i).map_err(|e| e.to_string())?), known.of))
    }
}

impl Lookup for Facts {
    fn input(&self, _: Input) -> Value<'_> {
        Value::Unknown
    }

    fn fact(&self, fact: Fact) -> Value<'_> {
        if let Fact::TenantTrait(i) = fact { self.value(i) } else { Value::Unknown }
    }
}

/// Every block and the lines that begin with an arrow below it.
fn blocks(document: &str) -> Vec<(String, Vec<String>)> {
    let rest = document.split("```cel\n").skip(1);
    rest.map(|part| {
        let (source, below) = part.split_once("\n```\n").expect("a block ends");
        let answers = below.lines().map_while(|line| line.strip_prefix("→ ")).map(str::to_owned).collect();
        (source.to_owned(), answers)
    })
    .collect()
}

/// What a configuration with `source` as an audience is told.
fn told(source: &str) -> Vec<String> {
    let document = json!({
        "meters": {"api_calls": {"kind": "counter", "period": "month"}, "seats": {"kind": "gauge"}},
        "features": {"sso": {}},
        "plans": {"source": "stripe"},
        "campaigns": [{"id": "c", "placement": "p", "audience": source, "nudge": {"kind": "banner", "title": "t"}}],
    });
    let problems = config::compile(&document.to_string()).err().unwrap_or_default();
    problems.iter().map(|p| format!("refused at {}: {}", p.offset.unwrap_or_default(), p.detail)).collect()
}

fn shown(value: Value<'_>) -> String {
    match value {
        Value::Unknown => "unknown".to_owned(),
        Value::Bool(b) => format!("`{b}`"),
        Value::Int(i) => format!("`{i}`"),
        value => format!("{value:?}"),
    }
}

#[test]
fn the_page_about_expressions_is_right() {
    let document = document();
    let mut facts = Facts::read(&document);
    let blocks = blocks(&document);
    assert!(facts.0.len() > 10 && blocks.len() > 30, "{} facts, {} blocks: the page is not read", facts.0.len(), blocks.len());
    let mut wrong = Vec::new();
    for (source, answers) in blocks {
        let is_refused = answers.iter().any(|answer| answer.starts_with("refused"));
        let found = if is_refused {
            told(&source)
        } else {
            match compile_any(&source, &mut facts) {
                Ok((program, _)) => vec![shown(program.eval(&facts))],
                Err(problems) => problems.iter().map(|p| format!("refused at {}: {}", p.at, p.message)).collect(),
            }
        };
        if found != answers {
            wrong.push(format!("{source}\n  says {answers:#?}\n  is   {found:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn a_configuration_knows_the_facts_of_the_page() {
    for known in Facts::read(&document()).0 {
        // Traits are declared by each configuration.
        if known.name != "tenant.tags" {
            let other = if known.of == Type::Bool { "1" } else { "true" };
            let problems = told(&format!("{} == {other}", known.name));
            let is_known = problems.iter().all(|p| p.contains(&format!("does not apply to {} and", known.of.name())));
            assert!(is_known && problems.len() == 1, "{}: {problems:?}", known.name);
        }
    }
}
