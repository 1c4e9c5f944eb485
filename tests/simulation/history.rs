//! What a simulated life is given: the events of a small shop, with copies, disorder, late ones and things that are no
//! events, and a company's settings.

use churnwatch::config::load::load;
use churnwatch::config::settings::Settings;
use churnwatch::engine::alerting::policy::Policy;
use churnwatch::engine::day::Day;
use churnwatch::processor::setup::Setup;
use churnwatch::shop::event_json::{customer_id, write_json};
use churnwatch::shop::generator::{Shop, ShopSettings};

use crate::cluster::Input;
use crate::support::draw::Draw;

const DAY_MILLIS: i64 = 86_400_000;

/// The day after the last of every simulated shop.
pub(crate) const END: Day = Day(20_300);

/// The records in the order of their arrival, each with the instant at which it arrives.
pub(crate) fn history(draw: &mut Draw, seed: u64) -> Vec<(i64, Input)> {
    let customers = 5 + draw.below(8) as u32;
    let days = 110 + draw.below(90) as u32;
    let mut shop = Shop::new(ShopSettings { customers, days, seed, end: END });
    let mut arrivals = Vec::new();
    while let Some(events) = shop.next_day() {
        for event in events {
            let mut value = Vec::new();
            write_json(event, "CNY", &mut value);
            let key = customer_id(event.customer).into_bytes();
            // Most come at once, some within days, a few beyond what may still change a profile.
            let delay = match draw.below(40) {
                0..34 => draw.below(60_000) as i64,
                34..39 => draw.below(20 * DAY_MILLIS as u64) as i64,
                _ => (36 + draw.below(20) as i64) * DAY_MILLIS,
            };
            let at = event.time.0 + delay;
            let input = Input { key: Some(key.clone()), value, timestamp: at };
            if draw.below(15) == 0 {
                arrivals.push((at + draw.below(3 * DAY_MILLIS as u64) as i64, input.clone()));
            }
            arrivals.push((at, input));
            if draw.below(60) == 0 {
                arrivals.push((at, oddity(draw, &key, event.time.0)));
            }
        }
    }
    arrivals.sort_by_key(|(at, _)| *at);
    // Nothing arrives after the end, where everything is closed.
    let end = i64::from(END.0) * DAY_MILLIS - 1;
    for (at, _) in &mut arrivals {
        *at = (*at).min(end);
    }
    arrivals
}

/// Records that are no events, and rare ones.
fn oddity(draw: &mut Draw, key: &[u8], time: i64) -> Input {
    let customer = String::from_utf8_lossy(key);
    let (key, value) = match draw.below(6) {
        0 => (Some(key.to_vec()), b"{".to_vec()),
        1 => (None, b"{\"id\":\"x\"}".to_vec()),
        2 => (
            Some(b"other".to_vec()),
            format!(r#"{{"id":"k","type":"visit","customer_id":"{customer}","time":{time}}}"#).into_bytes(),
        ),
        3 => (
            Some(key.to_vec()),
            format!(r#"{{"id":"f{time}","type":"forget","customer_id":"{customer}","time":{time}}}"#).into_bytes(),
        ),
        4 => (
            Some(key.to_vec()),
            format!(
                r#"{{"id":"y{time}","type":"visit","customer_id":"{customer}","time":{}}}"#,
                time + 400 * DAY_MILLIS
            )
            .into_bytes(),
        ),
        _ => (
            Some(key.to_vec()),
            format!(r#"{{"id":"c{time}","type":"complaint","customer_id":"{customer}","time":{time}}}"#).into_bytes(),
        ),
    };
    Input { key, value, timestamp: time }
}

/// A company's settings.
pub(crate) fn policy(draw: &mut Draw, setup: &Setup) -> Policy {
    // Places for immediate openings go by the order of events, which several inputs do not fix.
    let one_input = setup.input_topics.len() == 1;
    let capacity = [(); 3].map(|()| (one_input && draw.below(2) == 0).then(|| draw.below(3) as u32));
    Policy {
        capacity,
        dwell_days: 1 + draw.below(3) as i32,
        holdout_share: draw.below(3) as f64 * 0.2,
        publish_from: (draw.below(3) == 0).then(|| Day(END.0 - draw.below(120) as i32)),
        thresholds: Some([0.45, 0.6, 0.8]),
        // Who comes too late for a full partition goes by the order of events too.
        max_customers: (one_input && draw.below(4) == 0).then(|| 2 + draw.below(4) as usize),
        ..(*setup.policy).clone()
    }
}

/// The configuration.
pub(crate) fn settings(draw: &mut Draw, topics: usize) -> Settings {
    let mut settings = load(None).unwrap().until(None);
    settings.file.topics.events = (0..topics).map(|number| format!("events-{number}")).collect();
    settings.file.kafka.commit_interval_ms = 50 + draw.below(400);
    settings
}
