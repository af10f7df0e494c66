//! Makes the reference, an `OpenAPI` document, out of the files beside this one: for the Worker's build script, and for the pages.
//!
//! `about.json` says what all calls have in common, `problems.json` is the table of codes, and one file for each of its tags has calls
//! and schemas. They are written in a shorthand, as the document itself says everything many times over:
//!
//! - a type is a text, as in TypeScript: `string`, `integer(1..500)`, `string(..128) | null`, `'admin' | 'member'`, `Price[]`, `unknown`;
//!   what begins with a capital letter is a schema of any file;
//! - an object's members stand under their names, those with `?` behind the name may be missing; `"*"` says what further ones are
//!   (`false`: there are none), and `"..."` names a schema whose members it has as well;
//! - `[{…}]` is a list of such objects, `[type, "words"]` describes a type, `[type, "words", {…}]` adds keywords of JSON Schema to it;
//! - a call stands under its method and path, and names who may make it (`callers` in `about.json`), and the codes of the problems
//!   it can have beyond those that its caller, its body and its path bring along; `pages` lists statuses that are a page for people.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

/// What is wrong, with its place.
type Outcome<T> = Result<T, String>;

/// The document of this version, out of the files of `directory`.
pub(crate) fn assemble(directory: &Path, version: &str) -> Outcome<Value> {
    let mut about = read(directory, "about")?;
    if let Some(info) = about.get_mut("info").and_then(Value::as_object_mut) {
        info.insert("version".to_owned(), json!(version));
    }
    let problems = read(directory, "problems")?;
    let mut files = Vec::new();
    for tag in list(&about, "tags")? {
        let name = text(tag, "name")?;
        files.push((name, read(directory, name)?));
    }
    let mut schemas = members(&about, "schemas")?.clone();
    for (_, file) in &files {
        schemas.extend(members(file, "schemas")?.clone());
    }
    let house = House { about: &about, problems: &problems, schemas: &schemas };
    house.document(&files)
}

fn read(directory: &Path, name: &str) -> Outcome<Value> {
    let path = directory.join(name).with_extension("json");
    let told = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let source = fs::read_to_string(&path).map_err(|error| told(&error))?;
    serde_json::from_str(&source).map_err(|error| told(&error))
}

/// What is looked up while the document is written.
struct House<'a> {
    about: &'a Value,
    problems: &'a Value,
    schemas: &'a Map<String, Value>,
}

impl House<'_> {
    fn document(&self, files: &[(&str, Value)]) -> Outcome<Value> {
        let mut paths = Map::new();
        let mut answers = Map::new();
        for (tag, file) in files {
            for (call, written) in members(file, "calls")? {
                let (method, path) = call.split_once(' ').ok_or_else(|| format!("`{call}`: write method and path, as `GET /v1/plans`"))?;
                let operation = self.operation(tag, path, written, &mut answers).map_err(|error| format!("{call}: {error}"))?;
                let of_path = paths.entry(path).or_insert_with(|| json!({}));
                if let Some(of_path) = of_path.as_object_mut() {
                    of_path.insert(method.to_lowercase(), operation);
                }
            }
        }
        let mut schemas = Map::new();
        for (name, written) in self.schemas {
            schemas.insert(name.clone(), self.schema(written).map_err(|error| format!("schema {name}: {error}"))?);
        }
        let mut parameters = Map::new();
        for (place, group) in [("path", "path"), ("query", "query"), ("header", "headers")] {
            for (name, written) in members(self.about, group)? {
                parameters.insert(parameter_name(place, name), self.parameter(place, name, written)?);
            }
        }
        let mut document = json!({
            "openapi": "3.1.1",
            "info": self.about.get("info"),
            "servers": self.about.get("servers"),
            "tags": self.about.get("tags"),
            "paths": paths,
            "components": {
                "securitySchemes": self.about.get("credentials"),
                "parameters": parameters,
                "responses": answers,
                "schemas": schemas,
            },
            "x-problems": self.codes()?,
        });
        prune(&mut document);
        Ok(document)
    }

    fn operation(&self, tag: &str, path: &str, written: &Value, answers: &mut Map<String, Value>) -> Outcome<Value> {
        let caller = text(written, "who")?;
        let caller = member(member(self.about, "callers")?, caller)?;
        let mut operation = Map::new();
        operation.insert("tags".to_owned(), json!([tag]));
        operation.insert("operationId".to_owned(), json!(text(written, "id")?));
        operation.insert("summary".to_owned(), json!(text(written, "summary")?));
        if let Some(description) = written.get("description") {
            operation.insert("description".to_owned(), description.clone());
        }
        operation.insert("security".to_owned(), member(caller, "security")?.clone());
        let mut codes: Vec<&str> = words(caller, "problems")?;
        let parameters = self.parameters(path, caller, written)?;
        if path.contains('{') {
            codes.extend(["invalid_request", "not_found"]);
            if path.contains("{tenant}") {
                codes.push("tenant_erased");
            }
        }
        if !parameters.is_empty() {
            operation.insert("parameters".to_owned(), Value::Array(parameters));
        }
        if let Some((body, is_needed)) = written.get("body").map(|body| (body, true)).or_else(|| Some((written.get("body?")?, false))) {
            operation.insert("requestBody".to_owned(), json!({"required": is_needed, "content": self.content(body)?}));
            codes.extend(["payload_too_large", "unsupported_encoding"]);
            if body.get("application/x-www-form-urlencoded").is_none() {
                codes.extend(["malformed_json", "invalid_request"]);
            }
        }
        codes.extend(words(written, "problems")?);
        codes.extend(["rate_limited", "internal"]);
        let mut responses = Map::new();
        for (status, answer) in members(written, "answers")? {
            responses.insert(status.clone(), self.answer(answer)?);
        }
        for (status, codes) in self.by_status(&codes)? {
            if responses.contains_key(&status) {
                return Err(format!("{status} is an answer and a problem"));
            }
            let for_people = words(written, "pages")?.contains(&status.as_str());
            let name = named(problem(&codes, for_people), answers);
            responses.insert(status, json!({"$ref": format!("#/components/responses/{name}")}));
        }
        operation.insert("responses".to_owned(), Value::Object(responses));
        Ok(Value::Object(operation))
    }

    fn parameters(&self, path: &str, caller: &Value, written: &Value) -> Outcome<Vec<Value>> {
        let mut parameters = Vec::new();
        for segment in path.split('/') {
            if let Some(name) = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
                member(member(self.about, "path")?, name)?;
                parameters.push(reference("path", name));
            }
        }
        for (place, group) in [("query", "query"), ("header", "headers")] {
            for (name, written) in members(caller, group)?.iter().chain(members(written, group)?) {
                if written == &Value::Bool(true) {
                    member(member(self.about, group)?, name)?;
                    parameters.push(reference(place, name.trim_end_matches('?')));
                } else {
                    parameters.push(self.parameter(place, name, written)?);
                }
            }
        }
        Ok(parameters)
    }

    fn parameter(&self, place: &str, name: &str, written: &Value) -> Outcome<Value> {
        let mut schema = self.schema(written).map_err(|error| format!("parameter {name}: {error}"))?;
        let description = schema.as_object_mut().and_then(|schema| schema.remove("description"));
        let bare = name.trim_end_matches('?');
        Ok(described(description, json!({"name": bare, "in": place, "required": bare == name, "schema": schema})))
    }

    fn content(&self, written: &Value) -> Outcome<Value> {
        let mut content = Map::new();
        match written.as_object().filter(|object| object.keys().any(|key| key.contains('/'))) {
            Some(types) => {
                for (of, written) in types {
                    content.insert(of.clone(), json!({"schema": self.schema(written)?}));
                }
            }
            None => {
                content.insert("application/json".to_owned(), json!({"schema": self.schema(written)?}));
            }
        }
        Ok(Value::Object(content))
    }

    /// `[type, words]`, `[null, words]` for an answer without a body, `[type, words, {header: type}]`.
    fn answer(&self, written: &Value) -> Outcome<Value> {
        let part = |i| written.get(i).ok_or("an answer is [type, words] or [type, words, headers]");
        let mut answer = Map::new();
        answer.insert("description".to_owned(), part(1)?.clone());
        let mut headers = Map::new();
        for (name, written) in written.get(2).and_then(Value::as_object).into_iter().flatten() {
            let mut schema = self.schema(written)?;
            let description = schema.as_object_mut().and_then(|schema| schema.remove("description"));
            headers.insert(name.clone(), described(description, json!({ "schema": schema })));
        }
        if !headers.is_empty() {
            answer.insert("headers".to_owned(), Value::Object(headers));
        }
        if !part(0)?.is_null() {
            answer.insert("content".to_owned(), self.content(part(0)?)?);
        }
        Ok(Value::Object(answer))
    }

    /// The codes by their statuses, each once, in the order of the table. `422 unknown_link`: with another status than the table's.
    fn by_status(&self, codes: &[&str]) -> Outcome<BTreeMap<String, Vec<String>>> {
        let table = self.problems.as_object().ok_or("problems.json is no object")?;
        let mut statuses: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut unknown = codes.iter().filter(|code| !table.contains_key(code.rsplit(' ').next().unwrap_or_default()));
        if let Some(unknown) = unknown.next() {
            return Err(format!("problems.json has no code `{unknown}`"));
        }
        for (code, row) in table {
            for named in codes.iter().filter(|named| named.rsplit(' ').next() == Some(code)) {
                let status =
                    named.split_once(' ').map_or_else(|| status(row).map(|s| s.to_string()), |(status, _)| Ok(status.to_owned()))?;
                let of_status = statuses.entry(status).or_default();
                if !of_status.contains(code) {
                    of_status.push(code.clone());
                }
            }
        }
        Ok(statuses)
    }

    /// The table of codes.
    fn codes(&self) -> Outcome<Value> {
        let mut told = Map::new();
        for (code, row) in self.problems.as_object().into_iter().flatten() {
            told.insert(code.clone(), json!({"status": status(row)?, "title": row_text(row, 1)?, "description": row_text(row, 2)?}));
        }
        Ok(Value::Object(told))
    }

    fn schema(&self, written: &Value) -> Outcome<Value> {
        match written {
            Value::String(source) => Type { rest: source, source }.whole(),
            Value::Object(fields) => self.object(fields),
            Value::Array(parts) => {
                let mut schema = self.schema(parts.first().ok_or("an empty list is no type")?)?;
                let Some(words) = parts.get(1) else { return Ok(json!({"type": "array", "items": schema})) };
                if let Some(schema) = schema.as_object_mut() {
                    schema.insert("description".to_owned(), words.clone());
                    schema.extend(parts.get(2).and_then(Value::as_object).cloned().unwrap_or_default());
                }
                Ok(schema)
            }
            _ => Err(format!("{written} is no type")),
        }
    }

    fn object(&self, fields: &Map<String, Value>) -> Outcome<Value> {
        let mut properties = Map::new();
        let mut required = Vec::new();
        let mut further = None;
        for (name, written) in fields {
            match name.as_str() {
                "*" => further = Some(if written.is_boolean() { written.clone() } else { self.schema(written)? }),
                "..." => {
                    let base = written.as_str().and_then(|name| self.schemas.get(name)).ok_or_else(|| format!("no schema {written}"))?;
                    let base = self.schema(base)?;
                    properties.extend(members(&base, "properties")?.clone());
                    required.extend(base.get("required").and_then(Value::as_array).cloned().unwrap_or_default());
                    further = further.or_else(|| base.get("additionalProperties").cloned());
                }
                _ => {
                    let bare = name.trim_end_matches('?');
                    required.retain(|known| known != bare);
                    if bare == name {
                        required.push(json!(bare));
                    }
                    properties.insert(bare.to_owned(), self.schema(written).map_err(|error| format!("`{bare}`: {error}"))?);
                }
            }
        }
        let mut schema = Map::new();
        schema.insert("type".to_owned(), json!("object"));
        if !properties.is_empty() {
            schema.insert("properties".to_owned(), Value::Object(properties));
        }
        if !required.is_empty() {
            schema.insert("required".to_owned(), Value::Array(required));
        }
        if let Some(further) = further {
            schema.insert("additionalProperties".to_owned(), further);
        }
        Ok(Value::Object(schema))
    }
}

/// A type being read.
struct Type<'a> {
    rest: &'a str,
    source: &'a str,
}

impl Type<'_> {
    fn whole(mut self) -> Outcome<Value> {
        let schema = self.union()?;
        if self.rest.is_empty() { Ok(schema) } else { Err(self.wrong()) }
    }

    fn wrong(&self) -> String {
        format!("`{}` is no type from `{}` on", self.source, self.rest)
    }

    fn union(&mut self) -> Outcome<Value> {
        let mut choices = Vec::new();
        let mut words = Vec::new();
        let mut may_be_null = false;
        loop {
            if let Some(rest) = self.rest.strip_prefix('\'') {
                let (word, rest) = rest.split_once('\'').ok_or_else(|| self.wrong())?;
                words.push(json!(word));
                self.rest = rest;
            } else if self.takes("null") {
                may_be_null = true;
            } else {
                choices.push(self.list()?);
            }
            if !self.takes(" | ") {
                break;
            }
        }
        if !words.is_empty() {
            choices.push(json!({"type": "string", "enum": words}));
        }
        match choices.as_mut_slice() {
            [Value::Object(only)] if may_be_null && only.get("type").is_some_and(Value::is_string) => {
                let of = only.get("type").cloned();
                only.insert("type".to_owned(), json!([of, "null"]));
                if let Some(words) = only.get_mut("enum").and_then(Value::as_array_mut) {
                    words.push(Value::Null);
                }
                Ok(Value::Object(only.clone()))
            }
            [only] if !may_be_null => Ok(only.take()),
            _ => {
                choices.extend(may_be_null.then(|| json!({"type": "null"})));
                Ok(json!({ "anyOf": choices }))
            }
        }
    }

    fn list(&mut self) -> Outcome<Value> {
        let mut schema = self.one()?;
        while self.takes("[]") {
            schema = json!({"type": "array", "items": schema});
            self.bounds(&mut schema, "minItems", "maxItems")?;
        }
        Ok(schema)
    }

    fn one(&mut self) -> Outcome<Value> {
        if self.takes("(") {
            let schema = self.union()?;
            return if self.takes(")") { Ok(schema) } else { Err(self.wrong()) };
        }
        let end = self.rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        let wrong = self.wrong();
        self.rest = rest;
        let mut schema = match word {
            "string" | "integer" | "number" | "boolean" => json!({ "type": word }),
            "unknown" => json!({}),
            _ if word.starts_with(|c: char| c.is_ascii_uppercase()) => json!({"$ref": format!("#/components/schemas/{word}")}),
            _ => return Err(wrong),
        };
        if word == "string" {
            self.bounds(&mut schema, "minLength", "maxLength")?;
        } else {
            self.bounds(&mut schema, "minimum", "maximum")?;
        }
        Ok(schema)
    }

    /// `(1..500)`, `(..128)`, `(0..)`.
    fn bounds(&mut self, schema: &mut Value, least: &str, most: &str) -> Outcome<()> {
        if !self.takes("(") {
            return Ok(());
        }
        let wrong = self.wrong();
        let (bounds, rest) = self.rest.split_once(')').ok_or(&wrong)?;
        let (from, to) = bounds.split_once("..").ok_or(&wrong)?;
        self.rest = rest;
        for (keyword, bound) in [(least, from), (most, to)] {
            if !bound.is_empty() {
                let number: i64 = bound.parse().map_err(|_| wrong.clone())?;
                schema.as_object_mut().ok_or(&wrong)?.insert(keyword.to_owned(), json!(number));
            }
        }
        Ok(())
    }

    fn takes(&mut self, expected: &str) -> bool {
        let rest = self.rest.strip_prefix(expected);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }
}

/// An answer that is one of these problems; or a page, for whoever reads those.
fn problem(codes: &[String], for_people: bool) -> Value {
    let schema = json!({"$ref": "#/components/schemas/Problem", "properties": {"code": {"enum": codes}}});
    let mut content = json!({"application/problem+json": {"schema": schema}});
    if let Some(content) = content.as_object_mut().filter(|_| for_people) {
        content.insert("text/html".to_owned(), json!({"schema": {"type": "string"}}));
    }
    json!({"description": "A problem; `code` says which.", "content": content})
}

/// The name of an answer that many calls have: its first code, and a number where others begin with the same.
fn named(answer: Value, answers: &mut Map<String, Value>) -> String {
    if let Some((name, _)) = answers.iter().find(|(_, known)| **known == answer) {
        return name.clone();
    }
    let first =
        answer.pointer("/content/application~1problem+json/schema/properties/code/enum/0").and_then(Value::as_str).unwrap_or_default();
    let mut name = first.to_owned();
    let mut number = 1;
    while answers.contains_key(&name) {
        number += 1;
        name = format!("{first}.{number}");
    }
    answers.insert(name.clone(), answer);
    name
}

/// Takes out the schemas that nothing refers to any more, as their members were taken over.
fn prune(document: &mut Value) {
    loop {
        let text = document.to_string();
        let Some(schemas) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) else { return };
        let before = schemas.len();
        schemas.retain(|name, _| text.contains(&format!("\"#/components/schemas/{name}\"")));
        if schemas.len() == before {
            return;
        }
    }
}

/// A part with its description, where it has one.
fn described(words: Option<Value>, mut part: Value) -> Value {
    if let (Some(words), Some(part)) = (words, part.as_object_mut()) {
        part.insert("description".to_owned(), words);
    }
    part
}

fn reference(place: &str, name: &str) -> Value {
    json!({"$ref": format!("#/components/parameters/{}", parameter_name(place, name))})
}

fn parameter_name(place: &str, name: &str) -> String {
    format!("{place}.{}", name.trim_end_matches('?'))
}

fn member<'v>(of: &'v Value, name: &str) -> Outcome<&'v Value> {
    of.get(name).ok_or_else(|| format!("`{name}` is missing"))
}

fn text<'v>(of: &'v Value, name: &str) -> Outcome<&'v str> {
    member(of, name)?.as_str().ok_or_else(|| format!("`{name}` is no text"))
}

fn list<'v>(of: &'v Value, name: &str) -> Outcome<&'v Vec<Value>> {
    member(of, name)?.as_array().ok_or_else(|| format!("`{name}` is no list"))
}

/// The members of a part; none where it is left out.
fn members<'v>(of: &'v Value, name: &str) -> Outcome<&'v Map<String, Value>> {
    static NONE: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
    of.get(name).map_or(Ok(&NONE), |part| part.as_object().ok_or_else(|| format!("`{name}` is no object")))
}

/// A list of texts; empty where it is left out.
fn words<'v>(of: &'v Value, name: &str) -> Outcome<Vec<&'v str>> {
    let Some(part) = of.get(name) else { return Ok(Vec::new()) };
    let list = part.as_array().and_then(|list| list.iter().map(Value::as_str).collect::<Option<_>>());
    list.ok_or_else(|| format!("`{name}` is no list of texts"))
}

fn status(row: &Value) -> Outcome<u64> {
    row.get(0).and_then(Value::as_u64).ok_or_else(|| format!("{row} is no problem: write [status, title, when]"))
}

fn row_text(row: &Value, position: usize) -> Outcome<&str> {
    row.get(position).and_then(Value::as_str).ok_or_else(|| format!("{row} is no problem: write [status, title, when]"))
}
