//! Whether the report finds effects that are known, claims none where there is none, and says when it can't know.
//! Here episodes are drawn as such, without a service: a thousand shops in a minute, a year of looks, arms that drift.
//! `tests/effect_chain.rs` asks fewer shops through the whole chain. `cargo test --test effect -- --nocapture` prints the
//! figures of docs/effect.md.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as it should be"
)]

mod support;

use churnwatch::effect_study::boundary::Spending;
use churnwatch::effect_study::contrast::contrast;
use churnwatch::effect_study::episode::{Episode, side};
use churnwatch::effect_study::goals::Goals;
use churnwatch::effect_study::periods::Period;
use churnwatch::effect_study::ranking::Advice;
use churnwatch::effect_study::report::{Report, Verdict, plain_half_width, report};
use churnwatch::effect_study::sequence::looks;

use support::draw::Draw;
use support::responses::{Responses, TrueShare, helpful, study};

const DAYS: i32 = 60;

/// How many shops are tried; `CHURNWATCH_SEEDS` asks for more.
fn seeds() -> u64 {
    std::env::var("CHURNWATCH_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(100)
}

/// Returns 12, 16 and 20 % by action against 10 % in the holdout: acting adds 6 points on average.
#[test]
fn a_known_uplift_lies_in_the_interval_and_the_interval_is_narrow() {
    let (truth, spending) = (0.06, Spending::yearly());
    let (mut last, mut always, mut shown) = (0_u64, 0_u64, 0_u64);
    let (mut widths, mut ratios, mut whole_ratios) = (0.0, 0.0, 0.0);
    for seed in 0..seeds() {
        let study = Responses::uniform([0.12, 0.16, 0.20], 0.10).study(DAYS, seed);
        let looks = looks(&study, &spending);
        let holds = |interval: [f64; 2]| interval[0] <= truth && truth <= interval[1];
        let enough: Vec<_> = looks.iter().filter(|look| look.enough).map(|look| look.returns).collect();
        let newest = enough.last().unwrap();
        last += u64::from(holds(newest.interval()));
        always += u64::from(enough.iter().all(|look| holds(look.interval())));
        shown += u64::from(newest.interval()[0] > 0.0);
        let whole = contrast(study.episodes.iter(), study.customers, Episode::came_back);
        let half_width = newest.bound * newest.contrast.error;
        widths += half_width / seeds() as f64;
        ratios += half_width / plain_half_width(&newest.contrast) / seeds() as f64;
        whole_ratios += half_width / plain_half_width(&whole) / seeds() as f64;
    }
    println!(
        "known uplift of 6 points, {} seeds: in the last look's interval {last}, in every look's {always}, shown above 0 {shown}; half-width {:.2} points, {ratios:.3} times the plain formula's at the look's size, {whole_ratios:.3} times at all {DAYS} days'",
        seeds(),
        widths * 100.0
    );
    assert!(always * 10 >= seeds() * 9 && last * 10 >= seeds() * 9);
    assert!(ratios <= 1.5 && whole_ratios <= 1.5);
}

#[test]
fn no_effect_is_rarely_claimed_at_any_weekly_look() {
    let spending = Spending::yearly();
    let cases = [("60 days", DAYS, 0.0), ("a year of looks at customers who differ and come again", 52 * 7, 1.0)];
    for (name, days, unlike) in cases {
        let claims = |seed: u64| {
            let study = Responses { unlike, ..Responses::uniform([0.10; 3], 0.10) }.study(days, 1_000 + seed);
            looks(&study, &spending).iter().any(|look| {
                let [low, high] = look.returns.interval();
                low > 0.0 || high < 0.0
            })
        };
        let claimed = (0..seeds()).filter(|seed| claims(*seed)).count() as u64;
        println!("no effect, {name}, {} seeds: {claimed} ever claimed one at a weekly look", seeds());
        assert!(claimed * 10 <= seeds(), "{claimed}");
    }
}

/// The report of a study, without goals.
fn reported(study: &churnwatch::effect_study::episode::Study) -> Report {
    report(study, &Spending::yearly(), &Goals::default(), Period::Week)
}

#[test]
fn little_data_give_no_verdict() {
    let responses = Responses { per_day: 10, ..Responses::uniform([0.12, 0.16, 0.20], 0.10) };
    let small = reported(&responses.study(DAYS, 1));
    assert_eq!((small.verdict, small.ranking.advice), (Verdict::NotEnoughData, Advice::NotAsked));
    assert_eq!(small.detectable, [None, None]);
    assert!(!small.look.unwrap().returns.interval()[0].is_finite());
    let large = reported(&Responses::uniform([0.12, 0.16, 0.20], 0.10).study(DAYS, 1));
    assert_eq!(large.verdict, Verdict::Helps);
    let harmful = reported(&Responses::uniform([0.02; 3], 0.15).study(DAYS, 1));
    assert_eq!(harmful.verdict, Verdict::Harms);
}

/// Arms drawn as recorded are rarely called unlike; arms that drift from it are, also where the drift evens out.
#[test]
fn arms_that_drift_are_noticed() {
    let drifts: [(&str, TrueShare); 3] = [
        ("as recorded", |_| 0.1),
        ("7 % held out instead of 10", |_| 0.07),
        ("5 % in the first half, 15 % in the second", |day| if day < 28 { 0.05 } else { 0.15 }),
    ];
    for (name, true_share) in drifts {
        let found = |seed: &u64| {
            let responses = Responses { true_share, ..Responses::uniform([0.12, 0.16, 0.20], 0.10) };
            // Arms stay for half a year, so only customers who are new in the second half show another share.
            reported(&responses.study(DAYS, 2_000 + seed)).verdict == Verdict::ArmsDoNotMatch
        };
        let noticed = (0..20).filter(found).count();
        println!("arms {name}: noticed in {noticed} of 20 seeds");
        assert!(if name == "as recorded" { noticed == 0 } else { noticed >= 18 }, "{name}: {noticed}");
    }
}

/// The error against the slowest code there is: every pair of episodes of one customer, looked for among all.
#[test]
fn clustered_errors_are_those_of_slow_code() {
    let mut draw = Draw::new(7);
    let responses = Responses { per_day: 5, ..Responses::uniform([0.3, 0.5, 0.6], 0.4) };
    let mut episodes: Vec<Episode> = (0..80).flat_map(|day| responses.day(day, "slow", &mut draw)).collect();
    for episode in &mut episodes {
        episode.opening.customer %= 60;
        episode.opening.propensity = if episode.opening.customer % 2 == 0 { 0.9 } else { 0.6 };
    }
    let study = study(episodes);
    let fast = contrast(study.episodes.iter(), 60, |episode| episode.margin);
    let weight = |episode: &Episode| {
        let propensity = episode.opening.propensity;
        1.0 / if side(episode.opening.arm) == 0 { propensity } else { 1.0 - propensity }
    };
    let arm = |at: usize| study.episodes.iter().filter(move |episode| side(episode.opening.arm) == at);
    let weights = [0, 1].map(|at| arm(at).map(weight).sum::<f64>());
    let means = [0, 1].map(|at| arm(at).map(|episode| weight(episode) * episode.margin).sum::<f64>() / weights[at]);
    let pull = |episode: &Episode| {
        let at = side(episode.opening.arm);
        let pull = weight(episode) * (episode.margin - means[at]) / weights[at];
        if at == 0 { pull } else { -pull }
    };
    let mut square = 0.0;
    for one in &study.episodes {
        let same = study.episodes.iter().filter(|other| other.opening.customer == one.opening.customer);
        square += same.map(|other| pull(one) * pull(other)).sum::<f64>();
    }
    let error = (square * 60.0 / 59.0).sqrt();
    assert!((fast.error - error).abs() < 1e-9 * error, "{} {error}", fast.error);
    assert!((fast.difference - (means[0] - means[1])).abs() < 1e-12);
}

/// Held-out customers whom somebody contacted all the same are counted, and stay where the draw put them.
#[test]
fn the_exposed_are_counted_and_never_left_out() {
    let mut study = Responses::uniform([0.12, 0.16, 0.20], 0.10).study(DAYS, 3);
    let before = reported(&study);
    for episode in study.episodes.iter_mut().filter(|episode| side(episode.opening.arm) == 1).take(17) {
        episode.contacted = true;
    }
    let after = reported(&study);
    assert_eq!((before.exposed, after.exposed), (0, 17));
    assert_eq!(before.look, after.look);
}

/// Acting helps one segment alone, so that ranking by uplift wins; where it helps all alike, or all of a tier, whose places
/// nobody else competes for, that is not claimed.
#[test]
fn ranking_by_uplift_is_recommended_only_where_it_wins() {
    let advice =
        |helped: fn(&Episode) -> bool, seed: u64| reported(&helpful(DAYS, 4_000 + seed, helped)).ranking.advice;
    let recommended =
        |helped: fn(&Episode) -> bool| (0..20).filter(|seed| advice(helped, *seed) == Advice::Recommended).count();
    let segment = recommended(|episode| episode.segment.as_deref() == Some("loyal"));
    let [low, all] = [recommended(|episode| episode.tier.name() == "low"), recommended(|_| true)];
    println!(
        "ranking by uplift recommended in {segment} of 20 seeds where it wins, in {low} where acting helps a tier, in {all} where it helps all alike"
    );
    assert!(segment >= 18 && low <= 1 && all <= 1, "{segment} {low} {all}");
}

/// Each year is a study of its own, and the year before is told.
#[test]
fn a_second_year_begins_anew_and_tells_of_the_first() {
    let report = reported(&Responses::uniform([0.12, 0.16, 0.20], 0.10).study(53 * 7, 5));
    let (look, before) = (report.look.unwrap(), report.year_before.unwrap());
    assert_eq!([(look.year, look.number), (before.year, before.number)], [(2, 1), (1, 52)]);
    assert!(!look.enough && before.returns.interval()[0] > 0.03);
    assert_eq!(report.verdict, Verdict::NotEnoughData);
}
