//! The part without markup, from the HTML: paragraphs, lists, and addresses where there were links.

use super::clean::unescaped;
use super::draft::Resolve;
use super::markup::{Open, Token};
use super::{Bit, Piece, Slot, UrlPart, bits};

/// Elements without an end.
const VOID: [&str; 12] = ["area", "br", "col", "hr", "img", "input", "link", "meta", "source", "track", "wbr", "v:fill"];
/// Elements that begin and end a paragraph.
const PARAGRAPHS: [&str; 14] = ["p", "h1", "h2", "h3", "h4", "h5", "h6", "div", "ul", "ol", "table", "blockquote", "pre", "section"];
/// Elements that begin and end a line.
const LINES: [&str; 7] = ["tr", "li", "dt", "dd", "article", "header", "footer"];

/// What a reader without HTML reads. What is wrong with placeholders has been told of the HTML.
pub(super) fn derived(tokens: &[Token<'_>], resolve: &mut Resolve<'_>) -> Vec<Piece> {
    let mut text = Text::default();
    for token in tokens {
        text.token(token, resolve);
    }
    text.finish()
}

#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a state of its own: of white space, of the row, of Outlook")]
struct Text {
    pieces: Vec<Piece>,
    /// How many line breaks come before what comes next.
    breaks: usize,
    /// Whether a space does.
    space: bool,
    /// Whether another cell of a row begins.
    cell: bool,
    /// Whether something stands on the line.
    on_line: bool,
    /// The element whose inside nobody sees, and how deep it is in itself.
    hidden: Option<(String, usize)>,
    outlook: bool,
    link: Option<Link>,
}

/// A link that is open.
struct Link {
    parts: Vec<UrlPart>,
    /// Whether it began on a new line.
    alone: bool,
    /// Where its text begins.
    from: usize,
    written: String,
}

impl Text {
    fn token(&mut self, token: &Token<'_>, resolve: &mut Resolve<'_>) {
        match token {
            Token::Outlook(begins) => self.outlook = *begins,
            _ if self.outlook => {}
            Token::Open(open) => self.open(open, resolve),
            Token::Close(_, name) => self.close(name),
            Token::Text(_, text) if self.hidden.is_none() => self.text(text, resolve),
            Token::Text(..) | Token::Comment(..) | Token::Style(..) | Token::Other => {}
        }
    }

    fn open(&mut self, open: &Open<'_>, resolve: &mut Resolve<'_>) {
        let name = open.name.as_str();
        if let Some((hidden, depth)) = &mut self.hidden {
            *depth += usize::from(hidden == name);
            return;
        }
        if is_hidden(open) && !VOID.contains(&name) {
            self.hidden = Some((name.to_owned(), 0));
            return;
        }
        self.around(name);
        match name {
            "br" => self.breaks = (self.breaks + 1).min(2),
            "hr" => self.breaks = 2,
            "li" => self.words("- "),
            "td" | "th" => self.cell = self.on_line,
            "img" => self.text(open.get("alt").unwrap_or_default(), resolve),
            "a" => {
                let parts = parts(open.get("href").unwrap_or_default(), resolve);
                let alone = !self.on_line || self.breaks > 0;
                self.link = Some(Link { parts, alone, from: self.pieces.len(), written: String::new() });
            }
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        if let Some((hidden, depth)) = &mut self.hidden {
            match depth.checked_sub(1) {
                _ if hidden != name => {}
                Some(less) => *depth = less,
                None => self.hidden = None,
            }
            return;
        }
        self.around(name);
        if name == "a"
            && let Some(link) = self.link.take()
        {
            self.address(link);
        }
    }

    fn around(&mut self, name: &str) {
        let breaks = if PARAGRAPHS.contains(&name) { 2 } else { usize::from(LINES.contains(&name)) };
        self.breaks = self.breaks.max(breaks);
    }

    /// Writes where a link leads, unless it is what the link says.
    fn address(&mut self, Link { parts, alone, from, written }: Link) {
        let says = self.pieces.len() > from || !written.is_empty();
        let leads = parts.iter().map(|part| if let UrlPart::Text(text) = part { text.as_str() } else { "\0" }).collect::<String>();
        if !says || leads.is_empty() || leads == written.trim() || leads.strip_prefix("mailto:") == Some(written.trim()) {
            return;
        }
        let (before, after) = if alone { ("\n", "") } else { (" (", ")") };
        self.raw(before);
        self.pieces.push(Piece::Url { parts, follow: true });
        self.raw(after);
        self.breaks = self.breaks.max(if alone { 2 } else { 0 });
    }

    fn text(&mut self, source: &str, resolve: &mut Resolve<'_>) {
        for bit in bits(source).0 {
            match bit {
                Bit::Text(text) => self.words(&unescaped(text)),
                Bit::Placeholder { path, fallback, .. } => match resolve(path, fallback) {
                    Ok(Slot::Block(block)) => {
                        self.breaks = 2;
                        self.piece(Piece::Block(block));
                        self.breaks = 2;
                    }
                    Ok(slot) => self.piece(slot.into_piece()),
                    Err(_) => {}
                },
            }
        }
    }

    /// Text whose white space is what stands between words.
    fn words(&mut self, text: &str) {
        let text: String = text.chars().filter(|c| !matches!(c, '\u{ad}' | '\u{34f}' | '\u{200b}' | '\u{200c}' | '\u{feff}')).collect();
        self.space |= text.starts_with(|c: char| c.is_whitespace());
        for word in text.split_whitespace() {
            self.before();
            self.raw(word);
            self.space = true;
        }
        self.space = text.ends_with(|c: char| c.is_whitespace()) || (self.space && text.trim().is_empty());
    }

    fn piece(&mut self, piece: Piece) {
        self.before();
        self.pieces.push(piece);
        self.space = false;
    }

    /// Writes the white space that is due.
    fn before(&mut self) {
        let due = match self.breaks {
            _ if self.pieces.is_empty() => "",
            0 if self.cell => " · ",
            0 if self.space && self.on_line => " ",
            0 => "",
            1 => "\n",
            _ => "\n\n",
        };
        self.append(due);
        (self.breaks, self.space, self.cell, self.on_line) = (0, false, false, true);
    }

    fn raw(&mut self, text: &str) {
        if let Some(link) = &mut self.link {
            link.written.push_str(text);
        }
        self.append(text);
    }

    fn append(&mut self, text: &str) {
        match self.pieces.last_mut() {
            _ if text.is_empty() => {}
            Some(Piece::Text(last)) => last.push_str(text),
            _ => self.pieces.push(Piece::Text(text.to_owned())),
        }
    }

    fn finish(self) -> Vec<Piece> {
        self.pieces
    }
}

/// Whether nobody sees what is in it.
fn is_hidden(open: &Open<'_>) -> bool {
    let style: String = open.get("style").unwrap_or_default().chars().filter(|c| !c.is_whitespace()).collect();
    matches!(open.name.as_str(), "head" | "style" | "title")
        || style.contains("display:none")
        || style.contains("mso-hide:all")
        || open.get("hidden").is_some()
        || open.get("aria-hidden") == Some("true")
}

fn parts(href: &str, resolve: &mut Resolve<'_>) -> Vec<UrlPart> {
    let part = |bit| match bit {
        Bit::Text(text) => Some(UrlPart::Text(unescaped(text).trim().to_owned())),
        Bit::Placeholder { path, fallback, .. } => match resolve(path, fallback) {
            Ok(Slot::Value(filling)) => Some(UrlPart::Value(filling)),
            Ok(Slot::Link(part)) => Some(part),
            Ok(Slot::Block(_)) | Err(_) => None,
        },
    };
    bits(href).0.into_iter().filter_map(part).collect()
}
