//! String literals, by CEL's lexis: `'a'`, `"a"`, `'''a'''`, `"""a"""`, and raw with `r` before any of them.

use super::check::ExprProblem;

/// Reads the string literal that `rest` begins with: its text and its length in the source. `None` when `rest` begins with
/// something else. Places in problems count from the beginning of `rest`.
pub(super) fn string(rest: &str) -> Option<Result<(String, usize), ExprProblem>> {
    let (prefix, quoted) = rest.split_at_checked(rest.bytes().take_while(u8::is_ascii_alphabetic).count())?;
    let quote = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quote| quoted.starts_with(quote))?;
    let is_raw = match prefix.to_ascii_lowercase().as_str() {
        "" => false,
        "r" => true,
        "b" | "br" => {
            let problem = "bytes are outside this subset of CEL; write a string, without the `b`";
            return Some(Err(ExprProblem::new(0, "unsupported", problem.to_owned())));
        }
        _ => return None,
    };
    let begin = prefix.len() + quote.len();
    let read = body(rest.get(begin..).unwrap_or(""), quote, is_raw);
    Some(read.map(|(text, len)| (text, begin + len)).map_err(|fault| match fault {
        Fault::Open => ExprProblem::new(0, "syntax", format!("this string is not closed; add a {quote}")),
        Fault::Escape(at, message) => ExprProblem::new(begin + at, "syntax", message),
    }))
}

enum Fault {
    Open,
    /// Where in the body, and what.
    Escape(usize, String),
}

/// The text up to the closing `quote`, and the length with it.
fn body(source: &str, quote: &str, is_raw: bool) -> Result<(String, usize), Fault> {
    let mut text = String::new();
    let mut at = 0;
    loop {
        let rest = source.get(at..).unwrap_or("");
        if rest.starts_with(quote) {
            return Ok((text, at + quote.len()));
        }
        match rest.chars().next() {
            None => return Err(Fault::Open),
            Some('\n' | '\r') if quote.len() == 1 => return Err(Fault::Open),
            Some('\\') if !is_raw => {
                let (c, len) = escape(rest.get(1..).unwrap_or("")).map_err(|message| Fault::Escape(at, message))?;
                text.push(c);
                at += 1 + len;
            }
            Some(c) => {
                text.push(c);
                at += c.len_utf8();
            }
        }
    }
}

/// The character that the escape in `rest` (what follows the `\`) stands for, and the length of the escape.
fn escape(rest: &str) -> Result<(char, usize), String> {
    let Some(first) = rest.chars().next() else { return Err("`\\` needs a character after it".to_owned()) };
    let simple = match first {
        '\\' | '"' | '\'' | '`' | '?' => first,
        'a' => '\u{7}',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{b}',
        'x' | 'X' => return code_point(rest, 1, 2, 16),
        'u' => return code_point(rest, 1, 4, 16),
        'U' => return code_point(rest, 1, 8, 16),
        '0'..='3' => return code_point(rest, 0, 3, 8),
        _ => return Err(format!("unknown escape `\\{first}`; for a backslash write `\\\\`, or r'..' for a text without escapes")),
    };
    Ok((simple, 1))
}

/// The character whose number stands in `digits` digits of `rest`, after `skip` bytes.
fn code_point(rest: &str, skip: usize, digits: usize, radix: u32) -> Result<(char, usize), String> {
    let len = skip + digits;
    let number = rest.get(skip..len).filter(|text| text.chars().all(|c| c.is_digit(radix)));
    let Some(number) = number.and_then(|text| u32::from_str_radix(text, radix).ok()) else {
        let kind = if radix == 8 { "octal" } else { "hexadecimal" };
        let shown: String = rest.chars().take(skip).collect();
        return Err(format!("the escape `\\{shown}` needs {digits} {kind} digits"));
    };
    let written = rest.get(..len).unwrap_or("");
    char::from_u32(number).map(|c| (c, len)).ok_or_else(|| format!("`\\{written}` is no Unicode character"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_read_as_cel_reads_them() {
        for (source, expected) in [
            ("''", ""),
            (r#""""#, ""),
            ("''''''", ""),
            (r#"r"""""""#, ""),
            ("'a\"b'", "a\"b"),
            (r"'\'\\\`\?'", "'\\`?"),
            (r"'\a\b\f\n\r\t\v'", "\u{7}\u{8}\u{c}\n\r\t\u{b}"),
            (r"'\x4a\X4B \u01aB \U0001F62C \101\000'", "JK \u{1ab} \u{1f62c} A\0"),
            ("'''it's\nfine'''", "it's\nfine"),
            ("\"\"\"\"two\" \\\"\"\"\"", "\"two\" \""),
            (r"r'\n\'", r"\n\"),
            (r#"R"""\d"x""""#, r#"\d"x"#),
            ("'\u{1}\u{7f}\t'", "\u{1}\u{7f}\t"),
        ] {
            let rest = format!("{source} == 1");
            assert_eq!(string(&rest), Some(Ok((expected.to_owned(), source.len()))), "{source}");
        }
    }

    #[test]
    fn strings_that_are_wrong_tell_where_and_why() {
        for (source, at, code, part) in [
            ("'abc", 0, "syntax", "not closed; add a '"),
            ("'ab\nc'", 0, "syntax", "not closed"),
            ("'ab\rc'", 0, "syntax", "not closed"),
            ("'''ab'", 0, "syntax", "add a '''"),
            (r"'ab\", 3, "syntax", "needs a character"),
            (r"'ab\'", 0, "syntax", "not closed"),
            (r"'a\q'", 2, "syntax", r"unknown escape `\q`"),
            (r"'a\4'", 2, "syntax", r"unknown escape `\4`"),
            (r"'\18'", 1, "syntax", "3 octal digits"),
            (r"'\x4'", 1, "syntax", r"the escape `\x` needs 2 hexadecimal digits"),
            (r"'\u+123'", 1, "syntax", "4 hexadecimal digits"),
            (r"'\u12é4'", 1, "syntax", "4 hexadecimal digits"),
            (r"'\ud800'", 1, "syntax", "no Unicode character"),
            (r"'\U00110000'", 1, "syntax", "no Unicode character"),
            ("b'abc'", 0, "unsupported", "bytes are outside"),
            ("bR\"\"\"abc\"\"\"", 0, "unsupported", "bytes are outside"),
        ] {
            let Some(Err(problem)) = string(source) else { panic!("{source} is wrong") };
            assert_eq!((problem.at, problem.code), (at, code), "{source}: {problem:?}");
            assert!(problem.message.contains(part), "{source}: {}", problem.message);
        }
    }

    #[test]
    fn other_tokens_are_no_strings() {
        for source in ["abc == 'x'", "rb'abc'", "r", "é'x'", ""] {
            assert_eq!(string(source), None, "{source}");
        }
    }
}
