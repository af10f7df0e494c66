//! JSON (RFC 8259) whose every part knows where it stands: what is wrong with a part can then be told with pointer, line
//! and column by whoever holds the part and nothing else.

#[cfg(test)]
mod tests;

use super::Problem;

/// How deep lists and objects may stand in one another.
const MAX_DEPTH: u8 = 64;

/// A part of a document.
#[derive(Debug)]
pub(super) struct Json {
    /// Where it begins, in bytes; what belongs to an object begins with its name. No two parts begin at the same place.
    pub(super) at: usize,
    pub(super) value: Value,
}

/// What a part is.
#[derive(Debug)]
pub(super) enum Value {
    Null,
    Bool(bool),
    /// A number written without fraction and exponent that fits.
    Whole(i64),
    /// Any other number, as it is written.
    Number(String),
    Text(String),
    List(Vec<Json>),
    /// In the order of the document. A name may be there twice.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Reads a document. What is no JSON is told at the first place where it is none.
    pub(super) fn parse(document: &str) -> Result<Self, Problem> {
        let mut parser = Parser { document, at: 0, depth: 0 };
        let whole = parser.part().and_then(|whole| if parser.sees(b"") { Ok(whole) } else { Err("the end") });
        whole.map_err(|expected| {
            let found = document.get(parser.at..).and_then(|rest| rest.chars().next());
            let found = found.map_or("the end of the document".to_owned(), |c| format!("{c:?}"));
            let (line, column) = place(document, parser.at);
            let detail = format!("this is no JSON: expected {expected}, found {found}");
            Problem { code: Problem::MALFORMED, pointer: String::new(), line, column, offset: None, detail }
        })
    }

    /// The part as JSON, without white space; numbers as they are written, and names that are there twice likewise.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        self.write(&mut text);
        text
    }

    fn write(&self, to: &mut String) {
        match &self.value {
            Value::Null => to.push_str("null"),
            Value::Bool(b) => to.push_str(if *b { "true" } else { "false" }),
            Value::Whole(n) => to.push_str(&n.to_string()),
            Value::Number(text) => to.push_str(text),
            Value::Text(text) => quote(text, to),
            Value::List(items) => between('[', ']', items, to, Json::write),
            Value::Object(members) => between('{', '}', members, to, |(name, member), to| {
                quote(name, to);
                to.push(':');
                member.write(to);
            }),
        }
    }

    /// The JSON pointer (RFC 6901) of the part that begins at `at`.
    pub(super) fn pointer(&self, at: usize) -> String {
        let mut pointer = String::new();
        let mut part = self;
        while part.at < at {
            let (name, inner) = match &part.value {
                Value::Object(members) => match members.iter().rev().find(|(_, inner)| inner.at <= at) {
                    Some((name, inner)) => (step(name), inner),
                    None => break,
                },
                Value::List(items) => match items.iter().rposition(|inner| inner.at <= at).map(|i| (i, items.get(i))) {
                    Some((i, Some(inner))) => (i.to_string(), inner),
                    _ => break,
                },
                _ => break,
            };
            pointer.push('/');
            pointer.push_str(&name);
            part = inner;
        }
        pointer
    }
}

/// `name` as a step of a JSON pointer.
pub(super) fn step(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn between<T>(open: char, close: char, inner: &[T], to: &mut String, write: impl Fn(&T, &mut String)) {
    to.push(open);
    for (i, one) in inner.iter().enumerate() {
        if i > 0 {
            to.push(',');
        }
        write(one, to);
    }
    to.push(close);
}

fn quote(text: &str, to: &mut String) {
    to.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => to.extend(['\\', c]),
            '\n' => to.push_str("\\n"),
            c if c < ' ' => {
                to.push_str(if c < '\u{10}' { "\\u000" } else { "\\u001" });
                to.extend(char::from_digit(u32::from(c) % 16, 16));
            }
            c => to.push(c),
        }
    }
    to.push('"');
}

/// The line and column, both from 1 and in characters, of the byte `at`.
pub(super) fn place(document: &str, at: usize) -> (usize, usize) {
    let before = document.get(..at).unwrap_or(document);
    let line = before.rfind('\n').map_or(before, |end| before.get(end + 1..).unwrap_or(""));
    (1 + before.bytes().filter(|b| *b == b'\n').count(), 1 + line.chars().count())
}

struct Parser<'d> {
    document: &'d str,
    at: usize,
    depth: u8,
}

/// What was expected where the parser stands.
type Expected = &'static str;

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.document.as_bytes().get(self.at).copied()
    }

    /// Goes over `byte`, if it is next.
    fn takes(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    /// Goes over white space; whether one of `bytes` is next, or with none of them, the end.
    fn sees(&mut self, bytes: &[u8]) -> bool {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
        self.peek().map_or(bytes.is_empty(), |next| bytes.contains(&next))
    }

    fn part(&mut self) -> Result<Json, Expected> {
        self.sees(b"");
        let at = self.at;
        let value = match self.peek() {
            Some(b'{') => {
                let mut members = Vec::new();
                self.each(b'}', "`,` or `}`", &mut |parser| {
                    if !parser.sees(b"\"") {
                        return Err("a name in double quotes");
                    }
                    let at = parser.at;
                    let name = parser.text()?;
                    if !parser.sees(b":") {
                        return Err("`:`");
                    }
                    parser.at += 1;
                    members.push((name, Json { at, ..parser.part()? }));
                    Ok(())
                })?;
                Value::Object(members)
            }
            Some(b'[') => {
                let mut items = Vec::new();
                self.each(b']', "`,` or `]`", &mut |parser| {
                    items.push(parser.part()?);
                    Ok(())
                })?;
                Value::List(items)
            }
            Some(b'"') => Value::Text(self.text()?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            _ => self.word()?,
        };
        Ok(Json { at, value })
    }

    /// Reads what stands between brackets with commas in between.
    fn each(&mut self, close: u8, separator: Expected, read: &mut dyn FnMut(&mut Self) -> Result<(), Expected>) -> Result<(), Expected> {
        if self.depth == MAX_DEPTH {
            return Err("no more than 64 lists and objects in one another");
        }
        self.depth += 1;
        self.at += 1;
        if !self.sees(&[close]) {
            read(self)?;
            while self.sees(b",") {
                self.at += 1;
                read(self)?;
            }
            if !self.sees(&[close]) {
                return Err(separator);
            }
        }
        self.at += 1;
        self.depth -= 1;
        Ok(())
    }

    fn word(&mut self) -> Result<Value, Expected> {
        let rest = self.document.get(self.at..).unwrap_or("");
        for (word, value) in [("null", Value::Null), ("true", Value::Bool(true)), ("false", Value::Bool(false))] {
            if rest.starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err("a value")
    }

    fn number(&mut self) -> Result<Value, Expected> {
        let start = self.at;
        self.takes(b'-');
        if !self.takes(b'0') {
            self.digits()?;
        }
        let whole = self.at;
        if self.takes(b'.') {
            self.digits()?;
        }
        if self.takes(b'e') || self.takes(b'E') {
            let _signed = self.takes(b'+') || self.takes(b'-');
            self.digits()?;
        }
        let text = self.document.get(start..self.at).unwrap_or("");
        let whole = if self.at == whole { text.parse().ok() } else { None };
        Ok(whole.map_or_else(|| Value::Number(text.to_owned()), Value::Whole))
    }

    fn digits(&mut self) -> Result<(), Expected> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at > start { Ok(()) } else { Err("a digit") }
    }

    fn text(&mut self) -> Result<String, Expected> {
        let mut text = String::new();
        self.at += 1;
        loop {
            let rest = self.document.get(self.at..).unwrap_or("");
            let plain = rest.find(['"', '\\']).unwrap_or(rest.len());
            let (plain, _) = rest.split_at_checked(plain).unwrap_or_default();
            if let Some(control) = plain.find(|c| c < ' ') {
                self.at += control;
                return Err("the end of the text (`\"`), or a line break written as `\\n`");
            }
            text.push_str(plain);
            self.at += plain.len();
            if self.takes(b'"') {
                return Ok(text);
            }
            if !self.takes(b'\\') {
                return Err("the end of the text (`\"`)");
            }
            text.push(self.escaped()?);
        }
    }

    fn escaped(&mut self) -> Result<char, Expected> {
        let escaped = match self.peek() {
            Some(quoted @ (b'"' | b'\\' | b'/')) => char::from(quoted),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(),
            _ => return Err("one of `\"\\/bfnrtu` after `\\`"),
        };
        self.at += 1;
        Ok(escaped)
    }

    /// `u` and four digits, or a pair of these for what lies beyond U+FFFF.
    fn unicode(&mut self) -> Result<char, Expected> {
        let mut code = self.unit()?;
        if (0xd800..0xdc00).contains(&code) && self.takes(b'\\') {
            let low = self.unit()?;
            if !(0xdc00..0xe000).contains(&low) {
                return Err("the second half of a pair of `\\u`");
            }
            code = 0x10000 + ((code & 0x3ff) << 10) + (low & 0x3ff);
        }
        char::from_u32(code).ok_or("both halves of a pair of `\\u`")
    }

    fn unit(&mut self) -> Result<u32, Expected> {
        let mut code = 0;
        if !self.takes(b'u') {
            return Err("`u`");
        }
        for _ in 0..4 {
            let digit = self.peek().and_then(|digit| char::from(digit).to_digit(16)).ok_or("four hexadecimal digits after `\\u`")?;
            self.at += 1;
            code = code << 4 | digit;
        }
        Ok(code)
    }
}
