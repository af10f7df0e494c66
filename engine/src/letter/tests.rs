//! Letters as recipients get them, and what nobody can make of them.

use std::fmt::Write;

use html5gum::{Token as Html5, Tokenizer};
use proptest::prelude::*;

use super::markup::{Token, tokens};
use super::sample::Sample;
use super::{Frame, LetterTemplate, MAX_HTML, Rendered, Unready};
use crate::config::{Config, compile};
use crate::expr::{Lookup, Value};
use crate::facts::{Fact, Input};

const ALSO: &[String] = &[];

/// What a letter is told, unless a test says otherwise.
fn frame() -> Frame<'static> {
    Frame {
        tenant: "acme",
        recipient_name: Some("Ada"),
        recipient_email: "ada@acme.example",
        app_name: "Nimbus",
        postal_address: "1 Cloud Street",
        also: ALSO,
        link: &str::to_owned,
        unsubscribe: "https://u.example/one",
        unsubscribe_all: "https://u.example/all",
        open_pixel: None,
    }
}

/// A configuration with this one template.
fn config(template: &serde_json::Value) -> Config {
    let document = serde_json::json!({
        "meters": {"calls": {"kind": "counter", "label": "API calls"}},
        "traits": {"user": {"team": {"type": "string"}}},
        "email": {"links": {"plans": "https://app.example/plans"}},
        "templates": {"t": template},
    });
    compile(&document.to_string()).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

fn template(config: &Config) -> &LetterTemplate {
    &config.templates[0]
}

/// A letter with this body.
fn written(html: &str, frame: &Frame<'_>) -> Rendered {
    let config = config(&serde_json::json!({"subject": "s", "html": html}));
    template(&config).render(&Sample::of(&config, &[]), frame).unwrap_or_else(|unready| panic!("{}", unready.detail()))
}

/// Facts of which every string is this one.
struct Saying<'a>(&'a str);

impl Lookup for Saying<'_> {
    fn input(&self, _: Input) -> Value<'_> {
        Value::Int(7)
    }
    fn fact(&self, _: Fact) -> Value<'_> {
        Value::Str(self.0)
    }
}

/// Facts of which nothing is known.
struct Nothing;
impl Lookup for Nothing {
    fn input(&self, _: Input) -> Value<'_> {
        Value::Unknown
    }
    fn fact(&self, _: Fact) -> Value<'_> {
        Value::Str("  ")
    }
}

#[test]
fn a_value_is_text_wherever_it_stands() {
    let html = r#"<p>Hi {{recipient.name}}!</p><img src="https://x.example/{{recipient.name}}.png" alt="Of {{recipient.name}}">
        <a href="https://x.example/?n={{recipient.name}}&amp;a=1" title='{{recipient.name}}'>go</a>"#;
    let config = config(&serde_json::json!({"subject": "For {{recipient.name}}", "html": html, "text": "Hi {{recipient.name}}"}));
    for (name, in_text, in_attribute, in_url, in_subject) in [
        ("Ada", "Ada", "Ada", "Ada", "Ada"),
        (
            "<script>alert(1)</script>",
            "&lt;script&gt;alert(1)&lt;/script&gt;",
            "&lt;script&gt;alert(1)&lt;/script&gt;",
            "%3Cscript%3Ealert%281%29%3C%2Fscript%3E",
            "<script>alert(1)</script>",
        ),
        (
            r#""onload='x' O’Neil & Co"#,
            "&quot;onload=&#39;x&#39; O’Neil &amp; Co",
            "&quot;onload=&#39;x&#39; O’Neil &amp; Co",
            "%22onload%3D%27x%27%20O%E2%80%99Neil%20%26%20Co",
            r#""onload='x' O’Neil & Co"#,
        ),
        (
            "Ada\r\nBcc: all@example.com",
            "Ada  Bcc: all@example.com",
            "Ada  Bcc: all@example.com",
            "Ada%20%20Bcc%3A%20all%40example.com",
            "Ada  Bcc: all@example.com",
        ),
        ("\u{202e}evil\u{2066}\0\u{7}", "evil", "evil", "evil", "evil"),
        (
            "{{plan.name}} {{footer}}",
            "{{plan.name}} {{footer}}",
            "{{plan.name}} {{footer}}",
            "%7B%7Bplan.name%7D%7D%20%7B%7Bfooter%7D%7D",
            "{{plan.name}} {{footer}}",
        ),
        ("שרה", "שרה", "\u{2068}שרה\u{2069}", "%D7%A9%D7%A8%D7%94", "\u{2068}שרה\u{2069}"),
        ("👩‍🚀 Zoë", "👩‍🚀 Zoë", "👩‍🚀 Zoë", "%F0%9F%91%A9%E2%80%8D%F0%9F%9A%80%20Zo%C3%AB", "👩‍🚀 Zoë"),
    ] {
        let letter = template(&config).render(&Saying("x"), &Frame { recipient_name: Some(name), ..frame() }).expect(name);
        for part in [
            format!("<p>Hi <bdi>{in_text}</bdi>!</p>"),
            format!("alt=\"Of {in_attribute}\""),
            format!("title='{in_attribute}'"),
            format!("src=\"https://x.example/{in_url}.png\""),
            format!("href=\"https://x.example/?n={in_url}&amp;a=1\""),
        ] {
            assert!(letter.html.contains(&part), "{name:?}: {part}\n{}", letter.html);
        }
        assert_eq!(letter.subject, format!("For {in_subject}"));
        assert!(letter.text.starts_with(&format!("Hi {in_subject}\n")), "{}", letter.text);
    }
}

#[test]
fn what_a_name_is_too_long_for_is_cut() {
    let long = "Ада ".repeat(10_000);
    let letter = written("<p>{{recipient.name}}</p>", &Frame { recipient_name: Some(&long), ..frame() });
    assert!(letter.html.len() < 3_000, "{}", letter.html.len());
    let config = config(&serde_json::json!({"subject": "{{recipient.name}} {{recipient.name}}", "html": "<p>x</p>"}));
    let letter = template(&config).render(&Saying("x"), &Frame { recipient_name: Some(&long), ..frame() }).expect("a letter");
    assert!(letter.subject.chars().count() <= 250 && letter.subject.ends_with('…'), "{}", letter.subject);
}

#[test]
fn a_missing_value_leaves_no_letter_unless_something_stands_in_for_it() {
    let config = config(&serde_json::json!({
        "subject": "Hi {{recipient.name|there}}", "html": "<p>{{plan.name}}, {{user.team|your team}}, {{usage.calls.percent}}, {{plan.name}}</p>",
    }));
    let nobody = Frame { recipient_name: None, ..frame() };
    let missing = template(&config).render(&Nothing, &nobody).expect_err("values are missing");
    assert_eq!(missing, Unready::Missing(vec!["plan.name".to_owned(), "usage.calls.percent".to_owned()]));
    assert!(missing.detail().starts_with("not known: `plan.name`, `usage.calls.percent`"), "{}", missing.detail());
    let (shown, _) = template(&config).preview(&Nothing, &nobody);
    assert!(shown.html.contains("<p>{{plan.name}}, your team, {{usage.calls.percent}}, {{plan.name}}</p>"), "{}", shown.html);
    assert_eq!(shown.subject, "Hi there");
}

#[test]
fn numbers_read_well_and_addresses_have_them_plain() {
    let body = r#"<p>{{usage.calls.percent}}, {{usage.calls.limit}}, {{usage.calls.exhausts_in}} days</p>
        <a href="https://x.example/{{usage.calls.limit}}">x</a>"#;
    let html = written(body, &frame()).html;
    assert!(html.contains("<p>92%, 10\u{a0}000, 6 days</p>") && html.contains("https://x.example/10000"), "{html}");
}

#[test]
fn links_are_followed_through_the_frame_and_pictures_are_not() {
    let seen = |address: &str| format!("https://c.example/e?to={address}&x=1");
    let body = r#"<a href="{{links.plans}}?from={{tenant.id}}">Plans</a> <a href="mailto:a@b.example">Write</a>
        <a href="{{links.unsubscribe}}">Stop</a> <img src="https://x.example/a.png" alt=""> <a href=https://y.example/>Y</a>
        <!--[if mso]><v:roundrect href="https://z.example/"></v:roundrect><![endif]-->"#;
    let Rendered { html, text, .. } = written(body, &Frame { link: &seen, ..frame() });
    for expected in [
        r#"href="https://c.example/e?to=https://app.example/plans?from=acme&amp;x=1""#,
        r#"href="mailto:a@b.example""#,
        r#"href="https://u.example/one""#,
        r#"src="https://x.example/a.png""#,
        r#"href="https://c.example/e?to=https://y.example/&amp;x=1""#,
        r#"href="https://c.example/e?to=https://z.example/&amp;x=1""#,
    ] {
        assert!(html.contains(expected), "{expected}\n{html}");
    }
    assert!(text.contains("https://c.example/e?to=https://app.example/plans?from=acme&x=1"), "{text}");
}

#[test]
fn the_part_without_markup_says_the_same() {
    let body = r#"<html><head><title>no</title><style>p{color:red}</style></head><body>
        <div style="display: none">hidden <div>too</div></div><h1>Running&nbsp;low</h1>
        <p>Of  your
        quota,   {{usage.calls.percent}} is <b>used</b>&hellip; see <a href="https://x.example/why">why</a>.</p>
        <table><tr><td>Used</td><td>9</td></tr><tr><td>Left</td><td>1</td></tr></table>
        <ul><li>One</li><li>Two</li></ul>
        <p><a href="{{links.plans}}">Compare plans</a></p>
        <p>Write to <a href="mailto:hi@x.example">hi@x.example</a><br>or <a href="https://x.example/">https://x.example/</a></p>
        <img src="https://x.example/logo.png" alt="Nimbus"><!-- nobody reads this -->
        <!--[if mso]><p>Outlook</p><![endif]--></body></html>"#;
    let expected = "Running low\n\nOf your quota, 92% is used… see why (https://x.example/why).\n\nUsed · 9\nLeft · 1\n\n- One\n- Two\n\n\
        Compare plans\nhttps://app.example/plans\n\nWrite to hi@x.example\nor https://x.example/\n\nNimbus\n\n\
        -- \nNimbus sent this to ada@acme.example.\n1 Cloud Street\nUnsubscribe from these mails: https://u.example/one\n\
        Unsubscribe from all: https://u.example/all\n";
    assert_eq!(written(body, &frame()).text, expected);
}

#[test]
fn a_footer_is_there_whatever_the_template_says() {
    let footers = |html: &str| html.matches("1 Cloud Street").count();
    let page = written("<html><body class=\"x\"><p>Hi</p></body></html>", &frame()).html;
    assert!(page.ends_with("</td></tr></table></body></html>") && footers(&page) == 1, "{page}");
    let bare = written("<p>Hi</p>", &frame()).html;
    assert!(bare.starts_with("<p>Hi</p>") && bare.ends_with("</table>") && footers(&bare) == 1, "{bare}");
    let placed = written("<p>{{footer}}</p><p>Bye</p>", &frame()).html;
    assert!(placed.contains("Bye") && footers(&placed) == 1, "{placed}");
    let own = written("<p>{{postal_address}} <a href=\"{{links.unsubscribe}}\">Abmelden</a></p>", &frame());
    assert!(footers(&own.html) == 1 && !own.html.contains("sent this to") && !own.text.contains("sent this to"), "{own:?}");
    let odd = written("<p>Hi</p>", &Frame { recipient_email: "\"<b>\"@bücher.example", app_name: "نيمبوس <i>", ..frame() });
    assert!(odd.html.contains("<bdi>نيمبوس &lt;i&gt;</bdi> sent this to <bdi>&quot;&lt;b&gt;&quot;@bücher.example</bdi>."), "{}", odd.html);
    assert!(odd.text.contains("\u{2068}نيمبوس <i>\u{2069} sent this to \"<b>\"@bücher.example."), "{}", odd.text);
    let half = written("<p>{{postal_address}}</p>", &frame()).html;
    assert_eq!(footers(&half), 2, "without a way out it is no footer");
}

#[test]
fn merged_letters_are_where_the_template_has_them_or_before_the_footer() {
    let also = ["<b>Seats</b>: 23\r\nof 25".to_owned(), "SSO".to_owned()];
    let frame = Frame { also: &also, ..frame() };
    let placed = written("<p>{{also|Besides}}</p><p>Bye</p>", &frame);
    assert!(placed.html.contains(">Besides</p><ul"), "{}", placed.html);
    assert!(placed.html.contains("&lt;b&gt;Seats&lt;/b&gt;: 23  of 25</li>"), "{}", placed.html);
    assert!(placed.text.starts_with("Besides\n- <b>Seats</b>: 23  of 25\n- SSO\n\nBye\n"), "{}", placed.text);
    let not = written("<p>Hi</p>", &frame);
    assert!(not.html.find("SSO") < not.html.find("1 Cloud Street") && not.html.contains("SSO"), "{}", not.html);
    assert!(not.text.starts_with("Hi\n\n- <b>Seats</b>"), "{}", not.text);
    assert!(!written("<p>{{also|Besides}}</p>", &self::frame()).html.contains("Besides"));
}

#[test]
fn the_preheader_is_hidden_and_a_picture_tells_only_where_that_is_wanted() {
    let config = config(
        &serde_json::json!({"subject": "s", "preheader": "{{recipient.name}} & co", "html": "<body><p>Hi</p></body>", "summary": "In short"}),
    );
    let letter = |frame: &Frame<'_>| template(&config).render(&Saying("x"), frame).expect("a letter");
    let quiet = letter(&Frame { recipient_name: Some("<b>"), ..frame() });
    assert!(quiet.html.starts_with("<body><div style=\"display:none;") && quiet.html.contains("&lt;b&gt; &amp; co"), "{}", quiet.html);
    assert!(!quiet.html.contains("<img") && quiet.summary == "In short");
    let told = letter(&Frame { open_pixel: Some("https://c.example/o/1?a&b"), ..frame() });
    assert!(told.html.contains("<img src=\"https://c.example/o/1?a&amp;b\" width=\"1\""), "{}", told.html);
}

#[test]
fn a_letter_that_would_be_cut_off_is_not_written() {
    let config =
        config(&serde_json::json!({"subject": "s", "html": format!("<p>{}{{{{recipient.name}}}}</p>", "x".repeat(MAX_HTML - 1_500))}));
    let render = |name| template(&config).render(&Saying("x"), &Frame { recipient_name: Some(name), ..frame() });
    let long = "&".repeat(200);
    assert!(matches!(render(&long), Err(Unready::TooLong(bytes)) if bytes > MAX_HTML), "{:?}", render(&long).map(|l| l.html.len()));
    assert!(render("Ada").is_ok());
}

/// What an HTML5 parser finds: elements with the names of their attributes.
fn elements(html: &str) -> Vec<String> {
    let mut found = Vec::new();
    for Ok(token) in Tokenizer::new(html) {
        if let Html5::StartTag(tag) = token {
            let mut element = String::from_utf8_lossy(&tag.name).into_owned();
            for name in tag.attributes.keys() {
                let _infallible = write!(element, " {}", String::from_utf8_lossy(name));
            }
            found.push(element);
        }
    }
    found
}

proptest! {
    /// What an HTML5 parser sees of a letter is the same whatever its values are.
    #[test]
    fn no_value_changes_what_a_letter_is_made_of(value in "[a<>\"'=&;/ -]{0,20}|.{0,20}") {
        let body = r#"<body><p>{{recipient.name}}</p><img src="https://x.example/{{user.team}}" alt='{{recipient.name}}'>
            <!--[if mso]><p>{{user.team}}</p><![endif]--><a href="https://x.example/#{{recipient.name}}">{{also|A}}</a></body>"#;
        let config = config(&serde_json::json!({"subject": "{{user.team|x}}", "preheader": "{{recipient.name|x}}", "html": body}));
        let value = format!("{value}x"); // an empty one is missing
        let also = [value.clone()];
        let of = |value: &str| {
            let frame = Frame { recipient_name: Some(value), recipient_email: value, app_name: value, postal_address: value, also: &also, ..frame() };
            template(&config).preview(&Saying(value), &frame).0
        };
        let (tried, plain) = (of(&value), of("plain"));
        prop_assert_eq!(elements(&tried.html), elements(&plain.html), "{}", tried.html);
        prop_assert!(!tried.subject.chars().any(char::is_control), "{:?}", tried.subject);
    }

    /// Whatever is read at all is read as an HTML5 parser reads it.
    #[test]
    fn markup_is_read_as_browsers_read_it(
        parts in prop::collection::vec(prop::sample::select(vec![
            "<p>", "</p>", "<a href=\"x\">", "<a href='", "\"", "'", ">", "<", "/", "=", " ", "x", "<br/>", "<!-- c -->", "<!--", "-->", "--!>",
            "<!doctype html>", "<style>", "</style>", "<p a=b", "<p a", "<P A=\"1\" b='2'>", "&lt;", "<!", "<?", "<!-->", "\n",
        ]), 0..12),
    ) {
        let source = parts.concat();
        let Ok(ours) = tokens(&source) else { return Ok(()) };
        let ours: Vec<String> = ours.iter().filter_map(|token| if let Token::Open(open) = token { Some(open) } else { None }).map(|open| {
            let mut names: Vec<&str> = open.attributes.iter().map(|a| a.name.as_str()).collect();
            names.sort_unstable();
            core::iter::once(open.name.as_str()).chain(names).collect::<Vec<_>>().join(" ")
        }).collect();
        let mut tokenizer = html5gum::DefaultEmitter::<()>::default();
        tokenizer.naively_switch_states(true);
        let theirs: Vec<String> = Tokenizer::new_with_emitter(&source, tokenizer).filter_map(|token| match token {
            Ok(Html5::StartTag(tag)) => {
                let names = tag.attributes.keys().map(|name| String::from_utf8_lossy(name).into_owned());
                Some(core::iter::once(String::from_utf8_lossy(&tag.name).into_owned()).chain(names).collect::<Vec<_>>().join(" "))
            }
            _ => None,
        }).collect();
        prop_assert_eq!(ours, theirs, "{:?}", source);
    }
}
