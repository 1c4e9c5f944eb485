//! Closes against a plain oracle: every profile is rebuilt from the raw events for every day, and the rules of bands,
//! episodes, cooldown, capacity and outcomes are written out a second time, slowly.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as it should be"
)]

#[path = "closes/oracle.rs"]
mod oracle;
mod support;

use std::collections::BTreeSet;
use std::sync::Arc;

use churnwatch::engine::alerting::band::Band;
use churnwatch::engine::alerting::playbook::{Playbook, Uplift};
use churnwatch::engine::alerting::policy::Policy;
use churnwatch::engine::alerting::segment::{Bounds, Segment, Segments};
use churnwatch::engine::alerting::value::Tier;
use churnwatch::engine::customer::{Tag, customer_hash};
use churnwatch::engine::day::{Day, Millis};
use churnwatch::engine::effect::Effect;
use churnwatch::engine::event::{Body, Event, Interaction, Manner};
use churnwatch::engine::money::Money;
use churnwatch::engine::partition::Engine;
use churnwatch::engine::scoring::model::Model;
use churnwatch::engine::step::{Input, Outcome};
use proptest::prelude::{ProptestConfig, Strategy, any, prop, prop_assert_eq, prop_oneof, proptest};

use oracle::by_oracle;
use support::logs::{Told, log, told};
use support::model::{attentive_model, model};

const DAYS: i32 = 130;
const MARGIN: f64 = 0.05;
const ENTER: [f64; 4] = [0.0, 0.55, 0.7, 0.85];
const BANDS: [&str; 4] = ["low", "watch", "high", "critical"];

/// Day, customer, what happened, highest band or amount: what both sides are compared by.
type Seen = (i32, String, String, String);

fn body() -> impl Strategy<Value = Body<'static>> {
    prop_oneof![
        6 => (1_i64..90_000).prop_map(|cents| Body::Purchase { order: None, amount: Money(cents), manner: Manner::default() }),
        1 => (1_i64..9_000).prop_map(|cents| Body::Refund { order: None, amount: Some(Money(cents)) }),
        3 => any::<bool>().prop_map(|view| Body::Interaction(if view { Interaction::ProductView } else { Interaction::Visit })),
    ]
}

fn stories(customers: usize) -> impl Strategy<Value = Vec<Told>> {
    prop::collection::vec((0..DAYS, 0..customers, body()), 20..90).prop_map(|told| {
        let told = told.into_iter().map(|(day, customer, body)| Told { day, customer: format!("c{customer}"), body });
        let mut told: Vec<Told> = told.collect();
        told.sort_by(|a, b| (a.day, &a.customer).cmp(&(b.day, &b.customer)));
        told
    })
}

/// By how many days each close comes late, so that events of later days are known already; over and over again.
fn lags() -> impl Strategy<Value = Vec<i32>> {
    prop::collection::vec(prop_oneof![3 => 0..1_i32, 1 => 1..4_i32], 1..40)
}

fn event(at: usize, told: &Told) -> Event<'_> {
    let time = Millis(i64::from(told.day) * 86_400_000 + at as i64);
    Event { tag: Tag::from_bits(at as u64 + 1), customer: &told.customer, time, day: Day(told.day), body: told.body }
}

/// Names of the segments, by what the oracle knows without scores of RFM.
const SEGMENTS: [&str; 4] = ["regular", "urgent", "quiet", "other"];
/// Purchase days of the first of them.
const REGULAR_DAYS: u32 = 3;
/// Silence of the third.
const QUIET_DAYS: i32 = 40;

fn segments() -> Segments {
    let [regular, urgent, quiet, other] = SEGMENTS.map(Segment::everybody);
    Segments(vec![
        Segment { purchase_days: Bounds::from(REGULAR_DAYS as i32), ..regular },
        Segment { bands: vec![Band::High, Band::Critical], ..urgent },
        Segment { recency_days: Bounds::from(QUIET_DAYS), ..quiet },
        other,
    ])
}

/// The margin that a warning adds, where the playbook ranks by it; of whom it does not name, [`OTHERS`].
fn named_uplift(tier: Tier, segment: &str) -> Option<i64> {
    match (tier, segment) {
        (Tier::Low, "regular" | "quiet") => Some(300),
        (Tier::Low, "urgent") | (Tier::High, "other") => Some(-100),
        (Tier::Mid, "urgent") => Some(200),
        (Tier::High, "quiet") => Some(400),
        _ => None,
    }
}
const OTHERS: i64 = 50;

/// `ranked`: the playbook says whom to serve first.
fn policy(capacity: Option<u32>, ranked: bool) -> Policy {
    let cells = Tier::ALL.into_iter().flat_map(|tier| SEGMENTS.map(|segment| (tier, segment)));
    let cells = cells.filter_map(|(tier, segment)| {
        named_uplift(tier, segment).map(|amount| ((tier, Tag::of(segment)), Money(amount)))
    });
    let uplift = ranked.then(|| Uplift { cells: cells.collect(), others: Money(OTHERS) });
    Policy {
        playbook: Playbook { uplift, ..Playbook::default() },
        segments: segments(),
        thresholds: Some([ENTER[1], ENTER[2], ENTER[3]]),
        exit_margin: MARGIN,
        dwell_days: 2,
        cooldown_days: 20,
        outcome_days: 15,
        capacity: [capacity; 3],
        immediate: 0,
        holdout_share: 0.0,
        ..Policy::default()
    }
}

/// The last day whose events are known when `day` closes: never less than at the close before.
fn known_until(day: i32, first: i32, lags: &[i32]) -> i32 {
    (first..=day).map(|day| day + lags[(day - first) as usize % lags.len()]).max().unwrap()
}

/// What the engine says, closing each day in steps of `budget` customers.
fn by_engine(
    told: &[Told],
    lags: &[i32],
    policy: Policy,
    model: Arc<Model>,
    budget: usize,
    mut between: impl FnMut(&mut Engine),
) -> Vec<Seen> {
    let mut engine = Engine::new(Arc::new(policy), model, 0, 1, b"secret");
    let mut effects = Vec::new();
    let mut seen = Vec::new();
    let mut rest = told.iter().enumerate().peekable();
    let (first, last) = (told.first().unwrap().day, told.last().unwrap().day);
    for day in first..last + 100 {
        let until = known_until(day, first, lags);
        while let Some((at, told)) = rest.next_if(|(_, told)| told.day <= until) {
            engine.step(Input::Event { event: &event(at, told), topic: 0, settles: Day(0) }, &mut effects);
        }
        let input = Input::Close { day: Day(day), stale: false, budget };
        loop {
            let outcome = engine.step(input, &mut effects);
            seen.extend(effects.drain(..).filter_map(|effect| seen_of(&effect)));
            if outcome == Outcome::Closed {
                break;
            }
            between(&mut engine);
        }
        between(&mut engine);
    }
    seen.sort();
    seen
}

fn seen_of(effect: &Effect) -> Option<Seen> {
    match effect {
        Effect::Alert(alert) => {
            let day = alert.moment.day().0;
            Some((day, alert.customer.to_string(), format!("{:?}", alert.transition), alert.band.name().to_owned()))
        }
        Effect::Matured(matured) => {
            Some((matured.day.0, matured.customer.to_string(), "Matured".into(), matured.window.net.0.to_string()))
        }
        Effect::Risk(_)
        | Effect::ForgetProfile { .. }
        | Effect::Merge { .. }
        | Effect::Merged { .. }
        | Effect::Forward { .. } => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    /// 120 shops of 18 customers: 2,160 customers in all, with a model that looks at visits too.
    #[test]
    fn the_engine_says_what_the_oracle_says(
        told in stories(18),
        lags in lags(),
        capacity in prop::option::of(0_u32..3),
        ranked in any::<bool>(),
        budget in 1_usize..30,
    ) {
        let oracle = by_oracle(&told, &lags, &policy(capacity, ranked), &attentive_model());
        let said = by_engine(&told, &lags, policy(capacity, ranked), attentive_model(), budget, |_| {});
        prop_assert_eq!(said, oracle);
    }

    /// A close that is cut by commits and by lost batches says in the end the same.
    #[test]
    fn an_interrupted_close_says_the_same(
        told in stories(12),
        lags in lags(),
        ranked in any::<bool>(),
        budget in 1_usize..5,
        stops in prop::collection::vec(any::<bool>(), 400),
    ) {
        let plain = by_engine(&told, &lags, policy(Some(2), ranked), model(), 5_000, |_| {});
        let mut stops = stops.into_iter();
        let cut = by_engine(&told, &lags, policy(Some(2), ranked), model(), budget, |engine| {
            engine.committed();
            if stops.next() == Some(true) {
                // Nothing since the commit: the close begins anew at the first customer.
                engine.roll_back();
            }
        });
        prop_assert_eq!(cut, plain);
    }
}

#[test]
fn the_shops_compared_do_open_calm_and_lapse() {
    let purchase = |day: i32, customer: i32| Told {
        day,
        customer: format!("c{customer}"),
        body: Body::Purchase { order: None, amount: Money(5_000), manner: Manner::default() },
    };
    let mut told: Vec<Told> = (0..18).map(|customer| purchase(customer, customer)).collect();
    let count = |said: &[Seen], what: &str| said.iter().filter(|(_, _, seen, _)| seen.starts_with(what)).count();
    let said = by_engine(&told, &[0], policy(None, false), attentive_model(), 7, |_| {});
    assert_eq!((count(&said, "Opened"), count(&said, "Lapsed")), (18, 18));
    // One of them looks round the shop eagerly once warned.
    let opened = said.iter().find(|(_, who, what, _)| who == "c0" && what == "Opened").unwrap().0;
    let visit = Told { day: opened + 2, customer: "c0".into(), body: Body::Interaction(Interaction::ProductView) };
    told.extend((0..40).map(|_| visit.clone()));
    told.sort_by_key(|told| told.day);
    let said = by_engine(&told, &[0], policy(None, false), attentive_model(), 7, |_| {});
    // It calms down, is warned about again after the cooldown, and lapses in the end.
    assert_eq!(["Opened", "Resolved(Score)", "Lapsed"].map(|what| count(&said, what)), [19, 1, 18]);
    assert_eq!(said, by_oracle(&told, &[0], &policy(None, false), &attentive_model()));
}

/// One place a day and two who compete for it: it goes to more value at risk, or by the playbook's table to more uplift.
#[test]
fn a_scarce_place_goes_by_value_at_risk_or_by_the_table() {
    let purchase = |day: i32, customer: &str, cents: i64| {
        let body = Body::Purchase { order: None, amount: Money(cents), manner: Manner::default() };
        Told { day, customer: customer.into(), body }
    };
    let told = [
        purchase(0, "dear", 900),
        purchase(0, "keen", 100),
        purchase(1, "keen", 100),
        purchase(2, "dear", 900),
        purchase(2, "keen", 100),
    ];
    for (ranked, order) in [(false, ["dear", "keen"]), (true, ["keen", "dear"])] {
        let policy = Policy { thresholds: Some([0.0, 0.998, 0.999]), ..policy(Some(1), ranked) };
        let said = by_engine(&told, &[0], policy, model(), 7, |_| {});
        let opened: Vec<(i32, &str)> =
            said.iter().filter(|(.., what, _)| what == "Opened").map(|(day, who, ..)| (*day, who.as_str())).collect();
        assert_eq!(opened[..2], [(9, order[0]), (10, order[1])], "{opened:?}");
    }
}

/// The same comparison over every `every`th customer of a real log.
fn compare(name: &str, every: u64) {
    let Some(path) = log(name) else { return };
    let told = told(&path, |customer| customer_hash(customer).is_multiple_of(every));
    let customers = told.iter().map(|told| &told.customer).collect::<BTreeSet<_>>().len();
    let by_rank = [false, true].map(|ranked| {
        let oracle = by_oracle(&told, &[0, 0, 2, 1], &policy(Some(1), ranked), &model());
        println!("{name}: {customers} customers, {} events, {} transitions compared", told.len(), oracle.len());
        assert!(customers > 40 && oracle.len() > 100);
        assert_eq!(by_engine(&told, &[0, 0, 2, 1], policy(Some(1), ranked), model(), 7, |_| {}), oracle);
        oracle
    });
    assert_ne!(by_rank[0], by_rank[1], "the ranking decides nothing here");
}

#[test]
fn a_sample_of_cdnow_is_warned_as_the_oracle_warns() {
    compare("cdnow.csv.gz", 400);
}

#[test]
fn a_sample_of_online_retail_is_warned_as_the_oracle_warns() {
    compare("online_retail_ii.csv.gz", 100);
}
