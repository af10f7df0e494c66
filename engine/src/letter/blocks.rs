//! What is made when a letter is written: the preheader, the summaries of merged letters, the footer, the picture.

use super::clean::{clean, escaped, plain};
use super::render::Frame;

/// Around merged letters where a template does not say where they go.
pub(super) const ALSO_OPEN: &str =
    "<div style=\"max-width:552px;margin:0 auto;padding:0 24px;font-family:Helvetica,Arial,sans-serif;font-size:15px;line-height:24px\">";

/// What fills the rest of the line in an inbox, so that it does not go on with the letter's first words.
const FILL: &str = "&#847;&zwnj;&nbsp;";

/// The hidden line behind the subject.
pub(super) fn preheader(line: &str) -> String {
    if line.is_empty() {
        return String::new();
    }
    let style = "display:none;max-height:0;max-width:0;overflow:hidden;opacity:0;font-size:1px;line-height:1px;mso-hide:all";
    format!("<div style=\"{style}\">{}{}</div>", escaped(line), FILL.repeat(80))
}

/// Merged letters in HTML.
pub(super) fn also_html(heading: &str, summaries: &[String]) -> String {
    if summaries.is_empty() {
        return String::new();
    }
    let mut html = String::from("<div class=\"upcue-also\" style=\"margin:0 0 20px\">");
    if !heading.is_empty() {
        html.extend(["<p style=\"margin:0 0 8px;font-weight:600\">", &escaped(heading), "</p>"]);
    }
    html.push_str("<ul style=\"margin:0;padding:0 0 0 20px\">");
    for summary in summaries {
        html.extend(["<li style=\"margin:0 0 4px\">", &escaped(&clean(summary)), "</li>"]);
    }
    html.push_str("</ul></div>");
    html
}

/// Merged letters without markup.
pub(super) fn also_text(heading: &str, summaries: &[String]) -> String {
    let lines: Vec<String> = summaries.iter().map(|summary| format!("- {}", plain(&clean(summary)))).collect();
    match (lines.is_empty(), heading) {
        (true, _) => String::new(),
        (false, "") => lines.join("\n"),
        (false, heading) => format!("{heading}\n{}", lines.join("\n")),
    }
}

/// Who sent it to whom, from where, and the ways out.
pub(super) fn footer_html(frame: &Frame<'_>) -> String {
    let way = |address: &str, words: &str| {
        format!("<a href=\"{}\" style=\"color:inherit;text-decoration:underline;white-space:nowrap\">{words}</a>", escaped(address))
    };
    let cell = "padding:24px;font-family:Helvetica,Arial,sans-serif;font-size:12px;line-height:20px;color:#5b616e";
    format!(
        "<table role=\"presentation\" width=\"100%\" border=\"0\" cellpadding=\"0\" cellspacing=\"0\"><tr><td class=\"upcue-footer\" \
         align=\"center\" style=\"{cell}\"><bdi>{}</bdi> sent this to <bdi>{}</bdi>.<br>{}<br>{} · {}</td></tr></table>",
        escaped(&clean(frame.app_name)),
        escaped(&clean(frame.recipient_email)),
        escaped(&clean(frame.postal_address)),
        way(frame.unsubscribe, "Unsubscribe from these mails"),
        way(frame.unsubscribe_all, "from all"),
    )
}

/// The same without markup.
pub(super) fn footer_text(frame: &Frame<'_>) -> String {
    format!(
        "-- \n{} sent this to {}.\n{}\nUnsubscribe from these mails: {}\nUnsubscribe from all: {}",
        plain(&clean(frame.app_name)),
        clean(frame.recipient_email),
        plain(&clean(frame.postal_address)),
        frame.unsubscribe,
        frame.unsubscribe_all
    )
}

/// The picture that tells of an opened letter.
pub(super) fn pixel(address: Option<&str>) -> String {
    address.map_or_else(String::new, |address| {
        format!("<img src=\"{}\" width=\"1\" height=\"1\" alt=\"\" style=\"display:block;border:0\">", escaped(address))
    })
}

/// How much of a limit is used, as a bar of two cells: it is drawn by every client, with pictures or without.
pub(super) fn bar(percent: i64) -> String {
    let colour = match percent {
        ..80 => "#4f46e5",
        80..100 => "#d97706",
        _ => "#dc2626",
    };
    let used = percent.clamp(1, 100);
    let cell = |width: i64, class: &str, colour: &str, round: &str| {
        format!(
            "<td class=\"{class}\" width=\"{width}%\" height=\"10\" bgcolor=\"{colour}\" style=\"background-color:{colour};height:10px;\
             line-height:10px;font-size:1px;border-radius:{round}\">&nbsp;</td>"
        )
    };
    let rest = if used < 100 { cell(100 - used, "upcue-track", "#e4e4e7", "0 5px 5px 0") } else { String::new() };
    let round = if used < 100 { "5px 0 0 5px" } else { "5px" };
    format!(
        "<table role=\"img\" aria-label=\"{percent}%\" width=\"100%\" border=\"0\" cellpadding=\"0\" cellspacing=\"0\" \
         style=\"border-collapse:separate\"><tr>{}{rest}</tr></table>",
        cell(used, "upcue-bar", colour, round)
    )
}
