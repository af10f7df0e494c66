//! Lists: those that are written out are taken apart while compiling, those that are facts are asked at the edge.

use super::check::{Binding, Checker, Scope, bound};
use super::code::{Code, Form};
use super::parser::{Node, Tree};
use super::program::{MAX_LOOPS, Op};
use super::value::Type;

/// The most elements that one step compares with.
const CHUNK: usize = 8;
/// The most steps in the body of a loop: what is left of it for the browser has them once for every element.
const MAX_BODY: u8 = 64;

/// What a node stands for: itself, or what the name that it is was given to.
fn written<'s>(mut node: &'s Node, mut scope: Option<&'s Scope<'s>>) -> (&'s Node, Option<&'s Scope<'s>>) {
    while let Tree::Path(path) = &node.tree {
        let [name] = path.as_slice() else { break };
        let Some(Binding::Written(element, outer)) = bound(name, scope) else { break };
        (node, scope) = (element, outer);
    }
    (node, scope)
}

impl Checker<'_> {
    /// `needle in list`
    pub(super) fn is_in(&mut self, needle: Option<Code>, list: &Node, scope: Option<&Scope<'_>>) -> Option<Code> {
        let at = list.at;
        let (list, scope) = written(list, scope);
        if let Tree::List(elements) = &list.tree {
            let codes = self.elements(elements, scope);
            let (needle, codes) = (needle?, codes?);
            return self.is_among(&needle, &codes, at);
        }
        let list = self.emit(list, scope);
        let (needle, list) = (needle?, list?);
        match (needle.of, list.of) {
            (Type::Str, Type::List) => self.apply(vec![needle.form, list.form], &[Op::InList], Type::Bool, at),
            (of, Type::List) => self.problem(at, "type", format!("the elements of this list are strings, and {} is sought", of.name())),
            (_, of) => {
                let message = format!("`in` needs a list, and this is of type {}; write one out, as in `plan.id in ['a', 'b']`", of.name());
                self.problem(at, "type", message)
            }
        }
    }

    /// `needle in [codes]`. Long lists are asked piece by piece, so that they fit on the stack.
    fn is_among(&mut self, needle: &Code, codes: &[Code], at: usize) -> Option<Code> {
        if let Some(other) = codes.first().map(|code| code.of).filter(|of| *of != needle.of) {
            return self.problem(at, "type", format!("{} is sought in a list of {}", needle.of.name(), other.name()));
        }
        let mut found: Option<Code> = None;
        for piece in codes.chunks(CHUNK) {
            let here = self.is_in_piece(needle.form.clone(), piece, at)?;
            found = Some(match found {
                Some(found) => self.apply(vec![found.form, here.form], &[Op::Or], Type::Bool, at)?,
                None => here,
            });
        }
        match found {
            None => self.is_in_piece(needle.form.clone(), &[], at),
            // One step asks whether all elements are known; several do not, as one of them may already decide.
            Some(found) if codes.len() > CHUNK => self.guarded(codes, found, at),
            Some(found) => Some(found),
        }
    }

    fn is_in_piece(&mut self, needle: Form, piece: &[Code], at: usize) -> Option<Code> {
        let mut operands = vec![needle];
        operands.extend(piece.iter().map(|code| code.form.clone()));
        let op = Op::In(u8::try_from(piece.len()).ok()?);
        self.apply(operands, &[op], Type::Bool, at)
    }

    /// `answer`, or unknown where one of `codes` is unknown: CEL has no list with an error in it.
    fn guarded(&mut self, codes: &[Code], answer: Code, at: usize) -> Option<Code> {
        if codes.iter().all(Code::is_literal) {
            return Some(answer);
        }
        // The guard is false or unknown, and `false != answer` is the answer.
        let guard = self.guard(codes, at)?;
        self.apply(vec![guard.form, answer.form], &[Op::Ne], Type::Bool, at)
    }

    /// Steps that are false, and unknown where one of `codes` is.
    fn guard(&mut self, codes: &[Code], at: usize) -> Option<Code> {
        let open: Vec<Code> = codes.iter().filter(|code| !code.is_literal()).cloned().collect();
        let mut guard: Option<Code> = None;
        for piece in open.chunks(CHUNK) {
            // Of another type than the elements, so it is never found.
            let needle = if piece.first().is_some_and(|code| code.of == Type::Bool) { Op::Int(0) } else { Op::Bool(true) };
            let here = self.is_in_piece(Form::Steps(vec![needle]), piece, at)?;
            guard = Some(match guard {
                Some(guard) => self.apply(vec![guard.form, here.form], &[Op::Or], Type::Bool, at)?,
                None => here,
            });
        }
        Some(guard.unwrap_or_else(|| Code::of(Type::Bool, Op::Bool(false))))
    }

    /// `size(of)`
    pub(super) fn size(&mut self, of: &Node, at: usize, scope: Option<&Scope<'_>>) -> Option<Code> {
        let (of, scope) = written(of, scope);
        if let Tree::List(elements) = &of.tree {
            let codes = self.elements(elements, scope)?;
            let size = Op::Int(i64::try_from(elements.len()).ok()?);
            if codes.iter().all(Code::is_literal) {
                return Some(Code::of(Type::Int, size));
            }
            let guard = self.guard(&codes, at)?;
            return self.apply(vec![guard.form], &[size.clone(), size, Op::Select], Type::Int, at);
        }
        let of = self.emit(of, scope)?;
        if of.of.is_text() {
            return self.apply(vec![of.form], &[Op::Size], Type::Int, at);
        }
        self.problem(at, "type", format!("size() is asked of a string or a list, and this is of type {}", of.of.name()))
    }

    /// The elements of a list that is written out, all of one type; of lists in it, their elements.
    fn elements(&mut self, elements: &[Node], scope: Option<&Scope<'_>>) -> Option<Vec<Code>> {
        let mut codes: Vec<Code> = Vec::new();
        let mut is_sound = true;
        let mut lists = 0;
        for element in elements {
            let (inner, scope) = written(element, scope);
            let found = if let Tree::List(nested) = &inner.tree {
                lists += 1;
                self.nested(nested, inner.at, scope)
            } else {
                self.emit(inner, scope).map(|code| vec![code])
            };
            let Some(found) = found else {
                is_sound = false;
                continue;
            };
            let of = codes.first().map(|code| code.of);
            match found.first().map(|code| code.of).filter(|found| of.is_some_and(|of| of != *found)) {
                Some(found) => is_sound = self.problem(element.at, "type", other_type(found)).unwrap_or(false),
                None => codes.extend(found),
            }
        }
        if lists != 0 && lists != elements.len() {
            let at = elements.first().map_or(0, |element| element.at);
            return self.problem(at, "type", "some elements of this list are lists and some are not; write them all alike".to_owned());
        }
        is_sound.then_some(codes)
    }

    fn nested(&mut self, elements: &[Node], at: usize, scope: Option<&Scope<'_>>) -> Option<Vec<Code>> {
        self.deeper(at)?;
        let codes = self.elements(elements, scope);
        self.shallower();
        codes
    }

    /// `list.exists(variable, body)`, or `all`.
    pub(super) fn quantify(&mut self, list: &Node, variable: &Node, body: &Node, is_all: bool, scope: Option<&Scope<'_>>) -> Option<Code> {
        let at = list.at;
        let name = match &variable.tree {
            Tree::Path(path) if path.len() == 1 => path.first()?,
            _ => {
                return self.problem(
                    variable.at,
                    "type",
                    "the first argument names the element, as in tags.exists(tag, tag == 'a')".to_owned(),
                );
            }
        };
        let (list, around) = written(list, scope);
        if let Tree::List(elements) = &list.tree {
            let codes = self.elements(elements, around)?;
            let bindings = elements.iter().map(|element| Scope { name, binding: Binding::Written(element, around), outer: scope });
            let answer = self.unroll(bindings, body, is_all)?;
            return self.guarded(&codes, answer, at);
        }
        let list = self.emit(list, around)?;
        if list.of != Type::List {
            return self.problem(at, "type", format!("exists() and all() are asked of a list, and this is of type {}", list.of.name()));
        }
        // By where the body is run, and not by what is known there: an element that is written out may hold a loop itself.
        self.repeat(list, &Scope { name, binding: Binding::Element(self.loops), outer: scope }, body, is_all)
    }

    /// The body for every element that is written out.
    fn unroll<'s>(&mut self, bindings: impl Iterator<Item = Scope<'s>>, body: &Node, is_all: bool) -> Option<Code> {
        let op = if is_all { Op::And } else { Op::Or };
        let mut answer: Option<Code> = None;
        for binding in bindings {
            // Once is enough: what is wrong with the body is wrong for the other elements too.
            let here = self.condition(body, &binding)?;
            answer = Some(match answer {
                Some(answer) => self.apply(vec![answer.form, here.form], std::slice::from_ref(&op), Type::Bool, body.at)?,
                None => here,
            });
        }
        Some(answer.unwrap_or_else(|| Code::of(Type::Bool, Op::Bool(is_all))))
    }

    /// The body as a loop over a list that is a fact.
    fn repeat(&mut self, list: Code, scope: &Scope<'_>, body: &Node, is_all: bool) -> Option<Code> {
        if usize::from(self.loops) == MAX_LOOPS {
            let message = format!("more than {MAX_LOOPS} lists that are facts are gone through inside each other; split it up");
            return self.problem(body.at, "too_deep", message);
        }
        self.loops += 1;
        let code = self.condition(body, scope);
        self.loops -= 1;
        let ops = code?.form.into_steps()?;
        let Some(steps) = u8::try_from(ops.len()).ok().filter(|steps| *steps <= MAX_BODY) else {
            let message = format!("more than {MAX_BODY} steps for every element of a fact; split it up");
            return self.problem(body.at, "too_long", message);
        };
        let mut tail = vec![Op::Loop { is_all, steps }];
        tail.extend(ops);
        self.apply(vec![list.form], &tail, Type::Bool, body.at)
    }

    fn condition(&mut self, body: &Node, scope: &Scope<'_>) -> Option<Code> {
        let code = self.emit(body, Some(scope))?;
        if code.of == Type::Bool {
            return Some(code);
        }
        self.problem(body.at, "type", format!("the condition is of type {}, not bool", code.of.name()))
    }
}

fn other_type(found: Type) -> String {
    format!("this element is of type {}, the others are not", found.name())
}
