//! A partition from end to end: events in, records out, each read back by whoever reads it.

use std::sync::{Arc, LazyLock};

use churnwatch::config::load::check;
use churnwatch::config::playbook;
use churnwatch::config::toml_file::read_bytes;
use churnwatch::engine::alerting::policy::Policy;
use churnwatch::engine::day::{Day, Millis};
use churnwatch::engine::scoring::model::Model;
use churnwatch::processor::batch::{Batch, OutRecord, OutTopic};
use churnwatch::processor::setup::{Progress, Setup, Time};
use churnwatch::processor::topology::Processor;
use churnwatch::wire::alert_line::{opened_alert, warning};
use churnwatch::wire::artifact::Artifact;
use churnwatch::wire::dead_letter::pairs;
use churnwatch::wire::event::RawRecord;
use churnwatch::wire::letter::{LetterRecord, Place};
use churnwatch::wire::outcome_facts::facts;
use churnwatch::wire::outcome_lines::opening;
use serde_json::{Map, Value};

/// 2025-10-01: a life of ten months fits before it.
const UNTIL: Day = Day(20_362);
/// Most events of one run: closes take time.
const EVENTS: usize = 32;

static SETUP: LazyLock<Arc<Setup>> = LazyLock::new(|| {
    let settings = check(Value::Object(Map::new())).expect("the defaults").until(Some(UNTIL));
    let mut setup = settings.setup(1);
    let file = include_bytes!("../../../deploy/playbook.toml").to_vec();
    let playbook = read_bytes("playbook", file)
        .and_then(|value| playbook::from_value(value, setup.locale.currency, &setup.policy.segments))
        .expect("the example");
    // 2024-12-01.
    setup.rules.earliest = Millis(1_733_011_200_000);
    let thresholds = Some([0.3, 0.5, 0.7]);
    setup.policy = Arc::new(Policy { thresholds, holdout_share: 0.3, playbook, ..(*setup.policy).clone() });
    Arc::new(setup)
});

static MODEL: LazyLock<Arc<Model>> = LazyLock::new(|| {
    let artifact = Artifact::read(include_bytes!("../../../models/default.json")).expect("the default model");
    Arc::new(artifact.model().expect("the default model"))
});

pub(super) fn processor() -> Processor {
    Processor::new(SETUP.clone(), 0, MODEL.clone())
}

/// Lines are events, each under the key that it asks for.
pub(super) fn partition(bytes: &[u8]) {
    let (mut processor, mut batch) = (processor(), Batch::new());
    let wall = Millis(i64::from(UNTIL.0) * 86_400_000);
    for (offset, line) in bytes.split(|byte| *byte == b'\n').take(EVENTS).enumerate() {
        let value = serde_json::from_slice::<Value>(line).ok();
        let key = value.as_ref().and_then(|value| value.get("customer_id")?.as_str()).unwrap_or_default();
        let record = RawRecord::new(Some(key.as_bytes()), Some(line), wall);
        processor.process(0, offset as i64, &record, wall, &mut batch);
        let time = Time { wall, at_end: &[false], source_alive: true };
        while processor.advance(&time, &mut batch) == Progress::More {}
    }
    while processor.advance(&Time { wall, at_end: &[true], source_alive: true }, &mut batch) == Progress::More {}
    processor.flush(&mut batch);
    let mut restored = self::processor();
    for record in batch.iter() {
        if record.topic == OutTopic::Profiles {
            restored.restore(record.key.expect("a key"), record.value).expect("what was written is restored");
        } else {
            readable(&record, wall);
        }
    }
    assert_eq!(state(&restored), state(&processor), "another state after a restart");
    for profile in processor.profiles_json(Some(UNTIL.plus(-1))) {
        assert!(profile.is_object());
    }
}

fn readable(record: &OutRecord<'_>, wall: Millis) {
    let value = record.value.unwrap_or_default();
    match record.topic {
        OutTopic::Outcomes => {
            facts(value).expect("an outcome");
            opening(value).expect("an outcome");
        }
        OutTopic::Alerts => {
            let told = warning(value).expect("an alert");
            assert_eq!(opened_alert(value, SETUP.locale.currency).is_some(), told.is_some());
        }
        OutTopic::DeadLetters => {
            let letter = LetterRecord::read(Place { partition: 0, offset: 0 }, wall, pairs(record.headers));
            assert!(matches!(letter, LetterRecord::Letter(_)));
        }
        OutTopic::Risk if record.value.is_some() => {
            serde_json::from_slice::<Value>(value).expect("JSON");
        }
        OutTopic::Risk | OutTopic::Profiles | OutTopic::Events => {}
    }
}

/// Everything that a restart must bring back.
fn state(processor: &Processor) -> (Vec<String>, String) {
    let mut customers: Vec<String> =
        processor.engine().state().iter().map(|(_, customer)| format!("{customer:?}")).collect();
    customers.sort();
    (customers, format!("{:?} {:?}", processor.engine().clock(), processor.offsets()))
}
