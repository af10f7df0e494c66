//! Functions by name, and what to write instead of those that CEL has and this subset has not.

use super::check::{Checker, Scope, bound};
use super::code::Code;
use super::literals::{duration, timestamp};
use super::parser::{Node, Tree};
use super::program::Op;
use super::value::Type;

/// Where CEL's other functions are, and what to write in their place.
const OUTSIDE: [(&[&str], &str); 6] = [
    (&["matches"], "startsWith(), endsWith() or contains()"),
    (&["int", "uint", "double", "string", "bool", "bytes"], "a fact or a literal of the type that is needed"),
    (&["type", "dyn"], "a fact of one type; all types are known when an expression is published"),
    (&["exists_one", "map", "filter"], "exists() or all()"),
    (&["getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear"], "a comparison with timestamp('..')"),
    (&["getHours", "getMinutes", "getSeconds", "getMilliseconds"], "a comparison with timestamp('..') or duration('..')"),
];

const KNOWN: &str = "duration(), timestamp(), has(), size(), text.startsWith(), .endsWith(), .contains(), list.exists(), list.all()";

impl Checker<'_> {
    /// `name(arguments)`
    pub(super) fn call(&mut self, name: &str, arguments: &[Node], at: usize, scope: Option<&Scope<'_>>) -> Option<Code> {
        match (name, arguments) {
            ("duration", [Node { tree: Tree::Str(text), at }]) => match duration(text) {
                Ok(ms) => Some(Code::of(Type::Duration, Op::Duration(ms))),
                Err(message) => self.problem(*at, "type", message),
            },
            ("timestamp", [Node { tree: Tree::Str(text), at }]) => match timestamp(text) {
                Ok(ms) => Some(Code::of(Type::Timestamp, Op::Timestamp(ms))),
                Err(message) => self.problem(*at, "type", message),
            },
            ("duration", _) => self.problem(at, "type", "duration() takes one string written out, as in duration('72h')".to_owned()),
            ("timestamp", _) => {
                let message = "timestamp() takes one string written out, as in timestamp('2025-06-18T10:30:00Z')";
                self.problem(at, "type", message.to_owned())
            }
            ("has", arguments) => self.has(arguments, at, scope),
            ("size", [of]) => self.size(of, at, scope),
            ("size", _) => self.problem(at, "type", "size() takes one string or list, as in size(tenant.tags)".to_owned()),
            _ => self.no_function(name, at),
        }
    }

    /// `receiver.name(arguments)`
    pub(super) fn method(&mut self, receiver: &Node, name: &str, arguments: &[Node], scope: Option<&Scope<'_>>) -> Option<Code> {
        let at = receiver.at;
        let op = match (name, arguments) {
            ("size", []) => return self.size(receiver, at, scope),
            ("exists", [variable, body]) => return self.quantify(receiver, variable, body, false, scope),
            ("all", [variable, body]) => return self.quantify(receiver, variable, body, true, scope),
            ("exists" | "all", _) => {
                let message = format!("{name}() takes a name and a condition, as in tenant.tags.{name}(tag, tag != 'trial')");
                return self.problem(at, "type", message);
            }
            ("startsWith", [_]) => Op::StartsWith,
            ("endsWith", [_]) => Op::EndsWith,
            ("contains", [_]) => Op::Contains,
            ("startsWith" | "endsWith" | "contains", _) => {
                return self.problem(at, "type", format!("{name}() takes one string, as in plan.id.{name}('pro')"));
            }
            ("size", _) => return self.problem(at, "type", "size() takes nothing, as in tenant.tags.size()".to_owned()),
            _ => return self.no_function(name, at),
        };
        let text = self.emit(receiver, scope);
        let part = arguments.first().and_then(|part| self.emit(part, scope));
        let (text, part) = (text?, part?);
        match (text.of, part.of) {
            (Type::Str, Type::Str) => self.apply(vec![text.form, part.form], &[op], Type::Bool, at),
            (Type::List, Type::Str) if name == "contains" => {
                self.problem(at, "type", "contains() is asked of a string; of a list ask `x in list`".to_owned())
            }
            (a, b) => self.problem(at, "type", format!("{name}() is asked of a string and takes one, not {} and {}", a.name(), b.name())),
        }
    }

    /// `has(a.b)`
    fn has(&mut self, arguments: &[Node], at: usize, scope: Option<&Scope<'_>>) -> Option<Code> {
        match arguments {
            [node @ Node { tree: Tree::Path(path), .. }]
                if path.len() > 1 && path.first().is_none_or(|name| bound(name, scope).is_none()) =>
            {
                let fact = self.emit(node, scope)?;
                self.apply(vec![fact.form], &[Op::Has], Type::Bool, at)
            }
            _ => self.problem(at, "type", "has() takes one dotted name, as in has(subscription.status)".to_owned()),
        }
    }

    fn no_function<T>(&mut self, name: &str, at: usize) -> Option<T> {
        let message = match OUTSIDE.iter().find(|(names, _)| names.contains(&name)) {
            Some((_, instead)) => format!("{name}() is outside this subset of CEL; write {instead}"),
            None => format!("there is no function `{name}` here; known are {KNOWN}"),
        };
        self.problem(at, "unsupported", message)
    }
}
