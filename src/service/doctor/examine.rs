//! The examination: every check in a thread of its own, and all of them over in time, whatever hangs.
//!
//! Invariant: whoever collects waits for nobody longer than [`LONGEST`]; a check that is not there by then is a finding.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, Instant};

use rdkafka::error::KafkaError;

use crate::config::settings::Settings;
use crate::engine::day::Millis;
use crate::service::doctor::finding::{Checked, UNFINISHED, failed};
use crate::service::doctor::logs::{Look, Lookers};
use crate::service::doctor::report::Report;
use crate::service::doctor::time_left::TimeLeft;
use crate::service::doctor::topics::{Presence, Role, Topic, Topics};
use crate::service::doctor::{
    brokers, clocks, configuration, consumers, groups, letters, memory, model, pages, permissions, rights,
    schema_registry, service, state, topics, topics_check, transactions,
};
use crate::service::fault::ServiceFault;
use crate::service::kafka::client::end;
use crate::service::kafka::models::{Promoted, read};
use crate::service::kafka::topics::asker;
use crate::service::pulse::Pulse;
use crate::wire::artifact::Artifact;
use crate::wire::shapes::doctor::Check;

/// By then the report is there.
const LONGEST: Duration = Duration::from_secs(28);
/// By then every look is over that keeps its bounds.
const LOOKS: Duration = Duration::from_secs(24);
/// From the first look at what moves to the second, and to a third where something stands. A dead writer's transaction is
/// ended within 14 s.
const SECOND: Duration = Duration::from_secs(2);
const THIRD: Duration = Duration::from_secs(15);
/// How long reading the promotions may take.
const PROMOTIONS: Duration = Duration::from_secs(8);

/// What all checks know.
struct Patient {
    settings: Settings,
    configured: Result<Artifact, String>,
    now: Millis,
    time: TimeLeft,
}

/// Where a check hands in what it has.
type Tell = Sender<Checked>;

/// Looks at everything. `configured` is the model of the configuration. A fault only where no client can be made.
pub fn examine(settings: Settings, configured: Result<Artifact, String>) -> Result<Report, ServiceFault> {
    end(asker(&settings)?);
    let (begun, now) = (Instant::now(), now());
    let patient = Arc::new(Patient { settings, configured, now, time: TimeLeft::of(LOOKS) });
    let (tell, told) = mpsc::channel();
    start(&patient, &tell, |patient, tell| {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let _ = tell.send(configuration::judge(&patient.settings, cores));
    });
    start(&patient, &tell, |patient, tell| {
        let _ = tell.send(schema_registry::judge(&patient.settings, patient.time));
    });
    start(&patient, &tell, kafka);
    drop(tell);
    let checks = collect(&told, TimeLeft::of(LONGEST));
    Ok(Report { time: now, took: begun.elapsed(), checks })
}

fn now() -> Millis {
    Millis(jiff::Timestamp::now().as_millisecond())
}

/// Starts a thread. One that can't be started, or that ends before its time, hands nothing in.
fn start(patient: &Arc<Patient>, tell: &Tell, work: impl FnOnce(&Arc<Patient>, &Tell) + Send + 'static) {
    let (patient, tell) = (patient.clone(), tell.clone());
    let _ = std::thread::Builder::new().name("doctor".into()).spawn(move || work(&patient, &tell));
}

/// Every check, as far as it is there in time.
fn collect(told: &Receiver<Checked>, time: TimeLeft) -> Vec<Checked> {
    let mut all = BTreeMap::new();
    while all.len() < Check::ALL.len()
        && let Ok(checked) = told.recv_timeout(time.bound(LONGEST))
    {
        all.insert(checked.check, checked);
    }
    let hangs = |check| Checked::new(check, "did not end", vec![UNFINISHED.found("", "it did not end in time", &[])]);
    Check::ALL.into_iter().map(|check| all.remove(&check).unwrap_or_else(|| hangs(check))).collect()
}

/// The brokers first, then the topics, then all that rests on both.
fn kafka(patient: &Arc<Patient>, tell: &Tell) {
    let (seen, answer) = brokers::look(&patient.settings);
    let _ = tell.send(brokers::judge(&seen));
    let Some((asker, metadata)) = answer else {
        let on_brokers = [
            Check::Topics,
            Check::Permissions,
            Check::Transactions,
            Check::Consumers,
            Check::Clocks,
            Check::State,
            Check::DeadLetters,
        ];
        for check in on_brokers {
            let _ = tell.send(Checked::skipped(check, NO_ANSWER));
        }
        start(patient, tell, |patient, tell| models(patient, None, tell));
        start(patient, tell, |patient, tell| running(patient, None, tell));
        return;
    };
    let topics = Arc::new(topics::look(&patient.settings, &asker, &metadata, patient.time));
    end(asker);
    let _ = tell.send(topics_check::judge(&topics));
    let with_topics = |work: fn(&Patient, &Topics, &Tell)| {
        let topics = topics.clone();
        start(patient, tell, move |patient, tell| work(patient, &topics, tell));
    };
    with_topics(allowed);
    with_topics(moving);
    with_topics(stand);
    with_topics(dead_letters);
    with_topics(|patient, topics, tell| models(patient, Some(topics), tell));
    with_topics(|patient, topics, tell| running(patient, topics.partitions(), tell));
}

/// Why what rests on brokers is skipped.
const NO_ANSWER: &str = "no broker answers";
/// Why what rests on topics is.
const NO_TOPIC: &str = "its topic is not there, or hidden from this user";

/// Why what rests on the group is.
const NO_GROUP: &str = "the group's offsets are not to be had; the permissions may say why";

/// What a fault of a look means: what this user may not do is told by the permissions.
fn fault(check: Check, fault: ServiceFault) -> Checked {
    match fault {
        ServiceFault::Setup(sentence) => Checked::skipped(check, sentence),
        other => failed(check, other),
    }
}

fn allowed(patient: &Patient, topics: &Topics, tell: &Tell) {
    let tries = permissions::look(&patient.settings, topics, patient.time);
    let _ = tell.send(tries.map_or_else(|error| fault(Check::Permissions, error), |tries| rights::judge(&tries)));
}

/// The topic of a role that is there.
fn only(topics: &Topics, role: Role) -> Option<&Topic> {
    topics.of(role).find(|topic| topic.presence == Presence::There)
}

fn stand(patient: &Patient, topics: &Topics, tell: &Tell) {
    let (settings, now) = (&patient.settings, patient.now);
    let _ = tell.send(match only(topics, Role::Changelog) {
        None => Checked::skipped(Check::State, NO_TOPIC),
        Some(changelog) => match state::look(settings, changelog, patient.time) {
            Err(error) => fault(Check::State, error),
            Ok(records) => state::judge(settings, changelog, &records, now),
        },
    });
}

fn dead_letters(patient: &Patient, topics: &Topics, tell: &Tell) {
    let _ = tell.send(match only(topics, Role::DeadLetters) {
        None => Checked::skipped(Check::DeadLetters, NO_TOPIC),
        Some(topic) => match letters::look(&patient.settings, topics, patient.now, patient.time) {
            Err(error) => fault(Check::DeadLetters, error),
            Ok(found) => letters::judge(&topic.name, &found),
        },
    });
}

/// The model is judged whether or not the promotions can be read; `topics`: those of a cluster that answers.
fn models(patient: &Patient, topics: Option<&Topics>, tell: &Tell) {
    let promoted = match topics {
        None => Err(ServiceFault::Setup(NO_ANSWER.into())),
        Some(topics) if only(topics, Role::Models).is_none() => Err(ServiceFault::Setup(NO_TOPIC.into())),
        Some(_) => promotions(&patient.settings, patient.time),
    };
    let models = model::Models { configured: patient.configured.clone(), promoted };
    let _ = tell.send(model::judge(&patient.settings, &models, patient.now));
}

/// The promotions; what would wait for a transaction is told to stop.
fn promotions(settings: &Settings, time: TimeLeft) -> Result<Promoted, ServiceFault> {
    let stop = Arc::new(AtomicBool::new(false));
    let (tell, told) = mpsc::channel();
    let (pulse, own) = (Pulse::new(stop.clone(), Instant::now()), settings.clone());
    let _ = std::thread::Builder::new().name("promotions".into()).spawn(move || tell.send(read(&own, &pulse)));
    let read = told.recv_timeout(time.bound(PROMOTIONS));
    stop.store(true, Ordering::Relaxed);
    read.unwrap_or_else(|_| {
        let topic = &settings.file.topics.models;
        Err(ServiceFault::Failed(format!("{topic} could not be read in {} s", PROMOTIONS.as_secs())))
    })
}

/// What the service says of itself.
fn running(patient: &Patient, partitions: Option<u32>, tell: &Tell) {
    let pages = pages::look(&patient.settings, patient.time);
    let _ = tell.send(service::judge(&pages));
    let _ = tell.send(memory::judge(&patient.settings, &pages, memory::look(), partitions));
}

/// What is told by whether it moves.
fn moving(patient: &Patient, topics: &Topics, tell: &Tell) {
    let checks = [Check::Transactions, Check::Consumers, Check::Clocks];
    if topics.places(|_| true).is_empty() {
        for check in checks {
            let _ = tell.send(Checked::skipped(check, "no topic is there"));
        }
        return;
    }
    let looked = Lookers::new(&patient.settings).and_then(|lookers| {
        let moved = moves(patient, topics, &lookers, tell);
        lookers.end();
        moved.map_err(|error| ServiceFault::kafka("asking for the ends of partitions", &error))
    });
    if let Err(error) = looked {
        let [first, others @ ..] = checks;
        let _ = tell.send(fault(first, error));
        for check in others {
            let _ = tell.send(Checked::skipped(check, "the look at transactions failed"));
        }
    }
}

fn moves(patient: &Patient, topics: &Topics, lookers: &Lookers, tell: &Tell) -> Result<(), KafkaError> {
    let (settings, time) = (&patient.settings, patient.time);
    let begun = now();
    let first = Look::take(lookers, topics, time)?;
    time.sleep(SECOND);
    let groups = groups::look(settings, &lookers.all, time);
    let mut last = Look::take(lookers, topics, time)?;
    let has_members = groups.as_ref().is_ok_and(|groups| !groups.members.is_empty());
    let stands = has_members && consumers::standing(&first, &last) > 0;
    if stands || !transactions::standing(&first, &last).is_empty() {
        time.sleep(THIRD.saturating_sub(first.at.elapsed()));
        last = Look::take(lookers, topics, time)?;
    }
    let _ = tell.send(transactions::judge(topics, &first, &last));
    let partitions = topics.partitions().unwrap_or_default() as usize;
    let _ = tell.send(match groups {
        Err(error) => failed(Check::Consumers, error),
        Ok(_) if only(topics, Role::Input).is_none() => Checked::skipped(Check::Consumers, "no input is there"),
        Ok(_) if last.committed.is_none() => Checked::skipped(Check::Consumers, NO_GROUP),
        Ok(groups) => consumers::judge(&groups, &first, &last, partitions),
    });
    let stamps = clocks::look(lookers, topics, (&first, &last), (begun, now()), time);
    let places = topics.places(|_| true).len();
    let _ = tell.send(match stamps {
        Err(error) => failed(Check::Clocks, error),
        Ok(stamps) => clocks::judge(&stamps, places),
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::{Duration, Instant};

    use super::collect;
    use crate::service::doctor::finding::Checked;
    use crate::service::doctor::time_left::TimeLeft;
    use crate::wire::shapes::doctor::{Check, CheckResult};

    #[test]
    fn what_hangs_is_a_finding_and_keeps_nobody_waiting() {
        let (tell, told) = mpsc::channel();
        tell.send(Checked::new(Check::Topics, "seven", Vec::new())).unwrap();
        let begun = Instant::now();
        let checks = collect(&told, TimeLeft::of(Duration::from_millis(200)));
        assert!(begun.elapsed() < Duration::from_secs(2));
        assert_eq!(checks.iter().map(|one| one.check).collect::<Vec<_>>(), Check::ALL);
        let results: Vec<CheckResult> = checks.iter().map(|one| one.result).collect();
        assert_eq!(results.iter().filter(|result| **result == CheckResult::Ok).count(), 1);
        let hangs = checks.iter().flat_map(|one| &one.findings).filter(|one| one.kind.code == "unfinished").count();
        assert_eq!(hangs, Check::ALL.len() - 1);
        drop(tell);
    }
}
