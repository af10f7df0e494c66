//! Thirty days of ten thousand tenants.

#[path = "life/mod.rs"]
mod life;

#[test]
fn a_month_of_ten_thousand_tenants_keeps_every_promise_and_is_the_same_every_time() {
    let report = life::simulate(10_000, 30);
    assert_eq!(report.wrong, Vec::<String>::new());
    assert!(report.sent > 5_000 && report.merged > 100 && report.ghosts > 500, "{report:?}");
    assert!(report.converted > 1_000 && report.nudges > 1_000 && report.entered > 5_000, "{report:?}");
    assert!(report.largest < 4_096, "{} bytes", report.largest);
    let (some, again) = (life::simulate(200, 30), life::simulate(200, 30));
    assert!(some.sent > 100 && some.seal == again.seal);
}
