//! The look of the hosted pages.

use crate::error::ApiError;

const STYLE: &str = "
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0; }
main { max-width: 26rem; margin: 8vh auto; padding: 0 1.25rem; }
h1 { font-size: 1.4rem; line-height: 1.3; }
h2 { font-size: 1rem; margin: 1.5rem 0 -.75rem; }
table { width: 100%; border-collapse: collapse; margin: 1.25rem 0; }
th, td { padding: .5rem 0; border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent); }
th { text-align: start; font-weight: 400; }
td { text-align: end; font-variant-numeric: tabular-nums; }
tfoot th, tfoot td { font-weight: 600; border: 0; }
label { display: block; margin-top: 1rem; }
input, select, button, .button { box-sizing: border-box; width: 100%; min-height: 2.75rem; padding: .5rem .75rem; font: inherit; }
button { margin-top: 1.25rem; border: 0; border-radius: .4rem; background: #4338ca; color: #fff; font-weight: 600; cursor: pointer; }
button.second, .button { display: block; margin-top: .75rem; border: 1px solid; border-radius: .4rem; background: none;
  color: inherit; text-align: center; text-decoration: none; font-weight: 400; }
[role=alert] { padding: .75rem; border-inline-start: 4px solid #dc2626; background: color-mix(in srgb, #dc2626 12%, transparent); }
footer { margin-top: 2rem; font-size: .875rem; opacity: .8; }
";

/// A whole page around its own part.
pub(super) fn document(title: &str, body: &str) -> String {
    let title = escape(title);
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{title}</title><style>{STYLE}</style></head>\
         <body><main>{body}<footer>Stripe sandbox: no real money moves.</footer></main></body></html>\n"
    )
}

pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

pub(super) fn alert(problem: Option<&ApiError>) -> String {
    problem.map(|problem| format!("<p role=\"alert\">{}</p>", escape(&problem.message))).unwrap_or_default()
}

/// A link that looks like a button, or nothing where there is nowhere to go.
pub(super) fn link(label: &str, url: Option<&str>) -> String {
    url.map(|url| format!("<a class=\"button\" href=\"{}\">{label}</a>", escape(url))).unwrap_or_default()
}

/// Currencies whose smallest unit is the whole.
const WHOLE: [&str; 16] = ["bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd", "vuv", "xaf", "xof", "xpf"];

/// `4900`, `eur` → `49.00 EUR`
pub(super) fn money(amount: i64, currency: &str) -> String {
    let code = currency.to_uppercase();
    if WHOLE.contains(&currency) {
        return format!("{amount} {code}");
    }
    let sign = if amount < 0 { "-" } else { "" };
    let amount = amount.unsigned_abs();
    format!("{sign}{}.{:02} {code}", amount / 100, amount % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_read_as_money() {
        for (amount, currency, expected) in
            [(4_900, "eur", "49.00 EUR"), (5, "usd", "0.05 USD"), (-417, "usd", "-4.17 USD"), (500, "jpy", "500 JPY")]
        {
            assert_eq!(money(amount, currency), expected);
        }
    }

    #[test]
    fn texts_of_others_stay_texts() {
        assert_eq!(escape("<b a=\"1\" c='2'>&"), "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;");
    }
}
