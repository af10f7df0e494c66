//! Values as text: what they may bring into a letter, and how they are written where.

use std::fmt::Write;

/// The longest value, in characters: a name of ten thousand is cut and does not fill the page.
const MAX_VALUE: usize = 200;

/// A value as it may be read: on one line, bounded, and without what turns the direction of the text around it.
pub(super) fn clean(value: &str) -> String {
    let mut text = String::new();
    for (i, c) in value.chars().filter(|c| !is_invisible(*c)).enumerate() {
        if i == MAX_VALUE {
            text.push('…');
            break;
        }
        text.push(if c.is_whitespace() || c.is_control() { ' ' } else { c });
    }
    text
}

/// Controls that have no width and change what stands around them: of direction, or none of text at all. Joiners stay: emoji and
/// many scripts are written with them.
fn is_invisible(c: char) -> bool {
    let is_space = matches!(c, '\t' | '\n' | '\r');
    (c.is_control() && !is_space)
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Whether some of it is written from right to left.
pub(super) fn is_rtl(text: &str) -> bool {
    text.chars().any(|c| {
        matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}' | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
    })
}

/// A value in a text without markup: one that is written from right to left is kept apart from what stands around it (UAX 9).
pub(super) fn plain(value: &str) -> String {
    if is_rtl(value) { format!("\u{2068}{value}\u{2069}") } else { value.to_owned() }
}

/// A value in HTML or within the quotes of an attribute.
pub fn escaped(value: &str) -> String {
    let mut text = String::new();
    for c in value.chars() {
        match c {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '"' => text.push_str("&quot;"),
            '\'' => text.push_str("&#39;"),
            c => text.push(c),
        }
    }
    text
}

/// A value within an address: everything but letters, digits and `-._~` percent-encoded (RFC 3986, 2.3).
pub(super) fn percent_encoded(value: &str) -> String {
    let mut text = String::new();
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            text.push(char::from(byte));
        } else {
            let _infallible = write!(text, "%{byte:02X}");
        }
    }
    text
}

/// A whole number, with its thousands set apart by spaces as SI does: that reads well in every language.
pub(super) fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = if number < 0 { "-".to_owned() } else { String::new() };
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push('\u{a0}');
        }
        text.push(digit);
    }
    text
}

/// What stands in HTML for characters, as text. References that are not known stay as they are.
pub(super) fn unescaped(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        plain.push_str(before);
        let reference =
            after.split_once(';').filter(|(name, _)| name.len() <= 10).and_then(|(name, after)| Some((character(name)?, after)));
        let (c, after) = reference.unwrap_or(('&', after));
        plain.push(c);
        rest = after;
    }
    plain.push_str(rest);
    plain
}

fn character(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(digits) => u32::from_str_radix(digits, 16),
            None => number.parse(),
        };
        return char::from_u32(code.ok()?);
    }
    let known = [
        ("amp", '&'),
        ("lt", '<'),
        ("gt", '>'),
        ("quot", '"'),
        ("apos", '\''),
        ("nbsp", '\u{a0}'),
        ("shy", '\u{ad}'),
        ("zwnj", '\u{200c}'),
        ("zwj", '\u{200d}'),
        ("copy", '©'),
        ("reg", '®'),
        ("trade", '™'),
        ("hellip", '…'),
        ("ndash", '–'),
        ("mdash", '—'),
        ("lsquo", '‘'),
        ("rsquo", '’'),
        ("sbquo", '‚'),
        ("ldquo", '“'),
        ("rdquo", '”'),
        ("bdquo", '„'),
        ("laquo", '«'),
        ("raquo", '»'),
        ("bull", '•'),
        ("middot", '·'),
        ("times", '×'),
        ("euro", '€'),
        ("pound", '£'),
        ("larr", '←'),
        ("rarr", '→'),
    ];
    known.iter().find(|(known, _)| *known == name).map(|(_, c)| *c)
}
