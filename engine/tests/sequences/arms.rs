//! Control groups and variants, shared with a campaign.

use super::*;

fn campaign(parts: Value) -> Value {
    let mut campaign = json!({"id": "quota", "placement": "p", "audience": "signal.low.active", "nudge": {"title": "t"}});
    for (name, part) in parts.as_object().expect("an object") {
        campaign[name] = part.clone();
    }
    campaign
}

#[test]
fn who_is_held_out_goes_the_same_way_and_gets_nothing() {
    let mut document = document(json!([sequence(
        json!({"cap": [{"max": 1, "window": "10d"}], "reentry": "always", "steps": [{"after": "0s", "template": "one"}, {"after": "1d", "template": "two"}]})
    )]));
    document["campaigns"] = json!([campaign(json!({"holdout": 1}))]);
    document["frequency"]["cap"] = json!([{"max": 2, "window": "30d"}]);
    let mut post = post_at(&document, "2025-06-18T18:00");
    post.set("low", true, None);
    post.run(post.now.plus(3 * DAY));
    assert_eq!(post.mails, []);
    let ghosts: Vec<_> = post.tenant.mailing.letters.iter().map(|letter| (letter.state, letter.parts[0].template.as_str())).collect();
    assert_eq!(ghosts, [(LetterState::Ghost(moment("2025-06-18T18:00", BERLIN)), "one")], "its own cap keeps back the second");
    assert_eq!(post.tenant.counts.ledger.met(None, Millis(0)), 0, "and for everybody else's nothing was shown");
    post.run(post.now.plus(10 * DAY));
    assert_eq!(post.tenant.mailing.letters.len(), 2);
}

#[test]
fn a_sequence_shares_the_arms_of_its_campaign() {
    let steps = json!([{"after": "0s", "template": "one", "variants": {"b": "two"}}]);
    let mut document = document(json!([sequence(json!({"steps": steps}))]));
    document["campaigns"] =
        json!([campaign(json!({"holdout": 0.5, "salt": "s", "variants": [{"id": "a", "weight": 1}, {"id": "b", "weight": 1}]}))]);
    let rules = post::rules(&document);
    let [campaign] = rules.config.campaigns.as_slice() else { panic!("one campaign") };
    let campaign: &CampaignRule = campaign;
    let mut seen = [0; 3];
    for i in 0..40 {
        let tenant = format!("t{i}");
        let mut post = Post::with(rules.clone(), &tenant, moment("2025-06-18T18:00", BERLIN));
        post.know("ada", Role::Admin, None);
        post.set("low", true, None);
        post.pump();
        assert_eq!(post.mails.is_empty(), campaign.is_held_out(&tenant), "{tenant}");
        let variant = campaign.variant(&tenant).expect("an arm").id.as_str();
        let [letter] = post.tenant.mailing.letters.as_slice() else { panic!("one letter") };
        assert_eq!(letter.parts[0].variant.as_deref(), Some(variant));
        assert_eq!(letter.parts[0].template, if variant == "a" { "one" } else { "two" });
        seen[if post.mails.is_empty() { 2 } else { usize::from(variant == "b") }] += 1;
    }
    assert!(seen.iter().all(|n| *n > 3), "{seen:?}: all arms were there");
}

#[test]
fn which_campaign_it_shares_is_told_by_the_signal_or_by_name() {
    let one = campaign(json!({"holdout": 0.2, "salt": "s"}));
    let other = campaign(json!({"id": "other", "holdout": 0.3}));
    let unrelated = campaign(json!({"id": "unrelated", "audience": "signal.lower.active"}));
    for (campaigns, parts, expected) in [
        (vec![&one, &unrelated], json!({}), (Some("quota"), 2_000, "s")),
        (vec![&one, &other], json!({}), (None, 0, "low")),
        (vec![&one, &other], json!({"campaign": "other"}), (Some("other"), 3_000, "other")),
        (vec![&one], json!({"campaign": null, "holdout": 0.1}), (None, 1_000, "low")),
        (vec![&unrelated], json!({"holdout": 0.1}), (None, 1_000, "low")),
    ] {
        let mut document = document(json!([sequence(parts.clone())]));
        document["campaigns"] = json!(campaigns);
        let rules = post::rules(&document);
        let sequence = &rules.config.sequences[0];
        assert_eq!((sequence.campaign.as_deref(), sequence.holdout, sequence.salt.as_str()), expected, "{parts}");
    }
}
