//! From what is written of a letter to its pieces: every value with the escaping of the place it stands in.

use super::clean::unescaped;
use super::derive::derived;
use super::markup::{Attribute, Open, Token, tokens};
use super::{Bit, Block, Flaw, LetterTemplate, MAX_HTML, Piece, Slot, Source, UrlPart, bits};

/// Elements that no letter has: they run something, ask for something, or load another document.
const FORBIDDEN: [&str; 15] = [
    "script",
    "iframe",
    "frame",
    "frameset",
    "object",
    "embed",
    "applet",
    "form",
    "base",
    "noembed",
    "noframes",
    "plaintext",
    "textarea",
    "xmp",
    "template",
];
/// Attributes that hold an address and are of no use in a letter.
const FORBIDDEN_ADDRESSES: [&str; 6] = ["action", "formaction", "ping", "data", "xlink:href", "srcdoc"];

/// What the names in placeholders stand for: asked with a path and a fallback.
pub(crate) type Resolve<'r> = dyn FnMut(&str, Option<&str>) -> Result<Slot, (&'static str, String)> + 'r;

/// A letter as written, its MJML made HTML.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Written<'a> {
    /// The subject.
    pub(crate) subject: &'a str,
    /// What an inbox shows behind it.
    pub(crate) preheader: &'a str,
    /// The line it contributes to another letter; empty: the subject.
    pub(crate) summary: &'a str,
    /// HTML.
    pub(crate) html: &'a str,
    /// The part without markup; `None`: derived from the HTML.
    pub(crate) text: Option<&'a str>,
}

/// The pieces of each part, or what is wrong with it.
#[derive(Debug)]
pub(crate) struct Draft {
    /// What became of it: whole, if there are no flaws.
    pub(crate) template: LetterTemplate,
    /// What is wrong, by the part's name.
    pub(crate) flaws: Vec<(&'static str, Flaw)>,
}

impl Draft {
    /// Compiles a letter.
    pub(crate) fn of(id: &str, written: &Written<'_>, resolve: &mut Resolve<'_>) -> Self {
        let mut flaws = Vec::new();
        let mut note = |part: &'static str, (pieces, found): (Vec<Piece>, Vec<Flaw>)| {
            flaws.extend(found.into_iter().map(|flaw| (part, flaw)));
            pieces
        };
        let subject = note("subject", line(written.subject, resolve));
        let preheader = note("preheader", line(written.preheader, resolve));
        let summary = note("summary", line(written.summary, resolve));
        // A placeholder that is not closed would be told as markup that makes no sense.
        let (_, open) = bits(written.html);
        let read = if open.is_empty() { tokens(written.html).map_err(|flaw| vec![flaw]) } else { Err(open) };
        let (body, mut derived) = match read {
            Ok(tokens) => (note("html", html(written.html, &tokens, resolve)), derived(&tokens, resolve)),
            Err(flaws) => (note("html", (Vec::new(), flaws)), Vec::new()),
        };
        if let Some(text) = written.text {
            derived = note("text", plain(text, resolve));
        }
        let text = completed(derived);
        let template = LetterTemplate { id: id.to_owned(), subject, preheader, summary, html: body, text };
        Self { template, flaws }
    }
}

/// A line: text and values, nothing else.
fn line(source: &str, resolve: &mut Resolve<'_>) -> (Vec<Piece>, Vec<Flaw>) {
    let mut draft = Pieces::default();
    let (found, flaws) = bits(source);
    draft.flaws = flaws;
    for bit in found {
        match bit {
            Bit::Text(text) => draft.text(&text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>()),
            Bit::Placeholder { at, source, path, fallback } => match resolve(path, fallback) {
                Ok(Slot::Value(filling)) => draft.pieces.push(Piece::Value(filling)),
                Ok(Slot::Link(_) | Slot::Block(_)) => draft.misplaced(at, source, "a line has text and values; move it to the body"),
                Err((code, detail)) => draft.tell(code, at, detail),
            },
        }
    }
    (draft.pieces, draft.flaws)
}

/// Text without markup.
fn plain(source: &str, resolve: &mut Resolve<'_>) -> (Vec<Piece>, Vec<Flaw>) {
    let mut draft = Pieces::default();
    let (found, flaws) = bits(source);
    draft.flaws = flaws;
    for bit in found {
        match bit {
            Bit::Text(text) => draft.text(&text.chars().filter(|c| !c.is_control() || *c == '\n').collect::<String>()),
            Bit::Placeholder { at, path, fallback, .. } => match resolve(path, fallback) {
                Ok(slot) => draft.pieces.push(slot.into_piece()),
                Err((code, detail)) => draft.tell(code, at, detail),
            },
        }
    }
    (draft.pieces, draft.flaws)
}

impl Slot {
    /// As it stands among text.
    pub(super) fn into_piece(self) -> Piece {
        match self {
            Slot::Value(filling) => Piece::Value(filling),
            Slot::Link(part) => Piece::Url { parts: vec![part], follow: true },
            Slot::Block(block) => Piece::Block(block),
        }
    }
}

/// With merged letters and the footer at its end, where they are not placed.
fn completed(mut pieces: Vec<Piece>) -> Vec<Piece> {
    for block in [Block::Also(String::new()), Block::Footer] {
        if !is_placed(&pieces, &block) {
            pieces.extend([Piece::Text("\n\n".to_owned()), Piece::Block(block)]);
        }
    }
    pieces
}

/// Whether the block is there. A footer is there as well where its address and the way out are.
fn is_placed(pieces: &[Piece], block: &Block) -> bool {
    let any = |is: &dyn Fn(&Piece) -> bool| pieces.iter().any(is);
    match block {
        Block::Also(_) => any(&|piece| matches!(piece, Piece::Block(Block::Also(_)))),
        Block::Footer => {
            let address = any(&|piece| matches!(piece, Piece::Value(filling) if filling.source == Source::PostalAddress));
            let way_out = any(&|piece| matches!(piece, Piece::Url { parts, .. } if parts.contains(&UrlPart::Unsubscribe)));
            any(&|piece| *piece == Piece::Block(Block::Footer)) || (address && way_out)
        }
        other => any(&|piece| matches!(piece, Piece::Block(block) if block == other)),
    }
}

/// The pieces of HTML.
fn html(source: &str, tokens: &[Token<'_>], resolve: &mut Resolve<'_>) -> (Vec<Piece>, Vec<Flaw>) {
    let mut draft = Html { source, copied: 0, in_head: false, has_preheader: false, ended: false, draft: Pieces::default() };
    for token in tokens {
        draft.token(token, resolve);
    }
    if !draft.ended {
        draft.copy(source.len());
        draft.end();
    }
    draft.copy(source.len());
    let Html { draft, has_preheader, .. } = draft;
    let Pieces { mut pieces, mut flaws } = draft;
    if !has_preheader {
        pieces.insert(0, Piece::Block(Block::Preheader));
    }
    let fixed: usize = pieces.iter().map(|piece| if let Piece::Text(text) = piece { text.len() } else { 0 }).sum();
    if fixed > MAX_HTML {
        let detail = format!("{fixed} bytes of HTML; Gmail cuts off what is longer than {MAX_HTML}, and with it the footer");
        flaws.push(Flaw { code: "too_long", at: None, detail });
    }
    (pieces, flaws)
}

/// Pieces, and what was wrong on the way.
#[derive(Default)]
struct Pieces {
    pieces: Vec<Piece>,
    flaws: Vec<Flaw>,
}

impl Pieces {
    fn text(&mut self, text: &str) {
        match self.pieces.last_mut() {
            Some(Piece::Text(last)) => last.push_str(text),
            _ if text.is_empty() => {}
            _ => self.pieces.push(Piece::Text(text.to_owned())),
        }
    }

    fn tell(&mut self, code: &'static str, at: usize, detail: impl Into<String>) {
        self.flaws.push(Flaw { code, at: Some(at), detail: detail.into() });
    }

    fn misplaced(&mut self, at: usize, source: &str, why: &str) {
        self.tell("misplaced", at, format!("`{source}` cannot stand here: {why}"));
    }
}

struct Html<'s> {
    source: &'s str,
    /// Up to where the source has become pieces.
    copied: usize,
    in_head: bool,
    has_preheader: bool,
    ended: bool,
    draft: Pieces,
}

impl Html<'_> {
    /// Takes the source up to there as it stands.
    fn copy(&mut self, to: usize) {
        self.draft.text(self.source.get(self.copied..to).unwrap_or_default());
        self.copied = self.copied.max(to);
    }

    fn token(&mut self, token: &Token<'_>, resolve: &mut Resolve<'_>) {
        match token {
            Token::Text(at, text) => self.text(*at, text, resolve),
            Token::Open(open) => self.open(open, resolve),
            Token::Close(at, name) => self.close(*at, name),
            Token::Comment(from, to) => {
                self.copy(*from);
                self.copied = *to;
            }
            Token::Style(at, text) => {
                if let Some(offset) = text.find("{{") {
                    self.draft.misplaced(at + offset, "{{", "a style sheet is the same for all recipients");
                }
            }
            Token::Outlook(_) | Token::Other => {}
        }
    }

    fn text(&mut self, from: usize, text: &str, resolve: &mut Resolve<'_>) {
        let (found, flaws) = bits(text);
        self.draft.flaws.extend(flaws.into_iter().map(|flaw| Flaw { at: flaw.at.map(|at| at + from), ..flaw }));
        for bit in found {
            let Bit::Placeholder { at, source, path, fallback } = bit else { continue };
            let at = from + at;
            self.copy(at);
            self.copied = at + source.len();
            match resolve(path, fallback) {
                Ok(Slot::Value(filling)) => self.draft.pieces.push(Piece::Value(filling)),
                Ok(Slot::Link(_)) => {
                    self.draft.misplaced(at, source, &format!("an address leads nowhere as text; write <a href=\"{source}\">"));
                }
                Ok(Slot::Block(_)) if self.in_head => self.draft.misplaced(at, source, "nobody sees the head; move it to the body"),
                Ok(Slot::Block(block)) => self.draft.pieces.push(Piece::Block(block)),
                Err((code, detail)) => self.draft.tell(code, at, detail),
            }
        }
    }

    fn close(&mut self, at: usize, name: &str) {
        match name {
            "head" => self.in_head = false,
            "body" | "html" if !self.ended => {
                self.copy(at);
                self.end();
            }
            _ => {}
        }
    }

    /// What stands at the end of the body.
    fn end(&mut self) {
        self.ended = true;
        let pieces = &mut self.draft.pieces;
        if !is_placed(pieces, &Block::Also(String::new())) {
            self.draft.text(super::blocks::ALSO_OPEN);
            self.draft.pieces.push(Piece::Block(Block::Also(String::new())));
            self.draft.text("</div>");
        }
        if !is_placed(&self.draft.pieces, &Block::Footer) {
            self.draft.pieces.push(Piece::Block(Block::Footer));
        }
        self.draft.pieces.push(Piece::Block(Block::Pixel));
    }

    fn open(&mut self, open: &Open<'_>, resolve: &mut Resolve<'_>) {
        let name = open.name.as_str();
        let refreshes = name == "meta" && open.get("http-equiv").is_some_and(|value| value.eq_ignore_ascii_case("refresh"));
        if FORBIDDEN.contains(&name) || refreshes {
            self.draft.tell(
                "forbidden_markup",
                open.at,
                format!("<{name}> cannot be in a letter; mail clients remove it or refuse the mail"),
            );
        }
        for attribute in &open.attributes {
            self.attribute(open, attribute, resolve);
        }
        if name == "head" {
            self.in_head = true;
        }
        if name == "body" {
            self.copy(open.end);
            self.draft.pieces.push(Piece::Block(Block::Preheader));
            self.has_preheader = true;
        }
    }

    fn attribute(&mut self, open: &Open<'_>, attribute: &Attribute<'_>, resolve: &mut Resolve<'_>) {
        let Attribute { at, name, from, value, quoted } = attribute;
        let is_address = matches!(name.as_str(), "href" | "src" | "background");
        if name.starts_with("on") || FORBIDDEN_ADDRESSES.contains(&name.as_str()) {
            self.draft.tell("forbidden_markup", *at, format!("`{name}` cannot be in a letter: nothing runs in one"));
        } else if is_address && open.name == "link" {
            if !value.starts_with("https://") {
                self.draft.tell("bad_link", *from, "a style sheet or font is loaded from https://, the same for all recipients");
            }
        } else if is_address && !(name == "background" && value.is_empty()) {
            let follow = name == "href";
            if let Some(parts) = address(value, *from, &mut self.draft, resolve) {
                self.copy(*from);
                self.copied = from + value.len();
                if !quoted {
                    self.draft.text("\"");
                }
                self.draft.pieces.push(Piece::Url { parts, follow });
                if !quoted {
                    self.draft.text("\"");
                }
            }
        } else if value.contains("{{") {
            self.value(attribute, resolve);
        }
    }

    fn value(&mut self, attribute: &Attribute<'_>, resolve: &mut Resolve<'_>) {
        let Attribute { name, from, value, quoted, .. } = attribute;
        let (found, flaws) = bits(value);
        self.draft.flaws.extend(flaws.into_iter().map(|flaw| Flaw { at: flaw.at.map(|at| at + from), ..flaw }));
        for bit in found {
            let Bit::Placeholder { at, source, path, fallback } = bit else { continue };
            let at = from + at;
            let says = matches!(name.as_str(), "alt" | "title" | "aria-label" | "summary");
            match resolve(path, fallback) {
                Err((code, detail)) => self.draft.tell(code, at, detail),
                Ok(Slot::Value(filling)) if *quoted && says => {
                    self.copy(at);
                    self.copied = at + source.len();
                    self.draft.pieces.push(Piece::Attribute(filling));
                }
                Ok(_) if says => self.draft.misplaced(at, source, "put the attribute's value into quotes, and values only"),
                Ok(_) => self.draft.misplaced(at, source, "of attributes, `href`, `src`, `alt` and `title` can have values in them"),
            }
        }
    }
}

/// The parts of an address, which leads somewhere that mail clients follow.
fn address(value: &str, from: usize, draft: &mut Pieces, resolve: &mut Resolve<'_>) -> Option<Vec<UrlPart>> {
    let before = draft.flaws.len();
    let (found, flaws) = bits(value);
    draft.flaws.extend(flaws.into_iter().map(|flaw| Flaw { at: flaw.at.map(|at| at + from), ..flaw }));
    let mut parts: Vec<UrlPart> = Vec::new();
    for bit in &found {
        match bit {
            Bit::Text(text) => {
                let text = unescaped(text);
                let text = if parts.is_empty() { text.trim_start() } else { &text };
                if parts.is_empty() && !text.is_empty() && !has_scheme(text) {
                    draft.tell("bad_link", from, "an address begins with https://, http:// or mailto:, or is {{links.<name>}}");
                }
                parts.push(UrlPart::Text(text.chars().filter(|c| !c.is_control()).map(|c| if c == ' ' { '+' } else { c }).collect()));
            }
            Bit::Placeholder { at, source, path, fallback } => match resolve(path, *fallback) {
                Ok(Slot::Value(filling)) => {
                    if parts.iter().all(|part| matches!(part, UrlPart::Text(text) if text.is_empty())) {
                        draft.misplaced(
                            from + at,
                            source,
                            "a value cannot say where an address leads; begin with https:// or {{links.<name>}}",
                        );
                    }
                    parts.push(UrlPart::Value(filling));
                }
                Ok(Slot::Link(part)) => {
                    let alone = matches!(part, UrlPart::Unsubscribe | UrlPart::UnsubscribeAll) && found.len() > 1;
                    if !parts.is_empty() || alone {
                        draft.misplaced(from + at, source, "it is a whole address");
                    }
                    parts.push(part);
                }
                Ok(Slot::Block(_)) => draft.misplaced(from + at, source, "it is no address"),
                Err((code, detail)) => draft.tell(code, from + at, detail),
            },
        }
    }
    if found.is_empty() {
        draft.tell("bad_link", from, "this leads nowhere; write an address, or {{links.<name>}}");
    }
    if ends_host_with_value(&parts) {
        draft.tell("bad_link", from, "a value cannot be the end of a host's name: anybody's host could be meant");
    }
    (draft.flaws.len() == before).then_some(parts)
}

fn has_scheme(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    host.map_or_else(|| text.starts_with("mailto:"), |host| !host.starts_with(['/', '\\']))
}

/// Whether the last label of the host is a value, or a part of it is: `https://{{tenant.id}}/` rather than
/// `https://{{tenant.id}}.app.example/`.
fn ends_host_with_value(parts: &[UrlPart]) -> bool {
    let mut in_host = false;
    let mut last_is_value = false;
    for (i, part) in parts.iter().enumerate() {
        match part {
            UrlPart::Text(text) => {
                let rest = if i == 0 { text.split_once("://").map(|(_, host)| host) } else { Some(text.as_str()) };
                let Some(rest) = rest else { return false };
                in_host |= i == 0;
                if !in_host {
                    return false;
                }
                if last_is_value && !rest.starts_with('.') {
                    return true;
                }
                if rest.contains(['/', '?', '#']) {
                    return false;
                }
                last_is_value = false;
            }
            UrlPart::Value(_) if i == 0 => return false, // refused as such
            UrlPart::Value(_) => last_is_value = true,
            UrlPart::Unsubscribe | UrlPart::UnsubscribeAll => return false,
        }
    }
    last_is_value
}
