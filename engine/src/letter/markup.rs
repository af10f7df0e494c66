//! HTML as mails have it, read far enough to know where everything stands.
//!
//! Stricter than a browser, which makes something of anything: whatever could be read in two ways is refused, so that what is read
//! here is what every client reads. What Outlook sees alone (`<!--[if mso]>`) is read like all else, as letters are links and
//! values there too. Tests hold it against an HTML5 parser.

use super::Flaw;

/// A token of a document, with its place in it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Token<'s> {
    /// Text, with character references as written.
    Text(usize, &'s str),
    /// The beginning of an element.
    Open(Open<'s>),
    /// The end of an element: where it stands, and its name in lower case.
    Close(usize, String),
    /// What begins and ends what only Outlook sees.
    Outlook(bool),
    /// A comment, from where to where: nobody reads it.
    Comment(usize, usize),
    /// The inside of a style sheet.
    Style(usize, &'s str),
    /// A document type and its like.
    Other,
}

/// The beginning of an element.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Open<'s> {
    /// Where it begins.
    pub(super) at: usize,
    /// Where what follows begins.
    pub(super) end: usize,
    /// In lower case.
    pub(super) name: String,
    pub(super) attributes: Vec<Attribute<'s>>,
}

impl<'s> Open<'s> {
    /// The value of an attribute as written.
    pub(super) fn get(&self, name: &str) -> Option<&'s str> {
        self.attributes.iter().find(|attribute| attribute.name == name).map(|attribute| attribute.value)
    }
}

/// An attribute.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Attribute<'s> {
    /// Where it begins.
    pub(super) at: usize,
    /// In lower case.
    pub(super) name: String,
    /// Where its value begins, after the quote.
    pub(super) from: usize,
    /// As written; empty where there is none.
    pub(super) value: &'s str,
    /// Whether the value stands in quotes.
    pub(super) quoted: bool,
}

/// The tokens of `source`, or the first place where it cannot be read.
pub(super) fn tokens(source: &str) -> Result<Vec<Token<'_>>, Flaw> {
    let mut lexer = Lexer { source, at: 0, in_outlook: false };
    let mut tokens = Vec::new();
    while let Some(token) = lexer.next()? {
        let style = matches!(&token, Token::Open(open) if open.name == "style");
        tokens.push(token);
        if style {
            tokens.push(lexer.style()?);
        }
    }
    if lexer.in_outlook {
        return Err(Flaw::markup(Some(source.len()), "`<!--[if …]>` is not closed; add `<![endif]-->`"));
    }
    Ok(tokens)
}

struct Lexer<'s> {
    source: &'s str,
    at: usize,
    in_outlook: bool,
}

impl<'s> Lexer<'s> {
    fn rest(&self) -> &'s str {
        self.source.get(self.at..).unwrap_or_default()
    }

    /// Goes to the end of what ends with `end`, or tells that it does not.
    fn until(&mut self, end: &str, what: &str) -> Result<&'s str, Flaw> {
        let from = self.at;
        let length = self.rest().find(end).ok_or_else(|| Flaw::markup(Some(from), format!("{what} is not closed; add `{end}`")))?;
        self.at += length + end.len();
        Ok(self.source.get(from..from + length).unwrap_or_default())
    }

    fn next(&mut self) -> Result<Option<Token<'s>>, Flaw> {
        let (from, rest) = (self.at, self.rest());
        let text = rest.find('<').unwrap_or(rest.len());
        if text > 0 {
            self.at += text;
            return Ok(Some(Token::Text(from, rest.get(..text).unwrap_or_default())));
        }
        if rest.is_empty() {
            return Ok(None);
        }
        let after = rest.get(1..).and_then(|after| after.chars().next());
        match after {
            Some('!') => self.declaration().map(Some),
            Some('?') => self.until(">", "`<?`").map(|_| Some(Token::Other)),
            Some('/') => self.close().map(Some),
            Some(c) if c.is_ascii_alphabetic() => self.open().map(|open| Some(Token::Open(open))),
            _ => Err(Flaw::markup(Some(from), "`<` begins no tag here; write `&lt;`")),
        }
    }

    fn declaration(&mut self) -> Result<Token<'s>, Flaw> {
        let (from, rest) = (self.at, self.rest());
        if rest.starts_with("<![endif]-->") && self.in_outlook {
            self.at += "<![endif]-->".len();
            self.in_outlook = false;
            return Ok(Token::Outlook(false));
        }
        if !rest.starts_with("<!--") {
            return self.until(">", "`<!`").map(|_| Token::Other);
        }
        if self.in_outlook {
            return Err(Flaw::markup(Some(from), "a comment cannot stand within `<!--[if …]>`; remove it"));
        }
        let condition = rest.get(4..).unwrap_or_default();
        if condition.starts_with("[if") {
            let whole = self.until(">", "`<!--[if`")?;
            if self.rest().starts_with("<!-->") || self.rest().starts_with("<!-- -->") {
                self.until("-->", "`<!--`")?; // shown to all others
                return Ok(Token::Other);
            }
            let seen = self.rest().split("<![endif]-->").next().unwrap_or_default();
            if seen.contains("-->") || seen.contains("--!>") {
                return Err(Flaw::markup(Some(from), "`-->` within this would show the rest of it to everybody; remove it"));
            }
            if whole.ends_with(']') {
                self.in_outlook = true;
                return Ok(Token::Outlook(true));
            }
            return Err(Flaw::markup(Some(from), "this condition is not closed; write `<!--[if mso]>`"));
        }
        self.at += 4;
        let inner = self.until("-->", "`<!--`")?;
        if inner.starts_with('>') || inner.starts_with("->") || inner.contains("--!>") {
            return Err(Flaw::markup(Some(from), "clients do not agree where this comment ends; remove it"));
        }
        Ok(if inner.starts_with("<![endif]") { Token::Other } else { Token::Comment(from, self.at) })
    }

    fn close(&mut self) -> Result<Token<'s>, Flaw> {
        let from = self.at;
        self.at += 2;
        let name = self.until(">", "this tag").map_err(|flaw| Flaw { at: Some(from), ..flaw })?.trim_end();
        if !is_tag(name) {
            return Err(Flaw::markup(Some(from), "this is no closing tag; write `</name>`"));
        }
        Ok(Token::Close(from, name.to_ascii_lowercase()))
    }

    fn open(&mut self) -> Result<Open<'s>, Flaw> {
        let at = self.at;
        self.at += 1;
        let name = self.word(|c| !c.is_ascii_whitespace() && !matches!(c, '>' | '/'));
        if !is_tag(name) {
            return Err(Flaw::markup(Some(at), "this is no name of an element"));
        }
        let mut attributes = Vec::new();
        loop {
            self.word(|c| c.is_ascii_whitespace() || c == '/');
            if self.rest().starts_with('>') {
                self.at += 1;
                return Ok(Open { at, end: self.at, name: name.to_ascii_lowercase(), attributes });
            }
            if self.rest().is_empty() {
                return Err(Flaw::markup(Some(at), "this tag is not closed; add `>`"));
            }
            let attribute = self.attribute()?;
            if attributes.iter().any(|a: &Attribute<'_>| a.name == attribute.name) {
                return Err(Flaw::markup(Some(attribute.at), format!("`{}` is here twice, and one of them would be lost", attribute.name)));
            }
            attributes.push(attribute);
        }
    }

    fn attribute(&mut self) -> Result<Attribute<'s>, Flaw> {
        let at = self.at;
        let name = self.word(|c| !c.is_ascii_whitespace() && !matches!(c, '>' | '/' | '=' | '"' | '\'' | '<'));
        let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':' | '.' | '@'));
        if !is_name {
            return Err(Flaw::markup(Some(at), "this is no attribute; check the quotes before it"));
        }
        let name = name.to_ascii_lowercase();
        self.word(|c| c.is_ascii_whitespace());
        if !self.rest().starts_with('=') {
            return Ok(Attribute { at, name, from: self.at, value: "", quoted: false });
        }
        self.at += 1;
        self.word(|c| c.is_ascii_whitespace());
        let quote = self.rest().chars().next().filter(|c| matches!(c, '"' | '\''));
        if let Some(quote) = quote {
            self.at += 1;
            let from = self.at;
            let mut end = [0; 4];
            let value = self.until(quote.encode_utf8(&mut end), "this value").map_err(|flaw| Flaw { at: Some(at), ..flaw })?;
            return Ok(Attribute { at, name, from, value, quoted: true });
        }
        let from = self.at;
        let value = self.word(|c| !c.is_ascii_whitespace() && c != '>');
        if value.is_empty() || value.contains(['"', '\'', '<', '=', '`']) {
            return Err(Flaw::markup(Some(at), format!("put the value of `{name}` into quotes")));
        }
        Ok(Attribute { at, name, from, value, quoted: false })
    }

    /// Goes over what is `like` this.
    fn word(&mut self, like: impl Fn(char) -> bool) -> &'s str {
        let rest = self.rest();
        let (word, _) = rest.split_at_checked(rest.find(|c| !like(c)).unwrap_or(rest.len())).unwrap_or_default();
        self.at += word.len();
        word
    }

    /// The inside of a style sheet, up to its closing tag.
    fn style(&mut self) -> Result<Token<'s>, Flaw> {
        let (from, rest) = (self.at, self.rest());
        let length = rest.to_ascii_lowercase().find("</style");
        let length = length.ok_or_else(|| Flaw::markup(Some(from), "<style> is not closed; add `</style>`"))?;
        self.at += length;
        Ok(Token::Style(from, rest.get(..length).unwrap_or_default()))
    }
}

fn is_tag(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | ':'))
}
