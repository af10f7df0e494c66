//! Evaluates expressions that read no facts: one JSON string a line in, one JSON object a line out.
//!
//! `{"type", "value"}` is a value (ints and times as decimal text, so that no reader of JSON rounds them), `{"error": true}` a
//! program without a value, `{"problems": [..]}` a source that does not compile.
//!
//! `tests/e2e/cel-conformance.test.mjs` asks it CEL's public conformance suite.

use std::io::{BufRead, Write, stdin, stdout};

use serde_json::{Value as Json, json};
use upcue_engine::expr::{Lookup, Names, Type, Value, compile_any};
use upcue_engine::facts::{Fact, Input};

/// There are no facts.
struct Nothing;

impl Names for Nothing {
    fn resolve(&mut self, path: &[String]) -> Result<(Fact, Type), String> {
        Err(format!("there is no fact `{}` here", path.join(".")))
    }
}

impl Lookup for Nothing {
    fn input(&self, _: Input) -> Value<'_> {
        Value::Unknown
    }

    fn fact(&self, _: Fact) -> Value<'_> {
        Value::Unknown
    }
}

fn answer(source: &str) -> Json {
    let (program, of) = match compile_any(source, &mut Nothing) {
        Ok(compiled) => compiled,
        Err(problems) => {
            let told: Vec<Json> = problems.iter().map(|p| json!({"at": p.at, "code": p.code, "message": p.message})).collect();
            return json!({ "problems": told });
        }
    };
    let value = match program.eval(&Nothing) {
        Value::Unknown => return json!({ "error": true }),
        Value::Bool(b) => json!(b),
        Value::Int(i) | Value::Duration(i) | Value::Timestamp(i) => json!(i.to_string()),
        // JSON has no infinities.
        Value::Double(d) if d.is_nan() => json!("NaN"),
        Value::Double(d) if d.is_infinite() => json!(if d > 0.0 { "Infinity" } else { "-Infinity" }),
        Value::Double(d) => json!(d),
        Value::Str(text) => json!(text),
        Value::List(texts) => json!(texts),
    };
    json!({ "type": of.name(), "value": value })
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for line in stdin().lock().lines() {
        let source: String = serde_json::from_str(&line?)?;
        writeln!(stdout().lock(), "{}", answer(&source))?;
    }
    Ok(())
}
