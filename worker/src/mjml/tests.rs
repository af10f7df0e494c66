//! Letters in MJML: those that are ready to use, what is refused, and what the documentation says.

use std::fs;

use serde_json::{Value, json};
use upcue_engine::config::{Config, Host, Problem, SCHEMA, review_for};
use upcue_engine::letter::sample::Sample;
use upcue_engine::letter::{Frame, MAX_HTML, Rendered, defaults};
use upcue_engine::time::Millis;

use super::{MAX_DEPTH, to_html};

const DOCUMENTATION: &str = include_str!("../../../docs/templates.md");

fn compile(document: &Value) -> Result<Config, Vec<Problem>> {
    review_for(&document.to_string(), Millis(0), Host { mjml: to_html, ..Host::default() }).0
}

fn document(templates: &Value) -> Value {
    json!({
        "meters": {"api_calls": {"kind": "counter", "label": "API calls", "unit": "calls"}, "seats": {"kind": "gauge", "label": "Team members"}},
        "features": {"sso": {"label": "Single <sign-on> {{plan.name}}"}},
        "plans": {"source": "inline", "list": [
            {"id": "free", "name": "Free", "rank": 0, "limits": {"api_calls": 10_000, "seats": 25}}, {"id": "pro", "name": "Pro", "rank": 1}]},
        "email": {"links": {"plans": "https://app.nimbus.example/plans"}},
        "templates": templates,
    })
}

fn rendered(config: &Config, id: &str, also: &[String]) -> Rendered {
    let frame = Frame {
        tenant: "acme",
        recipient_name: Some("Ada"),
        recipient_email: "ada@acme.example",
        app_name: "Nimbus",
        postal_address: "Nimbus Inc., 1 Cloud Street, Berlin",
        also,
        link: &|address| format!("{address}?ref=1"),
        unsubscribe: "https://upcue.example/u/one",
        unsubscribe_all: "https://upcue.example/u/all",
        open_pixel: None,
    };
    let template = config.templates.iter().find(|template| template.id == id).expect(id);
    let sample = Sample::of(config, config.inline_plans.as_deref().unwrap_or_default());
    template.render(&sample, &frame).unwrap_or_else(|unready| panic!("{}", unready.detail()))
}

/// A configuration with all letters that are ready to use, by their names.
fn ready() -> Config {
    let mut templates = serde_json::Map::new();
    for letter in &defaults::ALL {
        let mut template = json!({"builtin": letter.name});
        match letter.about {
            defaults::Subject::Meter => template["meter"] = json!("api_calls"),
            defaults::Subject::Feature => template["feature"] = json!("sso"),
            defaults::Subject::Team => {}
        }
        templates.insert(letter.name.to_owned(), template);
    }
    compile(&document(&Value::Object(templates))).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

#[test]
fn the_letters_ready_to_use_are_small_whole_and_readable_without_markup() {
    let config = ready();
    assert_eq!(config.templates.len(), 6);
    let looks = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/letters"); // to be looked at in a browser
    fs::create_dir_all(looks).expect("a directory");
    for template in &config.templates {
        let also = ["Team members: 23 of 25 in use".to_owned()];
        for also in [[].as_slice(), &also] {
            let Rendered { subject, html, text, summary } = rendered(&config, &template.id, also);
            let name = &template.id;
            fs::write(format!("{looks}/{name}{}.html", if also.is_empty() { "" } else { "-merged" }), &html).expect("written");
            assert!(html.len() < 15_000, "{name}: {} bytes", html.len());
            assert!(
                html.contains("<meta name=\"color-scheme\" content=\"light dark\" />") && html.contains("prefers-color-scheme: dark"),
                "{name}"
            );
            assert_eq!(html.matches("href=\"https://app.nimbus.example/plans?ref=1\"").count(), 1, "{name}: one thing to do");
            assert_eq!(html.matches("Also worth knowing").count(), also.len(), "{name}");
            assert!(!html.contains("fonts.googleapis.com"), "{name} loads nothing");
            for part in [&subject, &html, &text, &summary] {
                let part = part.replace("{{plan.name}}", ""); // in the feature's label: a value is never a placeholder
                assert!(!part.contains("{{") && !part.contains("@meter@") && !part.contains("@label@"), "{name}: {part}");
            }
            assert!(text.contains("Hi Ada, ") && text.contains("\nhttps://app.nimbus.example/plans?ref=1\n"), "{name}: {text}");
            assert!(text.ends_with("Unsubscribe from all: https://upcue.example/u/all\n") && !text.contains("\n\n\n"), "{name}: {text}");
        }
    }
    let blocked = rendered(&config, "feature_blocked", &[]);
    assert_eq!(blocked.subject, "Single <sign-on> { {plan.name} } for your team", "a label is text");
    assert!(blocked.html.contains("Single &lt;sign-on&gt; { {plan.name} }"), "{}", blocked.html);
}

#[test]
fn what_is_wrong_with_mjml_is_told_at_its_place() {
    let body = |inner: &str| format!("<mjml>\n<mj-body><mj-section><mj-column>{inner}</mj-column></mj-section></mj-body></mjml>");
    let before = body("").find("</mj-column>").expect("a column");
    for (mjml, code, offset, detail) in [
        (body("<mj-txt>x</mj-txt>"), "bad_markup", Some(before), "`mj-txt` is no MJML element that can stand here"),
        (body("<mj-text>{{plan.nam}}</mj-text>"), "unknown_fact", Some(before + 9), "did you mean `name`?"),
        (body("<mj-text><b onclick=\"x\">x</b></mj-text>"), "forbidden_markup", Some(before + 12), "`onclick` cannot be in a letter"),
        (body("<mj-text><script>x</script></mj-text>"), "forbidden_markup", Some(before + 9), "<script> cannot be"),
        (body("<mj-button href=\"javascript:x\">x</mj-button>"), "bad_link", Some(before + 17), "an address begins with https://"),
        (body("<mj-button href=\"{{links.pans}}\">x</mj-button>"), "unknown_link", Some(before + 17), "did you mean `plans`?"),
        (body("<mj-include path=\"x.mjml\" />"), "bad_markup", Some(before + 1), "nothing can be included"),
        ("<mjml><mj-body>".to_owned(), "bad_markup", Some(15), "not closed"),
        ("<mjml><mj-body><mj-section</mjml>".to_owned(), "bad_markup", None, ""),
        ("<p>x</p>".to_owned(), "bad_markup", None, ""),
    ] {
        let problems = compile(&document(&json!({"t": {"subject": "s", "mjml": mjml}}))).expect_err(&mjml);
        let [problem] = problems.as_slice() else { panic!("{mjml}: {problems:#?}") };
        assert_eq!((problem.code, problem.pointer.as_str()), (code, "/templates/t/mjml"), "{mjml}: {problem:?}");
        assert!(problem.detail.contains(detail), "{mjml}: {}", problem.detail);
        if offset.is_some() {
            assert_eq!(problem.offset, offset, "{mjml}: {problem:?}");
        }
    }
}

#[test]
fn elements_are_nested_only_so_deep() {
    let nested = |levels: usize| {
        let (open, close) = ("<b>".repeat(levels - 5), "</b>".repeat(levels - 5));
        let text = format!("<mj-text><br>{open}deep{close}</mj-text>");
        format!("<mjml><mj-body><mj-section><mj-column>{text}</mj-column></mj-section></mj-body></mjml>")
    };
    let html = to_html(&nested(MAX_DEPTH)).expect("not too deep");
    assert_eq!(html.matches("<b>").count(), MAX_DEPTH - 5);
    for levels in [MAX_DEPTH + 1, 10_000, 200_000] {
        let source = nested(levels);
        let flaws = to_html(&source).expect_err("too deep");
        let [flaw] = flaws.as_slice() else { panic!("{flaws:?}") };
        let at = source.find("<b>").expect("an element") + 3 * (MAX_DEPTH - 5);
        assert_eq!((flaw.code, flaw.at), ("bad_markup", Some(at)), "{levels}: {flaw:?}");
        assert!(flaw.detail.contains("more than 100 deep"), "{flaw:?}");
    }
    assert_eq!(to_html(&"<mj-section>".repeat(10_000)).expect_err("too deep").len(), 1);
}

#[test]
fn the_documentation_says_what_is_so() {
    let example = DOCUMENTATION.split("```json\n").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
    let config = compile(&serde_json::from_str(example).expect("JSON")).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let last = rendered(&config, "last", &[]);
    assert_eq!(last.subject, "Ada, 800 calls are left");
    assert!(last.html.contains("role=\"img\" aria-label=\"92%\""), "{}", last.html);
    let rows = DOCUMENTATION.split("## Ready to use").nth(1).and_then(|rest| rest.split("##").next()).expect("a table");
    let documented: Vec<&str> = rows.lines().filter_map(|row| row.strip_prefix("| `")?.split('`').next()).collect();
    let names: Vec<&str> = defaults::ALL.iter().map(|letter| letter.name).collect();
    assert_eq!(documented, names);
    let schema: Value = serde_json::from_str(SCHEMA).expect("JSON");
    let offered = schema.pointer("/$defs/template/properties/builtin/enum").and_then(Value::as_array).expect("a list");
    assert_eq!(offered.iter().filter_map(Value::as_str).collect::<Vec<_>>(), names);
    assert!(DOCUMENTATION.contains(&format!("at most {MAX_HTML} bytes")));
}
