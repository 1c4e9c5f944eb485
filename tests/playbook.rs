//! What is recommended for whom, what a warning says would clear it, and what a playbook may not say.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as it should be"
)]

mod support;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use churnwatch::config::load::load;
use churnwatch::config::playbook::playbook;
use churnwatch::engine::alerting::playbook::{Playbook, Situation, Terms};
use churnwatch::engine::alerting::policy::Policy;
use churnwatch::engine::alerting::segment::Segments;
use churnwatch::engine::alerting::value::Tier;
use churnwatch::engine::customer::Tag;
use churnwatch::engine::day::Millis;
use churnwatch::engine::money::Money;
use churnwatch::engine::rfm::style::Style;
use churnwatch::processor::batch::{Batch, OutTopic};
use churnwatch::processor::setup::{Progress, Setup, Time};
use churnwatch::processor::topology::Processor;
use churnwatch::wire::event::RawRecord;
use iso_currency::Currency;
use serde_json::{Value, json};

use support::model::attentive_model;
use support::shop::{END, Line, lines};

fn example() -> Playbook {
    playbook(&Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/playbook.toml"), Currency::CNY, &Segments::default())
        .unwrap()
}

/// Every tier, and none or one of each segment, cause and style that the example knows.
fn situations(playbook: &Playbook) -> Vec<Situation> {
    let some = |tags: &dyn Fn(usize) -> Vec<Tag>| -> Vec<Option<Tag>> {
        let tags = (0..playbook.rules.len()).flat_map(tags).map(Some);
        std::iter::once(None).chain(tags).collect()
    };
    let segments = some(&|at| playbook.rules[at].segments.clone());
    let causes = some(&|at| playbook.rules[at].causes.clone());
    let mut all = Vec::new();
    for tier in Tier::ALL {
        for segment in &segments {
            for cause in &causes {
                for style in Style::ALL {
                    all.push(Situation { tier, segment: *segment, cause: *cause, style });
                }
            }
        }
    }
    all
}

#[test]
fn the_example_has_an_action_for_everybody_and_uses_every_rule() {
    let playbook = example();
    let mut used: BTreeMap<&str, u32> = BTreeMap::new();
    for situation in situations(&playbook) {
        let (rule, _, _) = playbook.draw(&situation, Money(10_000), 0.5).unwrap();
        *used.entry(&rule.name).or_default() += 1;
    }
    assert_eq!(used.len(), playbook.rules.len(), "{used:?}");
}

/// Price terms hang on the class of the offer and the value at risk, on nothing else that is known of a customer.
#[test]
fn alike_customers_are_offered_alike() {
    let playbook = example();
    let mut offered: BTreeMap<(String, i64), Vec<(String, u32)>> = BTreeMap::new();
    for situation in situations(&playbook) {
        for value in [0, 900, 12_345, 5_000_000] {
            for ticket in 0..20 {
                let drawn = playbook.draw(&situation, Money(value), f64::from(ticket) / 20.0);
                let (_, action, recommended) = drawn.unwrap();
                let Some(offer) = &action.offer else { continue };
                let terms = (format!("{:?}", offer.terms), recommended.points);
                let alike = offered.entry((offer.class.to_string(), value)).or_default();
                if !alike.contains(&terms) {
                    alike.push(terms);
                }
                if let (Terms::Points(points), Some(cap)) = (offer.terms, action.cost_cap) {
                    assert!(f64::from(recommended.points) * points.point_value <= cap.0 as f64);
                }
            }
        }
    }
    assert!(offered.len() > 4, "{offered:?}");
    assert!(offered.values().all(|terms| terms.len() == 1), "{offered:?}");
}

fn setup() -> Arc<Setup> {
    let mut setup = load(None).unwrap().until(Some(END)).setup(1);
    let policy = Policy { holdout_share: 0.3, playbook: example(), ..(*setup.policy).clone() };
    setup.policy = Arc::new(policy);
    Arc::new(setup)
}

/// The records of `topic` that the lines lead to.
fn told(shop: &[Line], topic: OutTopic) -> Vec<Value> {
    let (mut processor, mut batch) = (Processor::new(setup(), 0, attentive_model()), Batch::new());
    let wall = Millis(i64::MAX / 2);
    for (offset, (customer, value)) in shop.iter().enumerate() {
        let record = RawRecord::new(Some(customer.as_bytes()), Some(value), wall);
        processor.process(0, offset as i64, &record, wall, &mut batch);
        while processor.advance(&Time { wall, at_end: &[false], source_alive: true }, &mut batch) == Progress::More {}
    }
    while processor.advance(&Time { wall, at_end: &[true], source_alive: true }, &mut batch) == Progress::More {}
    let records = batch.iter().filter(|record| record.topic == topic);
    records.map(|record| serde_json::from_slice(record.value.unwrap()).unwrap()).collect()
}

fn text<'a>(record: &'a Value, pointer: &str) -> Option<&'a str> {
    record.pointer(pointer).and_then(Value::as_str)
}

/// The action is drawn before the arm, so both arms got each action alike, and the draw follows the weights.
#[test]
fn actions_are_drawn_by_weight_in_both_arms() {
    let outcomes = told(&lines(600, 500, 11), OutTopic::Outcomes);
    let mut drawn: BTreeMap<(String, String, String), f64> = BTreeMap::new();
    let mut weights: BTreeMap<(String, String), f64> = BTreeMap::new();
    for outcome in outcomes.iter().filter(|outcome| text(outcome, "/type") == Some("churnwatch.outcome.opened")) {
        let of = |name: &str| text(outcome, &format!("/data/{name}")).unwrap().to_owned();
        let (rule, action) = (of("rule"), of("action"));
        weights.insert((rule.clone(), action.clone()), outcome["data"]["action_probability"].as_f64().unwrap());
        *drawn.entry((of("arm"), rule, action)).or_default() += 1.0;
    }
    let mut checked = 0;
    for arm in ["treated", "holdout"] {
        for ((rule, action), weight) in &weights {
            let of_rule: f64 =
                drawn.iter().filter(|((of, known, _), _)| of == arm && known == rule).map(|(_, count)| count).sum();
            let count = drawn.get(&(arm.to_owned(), rule.clone(), action.clone())).copied().unwrap_or_default();
            let deviation = (weight * (1.0 - weight) * of_rule).sqrt();
            assert!(
                (count - weight * of_rule).abs() <= 4.0 * deviation + 1e-9,
                "{arm} {rule} {action}: {count} of {of_rule}"
            );
            checked += usize::from(of_rule > 50.0);
        }
    }
    assert!(checked >= 4, "{checked} cells of some size");
}

/// The same lines, and three who look in at three in the morning, so that every day closes before the next one's noon.
fn with_ticks(shop: Vec<Line>) -> Vec<Line> {
    let mut ticked = Vec::new();
    let mut today = String::new();
    for line in shop {
        let value: Value = serde_json::from_slice(&line.1).unwrap();
        let day = value["time"].as_str().unwrap()[..10].to_owned();
        if day != today {
            for tick in 0..3 {
                let (customer, time) = (format!("tick-{tick}"), format!("{day}T03:00:00Z"));
                let id = format!("{customer}-{day}");
                let visit = json!({"id": id, "type": "visit", "customer_id": customer, "time": time});
                ticked.push((customer, visit.to_string().into_bytes()));
            }
            today = day;
        }
        ticked.push(line);
    }
    ticked
}

/// The same lines, and the customer does `kind` at noon of `day`.
fn with_event(shop: &[Line], customer: &str, kind: &str, day: &str) -> Vec<Line> {
    let time = format!("{day}T12:00:00Z");
    let mut event = json!({"id": "hoped-for", "type": kind, "customer_id": customer, "time": time});
    if kind == "survey" {
        event["score"] = json!(10);
        event["scale"] = json!(10);
    }
    let at = shop.partition_point(|(_, value)| {
        let line: Value = serde_json::from_slice(value).unwrap();
        line["time"].as_str().unwrap() < time.as_str()
    });
    let mut lines = shop.to_vec();
    lines.insert(at, (customer.to_owned(), event.to_string().into_bytes()));
    lines
}

#[test]
fn what_is_said_to_clear_a_warning_clears_it_and_nothing_else_does() {
    let shop = with_ticks(lines(40, 400, 5));
    let opened = told(&shop, OutTopic::Alerts);
    let ended_by_score = |alerts: &[Value], episode: &str| {
        alerts.iter().any(|alert| {
            text(alert, "/data/episode_id") == Some(episode)
                && text(alert, "/type") == Some("churnwatch.alert.resolved")
                && text(alert, "/data/cause") == Some("score")
        })
    };
    let (mut cleared, mut stayed) = (0, 0);
    for alert in opened.iter().filter(|alert| text(alert, "/type") == Some("churnwatch.alert.opened")) {
        let (episode, customer) = (text(alert, "/data/episode_id").unwrap(), text(alert, "/subject").unwrap());
        // At a close the next day's events are the next to count; the alert's time is the midnight before it.
        let next_day = &text(alert, "/time").unwrap()[..10];
        let day = text(alert, "/data/day").unwrap();
        let busy = shop.iter().any(|(of, value)| {
            of == customer && [day, next_day].iter().any(|day| String::from_utf8_lossy(value).contains(day))
        });
        if busy || ended_by_score(&opened, episode) || day == next_day {
            continue;
        }
        let said: Vec<&str> = alert["data"]["clears"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        for kind in ["visit", "product_view", "cart", "survey"] {
            let wanted = said.contains(&kind);
            let seen = if wanted { &mut cleared } else { &mut stayed };
            if *seen >= 12 {
                continue;
            }
            let alerts = told(&with_event(&shop, customer, kind, next_day), OutTopic::Alerts);
            let resolved_next_day = alerts.iter().any(|alert| {
                text(alert, "/data/episode_id") == Some(episode)
                    && text(alert, "/data/cause") == Some("score")
                    && text(alert, "/data/day") == Some(next_day)
            });
            assert_eq!(resolved_next_day, wanted, "{kind} on {next_day}: {alert}");
            *seen += 1;
        }
        assert!(said.contains(&"purchase"));
    }
    assert!(cleared >= 8 && stayed >= 8, "{cleared} cleared, {stayed} stayed");
}

/// Exit code and standard error of `config check` with this playbook.
fn check(text: &str) -> (i32, String) {
    check_with(text, "")
}

/// The same with more in the configuration.
fn check_with(text: &str, more: &str) -> (i32, String) {
    let folder = tempfile::tempdir().unwrap();
    let (config, playbook) = (folder.path().join("churnwatch.toml"), folder.path().join("playbook.toml"));
    std::fs::write(&playbook, text).unwrap();
    let text = format!("[kafka]\nbrokers = \"localhost:9092\"\n[playbook]\npath = \"{}\"\n{more}", playbook.display());
    std::fs::write(&config, text).unwrap();
    let program = env!("CARGO_BIN_EXE_churnwatch");
    let output = Command::new(program).args(["config", "check", "--config"]).arg(&config).output().unwrap();
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// A playbook with priced and unpriced actions, and these rules.
fn with_rules(rules: &str) -> String {
    let action = "owner = \"sales\"\ndeadline_days = 3\nen = \"Write\"\nzh = \"致信\"\nchannel = \"mail\"\n";
    format!(
        "[offers.discount]\npercent = 10\n[offers.service]\n[actions.cheaper]\n{action}offer = \"discount\"\n\
         [actions.compare]\n{action}[actions.help]\n{action}offer = \"service\"\n{rules}"
    )
}

#[test]
fn style_alone_never_decides_who_is_offered_a_price() {
    let everybody = "[[rules]]\nname = \"everybody\"\n";
    let discount = "weights = { cheaper = 0.5, compare = 0.5 }\n";
    let unpriced = "weights = { help = 0.5, compare = 0.5, cheaper = 0 }\n";
    let rational = "[[rules]]\nname = \"comparers\"\nstyle = [\"rational\"]\n";
    let says = |rule: &str, other: &str| {
        format!(
            "playbook: rules.{rule}: offers discount, but customers who differ in their style alone go {other}: price terms must not hang on how a customer decides"
        )
    };
    let to = |rule: &str| format!("to the rule \"{rule}\"");
    // The rule by style offers the price; it leaves those whom the next rule offers it; the others have no rule.
    for (rules, sentence) in [
        (format!("{rational}{discount}{everybody}{unpriced}"), says("comparers", &to("everybody"))),
        (format!("{rational}{unpriced}{everybody}{discount}"), says("everybody", &to("comparers"))),
        (format!("{rational}{discount}"), says("comparers", "to no rule")),
        (
            format!("{rational}tier = [\"high\"]\n{unpriced}{everybody}tier = [\"high\", \"low\"]\n{discount}"),
            says("everybody", &to("comparers")),
        ),
    ] {
        let (code, err) = check(&with_rules(&rules));
        assert_eq!((code, err.trim()), (64, format!("churnwatch: {sentence}").as_str()), "{rules}");
    }
    // Style chooses between unpriced rules, among customers whom no priced rule is for, or a cause decides.
    for rules in [
        format!("{rational}{unpriced}{everybody}{unpriced}"),
        format!("[[rules]]\ntier = [\"high\"]\n{discount}{rational}{unpriced}"),
        format!("{rational}tier = [\"low\"]\n{unpriced}{everybody}tier = [\"high\"]\n{discount}"),
        format!("[[rules]]\ncause = [\"delivery\"]\n{discount}{rational}{unpriced}"),
    ] {
        assert_eq!(check(&with_rules(&rules)), (0, String::new()), "{rules}");
    }
}

/// A segment that is defined by style is style by another name, and so is every segment after it.
#[test]
fn segments_by_style_decide_no_price_either() {
    let discount = "[[rules]]\nname = \"a\"\nsegment = [\"NAME\"]\nweights = { cheaper = 1 }\n";
    let table = "[[segments]]\nname = \"big\"\ntier = [\"high\"]\n[[segments]]\nname = \"quick\"\nstyle = [\"impulsive\"]\n\
        [[segments]]\nname = \"rest\"\n";
    for (segment, refused) in [("big", false), ("quick", true), ("rest", true)] {
        let (code, err) = check_with(&with_rules(&discount.replace("NAME", segment)), table);
        assert_eq!(code, if refused { 64 } else { 0 }, "{segment}: {err}");
        assert_eq!(err.contains("rules.a: offers discount"), refused, "{err}");
    }
}

#[test]
fn every_fault_of_a_playbook_is_told_at_once() {
    let action = "channel = \"phone\"\nowner = \"sales\"\ndeadline_days = 3\nen = \"Call\"\nzh = \"致电\"\n";
    let (code, err) = check(&format!("[actions.call]\n{action}[[rules]]\nweights = {{ call = 1 }}\n"));
    assert_eq!(code, 0, "{err}");
    let faulty = format!(
        "[offers.points]\npercent = 10\npercent_of_value_at_risk = 120\nat_most = 5000\npoint_value = \"0.01\"\n\
         [offers.gift]\namount = \"5\"\n\
         [actions.call]\n{action}offer = \"points\"\ncost_cap = \"20\"\n\
         [actions.mail]\n{action}offer = \"discount\"\ncost_cap = \"much\"\n\
         [[rules]]\nname = \"a\"\ntier = [\"golden\"]\nstyle = [\"dreamy\"]\nweights = {{ call = 0.5, visit = 0.4 }}\n\
         [[rules]]\nname = \"a\"\nweights = {{ }}\n"
    );
    let (code, err) = check(&faulty);
    assert_eq!(code, 64);
    for sentence in [
        "offers.points.percent: is no term of points",
        "offers.points.percent_of_value_at_risk: must be above 0 and at most 100 percent",
        "offers.gift.amount: only the classes points, discount and voucher have price terms",
        "actions.call.cost_cap: is less than the offer may cost",
        "actions.mail.offer: \"discount\" is no offer of this playbook: known are gift, points",
        "actions.mail.cost_cap: \"much\" is no amount of CNY",
        "rules.a.tier: \"golden\" is no tier",
        "rules.a.style: \"dreamy\" is no style",
        "rules.a.weights: \"visit\" is no action of this playbook: known are call, mail",
        "rules.a.weights: sum to 0.9, must sum to 1",
        "rules.a: two rules have this name",
        "rules.a.weights: name at least one action",
    ] {
        assert!(err.contains(&format!("playbook: {sentence}")), "{sentence} is not in\n{err}");
    }
    let (code, err) = check("[actions.call]\nchanel = \"phone\"\n");
    assert_eq!(code, 64);
    assert!(err.contains("playbook: actions.call.chanel: unknown key; did you mean \"channel\"?"), "{err}");
    assert!(check("").1.contains("playbook: "));
}

/// Whom to serve first is read with its amounts, and every fault of it told.
#[test]
fn the_table_of_uplifts_is_read_or_refused() {
    let rule = "[[rules]]\nweights = { help = 1 }\n";
    let table = "[uplift]\nothers = \"1.205\"\n[uplift.high]\nchampion = \"5.1\"\nlost = \"-12\"\n[uplift.low]\n";
    let folder = tempfile::tempdir().unwrap();
    let read = |text: &str, currency| {
        let path = folder.path().join("playbook.toml");
        std::fs::write(&path, with_rules(&format!("{rule}{text}"))).unwrap();
        playbook(&path, currency, &Segments::default()).unwrap().uplift
    };
    let uplift = read(table, Currency::CNY).unwrap();
    let of = |tier, segment| uplift.of(tier, Some(Tag::of(segment))).0;
    assert_eq!([of(Tier::High, "champion"), of(Tier::High, "lost"), of(Tier::Low, "lost")], [510, -1_200, 120]);
    assert_eq!(read(table, Currency::JPY).unwrap().others, Money(1));
    assert_eq!(read("", Currency::CNY), None);
    assert_eq!(check(&with_rules(&format!("{rule}{table}"))), (0, String::new()));
    for (faulty, sentences) in [
        (
            "[uplift]\nothers = \"much\"\nhigh = { vip = \"1\", new = \"\" }\nlow = { gold = \"1,5\" }\n",
            vec![
                "uplift.others: \"much\" is no amount of CNY, such as \"5.00\" or \"-0.50\"",
                "uplift.high.new: \"\" is no amount of CNY",
                "uplift.low.gold: \"1,5\" is no amount of CNY",
                "uplift.high.vip: is for a segment that there is not: known are lost, lapsed, new,",
                "uplift.low.gold: is for a segment that there is not",
            ],
        ),
        (
            "[uplift]\nothers = \"1\"\nmiddle = { new = \"1\" }\n[uplift.high]\nnew = 5\n",
            vec!["uplift.middle: unknown key; did you mean \"mid\"?", "uplift.high.new: must be of type string"],
        ),
        ("[uplift.high]\nnew = \"5\"\n", vec!["uplift: must have \"others\""]),
        ("[uplift]\nothers = \"99999999999999999999\"\n", vec!["uplift.others: \"99999999999999999999\" is no amount"]),
    ] {
        let (code, err) = check(&with_rules(&format!("{rule}{faulty}")));
        assert_eq!(code, 64, "{faulty}");
        for sentence in sentences {
            assert!(err.contains(&format!("playbook: {sentence}")), "{sentence} is not in\n{err}");
        }
        assert!(!err.contains("rules."), "{err}");
    }
}
