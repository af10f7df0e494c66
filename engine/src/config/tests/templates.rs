//! The section `templates`: what is refused, and where.

use super::{compile, problems};

/// What is wrong with a template of these parts, beside a good one: pointer, code, offset, detail.
fn told(parts: &str) -> Vec<(String, &'static str, Option<usize>, String)> {
    let document = format!(
        r#"{{"meters": {{"calls": {{"kind": "counter"}}}}, "features": {{"sso": {{}}}}, "email": {{"links": {{"plans": "https://a.example/plans"}}}},
            "templates": {{"good": {{"subject": "s", "html": "<p>x</p>"}}, "t": {{{parts}}}}}}}"#
    );
    problems(&document).into_iter().map(|p| (p.pointer, p.code, p.offset, p.detail)).collect()
}

/// The same of an HTML body: code, offset and detail of the only problem.
fn html(body: &str) -> (&'static str, Option<usize>, String) {
    let body = serde_json::to_string(body).expect("JSON");
    let told = told(&format!(r#""subject": "s", "html": {body}"#));
    let [(pointer, code, offset, detail)] = told.as_slice() else { panic!("{body}: {told:#?}") };
    assert_eq!(pointer, "/templates/t/html");
    (code, *offset, detail.clone())
}

#[test]
fn each_mistake_in_a_body_is_told_at_its_place() {
    for (body, code, offset, detail) in [
        ("<p>{{recipient.nme}}</p>", "unknown_fact", 3, "unknown field of `recipient` `nme`; did you mean `name`?"),
        ("<p>{{recipent.name}}</p>", "unknown_fact", 3, "unknown placeholder `recipent`; did you mean `recipient`?"),
        ("<p>{{usage.cals.percent}}</p>", "unknown_fact", 3, "unknown meter `cals`; did you mean `calls`?"),
        ("<p>{{usage.calls.ratio}}</p>", "unknown_fact", 3, "`usage.calls.ratio` is of type double; letters take int"),
        ("<p>é {{plan.name</p>", "syntax", 6, "`{{` is not closed; add `}}`"),
        ("<p>{{plan.name|<b>}}</p>", "syntax", 3, "'<' cannot be in what stands in for a value"),
        ("<a href=\"{{links.pans}}\">x</a>", "unknown_link", 9, "unknown link `pans`; did you mean `plans`?; `email.links` says"),
        ("<p>{{links.plans}}</p>", "misplaced", 3, "an address leads nowhere as text"),
        ("<a href=\"{{plan.name}}\">x</a>", "misplaced", 9, "a value cannot say where an address leads"),
        ("<a href=\"https://{{tenant.id}}\">x</a>", "bad_link", 9, "a value cannot be the end of a host's name"),
        ("<a href=\"https://x{{tenant.id}}/a\">x</a>", "bad_link", 9, "a value cannot be the end of a host's name"),
        ("<a href=\" javascript:alert(1)\">x</a>", "bad_link", 9, "an address begins with https://"),
        ("<a href=\"java&#115;cript:x\">x</a>", "bad_link", 9, "an address begins with https://"),
        ("<a href=\"/plans\">x</a>", "bad_link", 9, "an address begins with https://"),
        ("<a href=\"\">x</a>", "bad_link", 9, "this leads nowhere"),
        ("<img src=\"data:image/png;base64,x\" alt=\"\">", "bad_link", 10, "an address begins with https://"),
        ("<p>x</p><script>x</script>", "forbidden_markup", 8, "<script> cannot be in a letter"),
        ("<IFRAME src=\"https://x.example\"></IFRAME>", "forbidden_markup", 0, "<iframe> cannot be in a letter"),
        ("<meta http-equiv=\"Refresh\" content=\"0\">", "forbidden_markup", 0, "<meta> cannot be in a letter"),
        ("<p onclick=\"x\">x</p>", "forbidden_markup", 3, "`onclick` cannot be in a letter"),
        ("<p style=\"color:{{plan.name}}\">x</p>", "misplaced", 16, "of attributes, `href`, `src`, `alt` and `title` can"),
        ("<style>p{color:{{plan.name}}}</style>", "misplaced", 15, "a style sheet is the same for all"),
        ("<head>{{footer}}</head>", "misplaced", 6, "nobody sees the head"),
        ("<img alt={{plan.name}}>", "misplaced", 9, "put the attribute's value into quotes"),
        ("<p>a < b</p>", "bad_markup", 5, "write `&lt;`"),
        ("<p><b", "bad_markup", 3, "this tag is not closed"),
        ("<p title=\"x>y</p>", "bad_markup", 3, "this value is not closed"),
        ("<!-- x", "bad_markup", 4, "is not closed"),
        ("<p>{{footer|x}}</p>", "syntax", 3, "`footer` is always known"),
        ("<p>{{bar.cals}}</p>", "unknown_meter", 3, "unknown meter `cals`; did you mean `calls`?"),
    ] {
        let (found, at, message) = html(body);
        assert_eq!((found, at), (code, Some(offset)), "{body}: {message}");
        assert!(message.contains(detail), "{body}: {message}");
    }
}

#[test]
fn mistakes_elsewhere_are_told_at_their_part_and_all_at_once() {
    let all = told(
        r#""html": "<p>{{plan.nam}}</p>", "text": "{{links.pans}}", "preheader": "{{footer}}", "summary": "{{app.nam}}", "meter": "calls""#,
    );
    let read: Vec<_> = all.iter().map(|(pointer, code, ..)| (pointer.as_str(), *code)).collect();
    let expected = [
        ("/templates/t/subject", "missing"),
        ("/templates/t/html", "unknown_fact"),
        ("/templates/t/text", "unknown_link"),
        ("/templates/t/preheader", "misplaced"),
        ("/templates/t/summary", "unknown_fact"),
        ("/templates/t/meter", "conflict"),
    ];
    assert_eq!(read, expected, "{all:#?}");
    for (parts, code, detail) in [
        (r#""subject": "s""#, "missing", "`mjml` is missing here"),
        (r#""subject": " ", "html": "<p>x</p>""#, "missing", "a letter needs a subject"),
        (r#""subject": "s", "html": " ""#, "missing", "a letter needs a body"),
        (r#""subject": "s", "html": "<p>x</p>", "mjml": "<mjml></mjml>""#, "conflict", "one body"),
        (r#""subject": "s", "mjml": "<mjml></mjml>""#, "bad_markup", "MJML is not taken here"),
        (r#""builtin": "limit_approachin""#, "bad_choice", "did you mean `limit_approaching`?"),
        (r#""builtin": "limit_reached""#, "missing", "is about a meter"),
        (r#""builtin": "limit_reached", "meter": "cals""#, "unknown_meter", "did you mean `calls`?"),
        (r#""builtin": "feature_blocked", "feature": "sss""#, "unknown_feature", "did you mean `sso`?"),
    ] {
        let all = told(parts);
        assert_eq!(all.len(), 1, "{parts}: {all:#?}");
        assert_eq!(all[0].1, code, "{parts}");
        assert!(all[0].3.contains(detail), "{parts}: {}", all[0].3);
    }
    let long = told(&format!(r#""subject": "{}", "html": "<p>x</p>""#, "x".repeat(501)));
    assert_eq!((long[0].1, long[0].0.as_str()), ("too_long", "/templates/t/subject"));
}

#[test]
fn what_is_right_is_taken() {
    for body in [
        "<a href=\\\"https://{{tenant.id}}.app.example/x\\\">x</a>",
        "<p>{{usage.calls.limit}} {{subscription.renews_in}} {{recipient.name|there’s one}}</p>",
        "<!doctype html><html><head><meta charset=utf-8><link rel=\\\"stylesheet\\\" href=\\\"https://x.example/f.css\\\"></head><body>x</body></html>",
    ] {
        let document = format!(
            r#"{{"meters": {{"calls": {{"kind": "counter"}}}}, "templates": {{"t": {{"subject": "s", "mjml_or_html": "{body}"}}}}}}"#
        );
        compile(&document).expect(body);
    }
}
