//! JSON (RFC 8259) whose every part knows where it stands: what is wrong with a part can then be told with pointer, line
//! and column by whoever holds the part and nothing else.

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
    Bool,
    /// A number written without fraction and exponent that fits.
    Whole(i64),
    /// Any other number.
    Number,
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

    /// The JSON pointer (RFC 6901) of the part that begins at `at`.
    pub(super) fn pointer(&self, at: usize) -> String {
        let mut pointer = String::new();
        let mut part = self;
        while part.at < at {
            let (step, inner) = match &part.value {
                Value::Object(members) => match members.iter().rev().find(|(_, inner)| inner.at <= at) {
                    Some((name, inner)) => (name.replace('~', "~0").replace('/', "~1"), inner),
                    None => break,
                },
                Value::List(items) => match items.iter().rposition(|inner| inner.at <= at).map(|i| (i, items.get(i))) {
                    Some((i, Some(inner))) => (i.to_string(), inner),
                    _ => break,
                },
                _ => break,
            };
            pointer.push('/');
            pointer.push_str(&step);
            part = inner;
        }
        pointer
    }
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
        for (word, value) in [("null", Value::Null), ("true", Value::Bool), ("false", Value::Bool)] {
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
        let end = self.at;
        if self.takes(b'.') {
            self.digits()?;
        }
        if self.takes(b'e') || self.takes(b'E') {
            let _signed = self.takes(b'+') || self.takes(b'-');
            self.digits()?;
        }
        let whole = if self.at == end { self.document.get(start..end).and_then(|digits| digits.parse().ok()) } else { None };
        Ok(whole.map_or(Value::Number, Value::Whole))
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value as Reference;

    /// The same value, as far as ours tells values apart.
    fn same(ours: &Json, reference: &Reference) -> bool {
        match (&ours.value, reference) {
            (Value::Null, Reference::Null) | (Value::Bool, Reference::Bool(_)) => true,
            (Value::Whole(ours), Reference::Number(n)) => n.as_i64() == Some(*ours) || (*ours == 0 && n.as_f64() == Some(0.0)),
            (Value::Number, Reference::Number(n)) => !n.is_i64(),
            (Value::Text(ours), Reference::String(reference)) => ours == reference,
            (Value::List(ours), Reference::Array(reference)) => {
                ours.len() == reference.len() && ours.iter().zip(reference).all(|(ours, reference)| same(ours, reference))
            }
            // Of a name that is there twice the reference keeps the last.
            (Value::Object(ours), Reference::Object(reference)) => reference
                .iter()
                .all(|(name, reference)| ours.iter().rev().find(|(ours, _)| ours == name).is_some_and(|(_, ours)| same(ours, reference))),
            _ => false,
        }
    }

    /// Every part is found by its place, and the reference agrees on what stands there.
    fn hold_pointers(root: &Json, part: &Json, reference: &Reference) {
        let pointer = root.pointer(part.at);
        assert!(reference.pointer(&pointer).is_some_and(|found| same(part, found)), "{pointer:?} in {reference}");
        match &part.value {
            Value::List(items) => items.iter().for_each(|item| hold_pointers(root, item, reference)),
            Value::Object(members) => members.iter().for_each(|(_, member)| hold_pointers(root, member, reference)),
            _ => {}
        }
    }

    fn any_json() -> impl Strategy<Value = Reference> {
        let leaf = prop_oneof![
            Just(Reference::Null),
            any::<bool>().prop_map(Reference::from),
            any::<i64>().prop_map(Reference::from),
            any::<u64>().prop_map(Reference::from),
            (-1e9..1e9).prop_map(Reference::from),
            any::<String>().prop_map(Reference::from),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Reference::from),
                prop::collection::btree_map("[a/~\"é]{0,3}", inner, 0..5).prop_map(|map| Reference::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn it_reads_what_the_reference_writes(reference in any_json(), pretty: bool) {
            let text = if pretty { serde_json::to_string_pretty(&reference) } else { serde_json::to_string(&reference) };
            let ours = Json::parse(&text.expect("values can be written")).expect("values can be read");
            prop_assert!(same(&ours, &reference));
            hold_pointers(&ours, &ours, &reference);
        }

        #[test]
        fn it_refuses_what_the_reference_refuses(
            reference in any_json(),
            at: prop::sample::Index,
            cut in 0usize..3,
            put in r#"[ \[\]{}:,"\\u0-9a-fDd.eE+\-tnl]{0,3}"#,
        ) {
            let mut characters: Vec<char> = reference.to_string().chars().collect();
            let at = at.index(characters.len());
            characters.splice(at..(at + cut).min(characters.len()), put.chars());
            let text: String = characters.into_iter().collect();
            let ours = Json::parse(&text);
            match serde_json::from_str::<Reference>(&text) {
                Ok(reference) => prop_assert!(ours.is_ok_and(|ours| same(&ours, &reference)), "{text}"),
                // A number too large for the reference is none of ours to refuse: whoever reads it will.
                Err(error) => prop_assert!(ours.is_err() || error.to_string().contains("out of range"), "{text}"),
            }
        }
    }

    #[test]
    fn texts_are_unescaped() {
        for text in
            [r#""\"\\\/\b\f\n\r\t""#, r#""\u00e9\u20AC\ud83d\ude00é""#, r#""\ud800""#, r#""\ud800\u0041""#, r#""\udc00""#, r#""\x""#]
        {
            let reference = serde_json::from_str::<Reference>(text);
            assert_eq!(Json::parse(text).is_ok_and(|ours| same(&ours, reference.as_ref().unwrap_or(&Reference::Null))), reference.is_ok());
        }
    }

    #[test]
    fn what_is_no_json_is_told_where_it_ceases_to_be() {
        for (text, line, column, expected) in [
            ("", 1, 1, "expected a value, found the end of the document"),
            ("{\n  \"é\": 1,\n}", 3, 1, "expected a name in double quotes, found '}'"),
            ("{\"é\": {} \"b\"", 1, 10, "expected `,` or `}`, found '\"'"),
            ("{\"a\" 1}", 1, 6, "expected `:`, found '1'"),
            ("[1, ]", 1, 5, "expected a value, found ']'"),
            ("[01]", 1, 3, "expected `,` or `]`, found '1'"),
            ("[-]", 1, 3, "expected a digit, found ']'"),
            ("\"a\nb\"", 1, 3, "written as `\\n`, found '\\n'"),
            ("\"a", 1, 3, "the end of the text (`\"`), found the end"),
            ("{} {}", 1, 4, "expected the end, found '{'"),
            ("\u{feff}{}", 1, 1, "expected a value"),
        ] {
            let problem = Json::parse(text).expect_err(text);
            assert_eq!((problem.code, problem.line, problem.column), (Problem::MALFORMED, line, column), "{text}: {problem:?}");
            assert!(problem.detail.contains(expected), "{text}: {problem:?}");
        }
        assert!(Json::parse(&format!("{}{}", "[".repeat(64), "]".repeat(64))).is_ok());
        assert!(Json::parse(&"[".repeat(100_000)).expect_err("deep").detail.contains("64 lists"));
    }
}
