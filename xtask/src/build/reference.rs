//! The reference for people: one page out of the document that the Worker serves at `/openapi.json`.

use std::fs;
use std::path::Path;

use anyhow::{Context, Error, Result};

use crate::command;
use crate::project::{Project, copy, text, write};

#[path = "../../../worker/openapi/assemble.rs"]
mod assemble;

/// The page's directory below www and below the pages that are served.
const DIRECTORY: &str = "reference";

/// Writes the page below `output`.
pub(crate) fn build(project: &Project, output: &Path) -> Result<()> {
    let (from, to) = (project.root.join("www").join(DIRECTORY), output.join(DIRECTORY));
    fs::create_dir_all(&to)?;
    copy(&from.join("style.css"), &to.join("style.css"))?;
    let version = &project.package("upcue-worker")?.version;
    let document = assemble::assemble(&project.root.join("worker/openapi"), version).map_err(Error::msg).context("worker/openapi")?;
    // Beside the page as well: where pages are served from elsewhere than the Worker, its own is not below them.
    let source = to.join("openapi.json");
    write(&source, document.to_string())?;
    let mut node = project.tool("node");
    node.args([text(&from.join("page.mjs"))?, text(&source)?, text(&to.join("index.html"))?]);
    command::run(&mut node, "mend www/reference/page.mjs as it says above")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::{Value, json};

    use super::assemble::assemble;

    /// A document with one call that answers `schema`, or what is wrong with it.
    fn assembled(schema: &Value) -> Result<Value, String> {
        let directory = std::env::temp_dir().join(format!("upcue-openapi-{}-{:x}", std::process::id(), hash(schema)));
        fs::create_dir_all(&directory).map_err(|error| error.to_string())?;
        let about = json!({
            "info": {}, "tags": [{"name": "part"}], "path": {"id": ["string(1..8)", "Which."]},
            "callers": {"anybody": {"security": []}}, "schemas": {"Base": {"*": false, "a": "string", "b?": "integer"}, "Problem": {"code": "string"}},
        });
        let problems = json!({
            "invalid_request": [422, "Invalid", "It is not right."], "not_found": [404, "Not found", "It is not there."],
            "rate_limited": [429, "Too many", "It is too much."], "internal": [500, "Internal", "It is our fault."],
        });
        let part = json!({"calls": {"GET /x/{id}": {"id": "getX", "summary": "X.", "who": "anybody", "answers": {"200": [schema, "X."]}}}});
        for (name, content) in [("about", about), ("problems", problems), ("part", part)] {
            fs::write(directory.join(name).with_extension("json"), content.to_string()).map_err(|error| error.to_string())?;
        }
        let document = assemble(&directory, "1.2.3");
        fs::remove_dir_all(&directory).map_err(|error| error.to_string())?;
        document
    }

    fn hash(schema: &Value) -> u64 {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let mut hasher = DefaultHasher::new();
        schema.to_string().hash(&mut hasher);
        hasher.finish()
    }

    #[test]
    fn types_are_written_as_in_typescript() {
        for (written, schema) in [
            (json!("string | null"), json!({"type": ["string", "null"]})),
            (json!("integer(1..500)"), json!({"type": "integer", "minimum": 1, "maximum": 500})),
            (json!("string(..8)[](1..)"), json!({"type": "array", "items": {"type": "string", "maxLength": 8}, "minItems": 1})),
            (json!("'a' | 'b' | null"), json!({"type": ["string", "null"], "enum": ["a", "b", null]})),
            (json!("integer | 'unlimited'"), json!({"anyOf": [{"type": "integer"}, {"type": "string", "enum": ["unlimited"]}]})),
            (json!("('a' | 'b')[]"), json!({"type": "array", "items": {"type": "string", "enum": ["a", "b"]}})),
            (json!("Base | null"), json!({"anyOf": [{"$ref": "#/components/schemas/Base"}, {"type": "null"}]})),
            (json!(["unknown", "Anything."]), json!({"description": "Anything."})),
            (
                json!([{"x": "boolean"}]),
                json!({"type": "array", "items": {"type": "object", "properties": {"x": {"type": "boolean"}}, "required": ["x"]}}),
            ),
            (
                json!({"...": "Base", "b": ["string", "Now a text."]}),
                json!({
                    "type": "object", "additionalProperties": false, "required": ["a", "b"],
                    "properties": {"a": {"type": "string"}, "b": {"type": "string", "description": "Now a text."}},
                }),
            ),
        ] {
            let document = assembled(&written).expect("good");
            assert_eq!(document.pointer("/paths/~1x~1{id}/get/responses/200/content/application~1json/schema"), Some(&schema), "{written}");
        }
    }

    #[test]
    fn a_call_has_the_problems_of_its_path_and_names_its_parameters() {
        let document = assembled(&json!("string")).expect("good");
        let call = &document["paths"]["/x/{id}"]["get"];
        let statuses: Vec<&String> = call["responses"].as_object().expect("answers").keys().collect();
        assert_eq!(statuses, ["200", "404", "422", "429", "500"]);
        assert_eq!(call["parameters"], json!([{"$ref": "#/components/parameters/path.id"}]));
        assert_eq!(document["info"]["version"], "1.2.3");
    }

    #[test]
    fn what_is_no_type_is_told_with_its_call() {
        for (written, words) in [
            (json!("strin"), "GET /x/{id}: `strin` is no type from `strin` on"),
            (json!("string |null"), "`string |null` is no type from ` |null` on"),
            (json!("integer(1)"), "is no type from `1)` on"),
            (json!({"x": "'a"}), "`x`: `'a` is no type"),
            (json!({"...": "Nothing"}), "no schema \"Nothing\""),
            (json!(7), "7 is no type"),
        ] {
            let error = assembled(&written).expect_err("bad");
            assert!(error.contains(words), "{error}");
        }
    }
}
