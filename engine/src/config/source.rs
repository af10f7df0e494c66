//! Where an expression of the document comes from.

use std::borrow::Cow;

use super::json::Json;
use super::names::ConfigNames;
use super::reader::Reader;
use crate::expr::{self, Program, Type};

/// The source of an expression, and the part of the document that it is told of.
#[derive(Clone, Debug)]
pub(super) struct Source<'j> {
    /// What is compiled. Borrowed: it stands at `part` as it is, and an offset within it is an offset there. Owned: it is what the
    /// built-in signal named at `part` says.
    pub(super) text: Cow<'j, str>,
    /// Where problems are told.
    pub(super) part: &'j Json,
}

impl<'j> Source<'j> {
    /// The source written at `part`; `None` when no string is there.
    pub(super) fn written(part: Option<&'j Json>, reader: &mut Reader) -> Option<Self> {
        let part = part?;
        Some(Self { text: Cow::Borrowed(reader.text(Some(part))?), part })
    }

    /// The source that the built-in signal named at `part` says.
    pub(super) fn said(text: String, part: &'j Json) -> Self {
        Self { text: Cow::Owned(text), part }
    }

    /// What runs. Problems are told at their place in the source as written, and of a built-in signal as a whole.
    pub(super) fn compile(self, names: &mut ConfigNames<'_>, reader: &mut Reader) -> Program {
        let problems = match expr::compile(&self.text, Type::Bool, names) {
            Ok(program) => return program,
            Err(problems) => problems,
        };
        for problem in problems {
            match &self.text {
                Cow::Borrowed(_) => reader.tell_within(self.part, problem.at, problem.code, problem.message),
                Cow::Owned(text) => reader.tell(self.part, problem.code, format!("this stands for `{text}`: {}", problem.message)),
            }
        }
        Program::default()
    }
}
