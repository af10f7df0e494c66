//! Source to tokens, by CEL's lexis (<https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax>).

use super::check::ExprProblem;
use super::strings::string;

/// One token and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// Byte offset of its first character.
    pub(super) at: usize,
}

/// The kinds of tokens.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// Without its sign, so that the smallest int can be read too.
    Int(u64),
    Double(f64),
    Str(String),
    Ident(String),
    /// An operator or punctuation, as written.
    Sign(&'static str),
    End,
}

/// Longest first, so that `<=` is not read as `<` and `=`.
const SIGNS: [&str; 24] =
    ["&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "+", "-", "*", "/", "%", "?", ":", "(", ")", "[", "]", ",", ".", "{", "}"];

/// Splits `source` into tokens; the last one is always [`Kind::End`].
pub(super) fn tokens(source: &str) -> Result<Vec<Token>, ExprProblem> {
    let mut tokens = Vec::new();
    let mut at = 0;
    loop {
        let rest = source.get(at..).unwrap_or("");
        let blank = rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r', '\u{c}']).len();
        at += blank;
        let rest = source.get(at..).unwrap_or("");
        let Some(first) = rest.chars().next() else {
            tokens.push(Token { kind: Kind::End, at });
            return Ok(tokens);
        };
        if rest.starts_with("//") {
            at += rest.find('\n').unwrap_or(rest.len());
            continue;
        }
        let (kind, len) = token(rest, first).map_err(|mut problem| {
            problem.at += at;
            problem
        })?;
        tokens.push(Token { kind, at });
        at += len;
    }
}

fn token(rest: &str, first: char) -> Result<(Kind, usize), ExprProblem> {
    if first.is_ascii_digit() || (first == '.' && rest.as_bytes().get(1).is_some_and(u8::is_ascii_digit)) {
        return number(rest);
    }
    if let Some(read) = string(rest) {
        return read.map(|(text, len)| (Kind::Str(text), len));
    }
    if first.is_ascii_alphabetic() || first == '_' {
        let len = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        return Ok((Kind::Ident(rest.get(..len).unwrap_or("").to_owned()), len));
    }
    if first == '`' {
        let problem = "names in backquotes are outside this subset of CEL; write names of letters, digits and `_`";
        return Err(ExprProblem::new(0, "unsupported", problem.to_owned()));
    }
    for sign in SIGNS {
        if rest.starts_with(sign) {
            return Ok((Kind::Sign(sign), sign.len()));
        }
    }
    let hint = match first {
        '=' => "; use `==` to compare",
        '&' => "; use `&&`",
        '|' => "; use `||`",
        _ => "",
    };
    Err(ExprProblem::new(0, "syntax", format!("unexpected character `{first}`{hint}")))
}

fn number(rest: &str) -> Result<(Kind, usize), ExprProblem> {
    let (kind, len) = match rest.strip_prefix("0x").or(rest.strip_prefix("0X")) {
        Some(digits) => hexadecimal(digits)?,
        None => plain_number(rest)?,
    };
    match rest.as_bytes().get(len) {
        Some(b'u' | b'U') if matches!(kind, Kind::Int(_)) => {
            let problem = format!("unsigned numbers are outside this subset of CEL; write `{}`", rest.get(..len).unwrap_or(""));
            Err(ExprProblem::new(0, "unsupported", problem))
        }
        Some(b) if b.is_ascii_alphanumeric() || *b == b'_' => {
            let problem = "a letter follows a number; put a space or an operator between them";
            Err(ExprProblem::new(len, "syntax", problem.to_owned()))
        }
        _ => Ok((kind, len)),
    }
}

/// Reads what follows `0x`.
fn hexadecimal(rest: &str) -> Result<(Kind, usize), ExprProblem> {
    let len = rest.bytes().take_while(u8::is_ascii_hexdigit).count();
    let digits = rest.get(..len).unwrap_or("");
    if digits.is_empty() {
        return Err(ExprProblem::new(0, "syntax", "`0x` needs digits, as in `0x1F`".to_owned()));
    }
    let number = u64::from_str_radix(digits, 16).map_err(|_| too_large(&format!("0x{digits}")))?;
    Ok((Kind::Int(number), "0x".len() + len))
}

fn plain_number(rest: &str) -> Result<(Kind, usize), ExprProblem> {
    let digits = |from: usize| rest.bytes().skip(from).take_while(u8::is_ascii_digit).count();
    let mut len = digits(0);
    let mut is_double = false;
    if rest.as_bytes().get(len) == Some(&b'.') && rest.as_bytes().get(len + 1).is_some_and(u8::is_ascii_digit) {
        is_double = true;
        len += 1 + digits(len + 1);
    }
    if matches!(rest.as_bytes().get(len), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(rest.as_bytes().get(len + 1), Some(b'+' | b'-')));
        let exponent = digits(len + 1 + sign);
        if exponent > 0 {
            is_double = true;
            len += 1 + sign + exponent;
        }
    }
    let text = rest.get(..len).unwrap_or("");
    if is_double {
        let problem = || format!("`{text}` is outside this subset of CEL: at most 15 digits, times a power of ten from -22 to 22");
        let double = decimal(text).ok_or_else(|| ExprProblem::new(0, "unsupported", problem()))?;
        return Ok((Kind::Double(double), len));
    }
    Ok((Kind::Int(text.parse().map_err(|_| too_large(text))?), len))
}

/// The problem of a whole number that no int holds.
pub(super) fn too_large(text: &str) -> ExprProblem {
    ExprProblem::new(0, "syntax", format!("`{text}` does not fit into 64 bits"))
}

/// A decimal literal as the double nearest to it. At most 15 digits and a power of ten up to 22: both are exact doubles
/// then, so one multiplication or division rounds correctly (W. Clinger, How to Read Floating Point Numbers Accurately,
/// 1990). The standard library reads all others too, at the price of a table of ten kilobytes that does not compress.
fn decimal(text: &str) -> Option<f64> {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let significant = digits.trim_start_matches('0');
    if significant.len() > 15 {
        return None;
    }
    if significant.is_empty() { Some(0.0) } else { scaled(significant, exponent, fraction.len()) }
}

#[expect(clippy::cast_precision_loss, reason = "15 digits are below 2^53")]
fn scaled(significant: &str, exponent: &str, fraction: usize) -> Option<f64> {
    let number = significant.parse::<u64>().ok()? as f64;
    let power = exponent.parse::<i32>().ok()?.checked_sub(i32::try_from(fraction).ok()?)?;
    if !(-22..=22).contains(&power) {
        return None;
    }
    let ten = (0..power.abs()).fold(1.0, |ten, _| ten * 10.0);
    Some(if power < 0 { number / ten } else { number * ten })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_read_as_cel_writes_them() {
        for (source, expected) in [
            ("42", Kind::Int(42)),
            ("9223372036854775808", Kind::Int(1 << 63)),
            ("0x55555555", Kind::Int(0x5555_5555)),
            ("0XfF", Kind::Int(255)),
            ("007", Kind::Int(7)),
            (".99", Kind::Double(0.99)),
            ("0e+0", Kind::Double(0.0)),
            ("9.80665e+0", Kind::Double(9.80665)),
        ] {
            assert_eq!(tokens(source).map(|tokens| tokens[0].kind.clone()), Ok(expected), "{source}");
        }
    }

    #[test]
    fn numbers_outside_the_subset_are_refused_by_name() {
        for (source, at, code, part) in [
            ("7u", 0, "unsupported", "unsigned numbers are outside this subset of CEL; write `7`"),
            ("1 + 0xFFU", 4, "unsupported", "write `0xFF`"),
            ("0x", 0, "syntax", "needs digits"),
            ("0xg", 0, "syntax", "needs digits"),
            ("12px", 2, "syntax", "a letter follows a number"),
            ("1.5u", 3, "syntax", "a letter follows a number"),
            ("1e", 1, "syntax", "a letter follows a number"),
            ("18446744073709551616", 0, "syntax", "64 bits"),
            ("0x10000000000000000", 0, "syntax", "64 bits"),
            ("1e-324", 0, "unsupported", "at most 15 digits"),
            ("9223372036854775807.0", 0, "unsupported", "at most 15 digits"),
            ("a.`b-c`", 2, "unsupported", "names in backquotes"),
        ] {
            let problem = tokens(source).expect_err(source);
            assert_eq!((problem.at, problem.code), (at, code), "{source}: {problem:?}");
            assert!(problem.message.contains(part), "{source}: {}", problem.message);
        }
    }

    #[test]
    fn decimals_that_are_not_exact_are_refused() {
        for text in ["0.1234567890123456", "1e23", "1e-40", "123456789012345678.0"] {
            assert_eq!(decimal(text), None, "{text}");
        }
        assert_eq!((decimal("0.0"), decimal("00.500")), (Some(0.0), Some(0.5)));
    }

    proptest! {
        #[test]
        fn decimals_read_as_the_standard_library_reads_them(whole in 0..1_000_000_000_u64, fraction in "[0-9]{0,6}", power in -16..=22_i32) {
            let text = format!("{whole}.{fraction}0e{power}");
            if let Some(double) = decimal(&text) {
                prop_assert_eq!(Some(double), text.parse().ok());
            }
        }
    }
}
