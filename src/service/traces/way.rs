//! A sampled record's way through the process: what happened when, and the spans that this becomes once it is committed.
//!
//! Invariant: nothing is told of a batch that was rolled back. Its records come again, and are told of then.

use std::time::SystemTime;

use opentelemetry::KeyValue;
use opentelemetry::trace::{SpanContext, SpanKind, Status};
use rdkafka::message::Message;

use crate::engine::step::Outcome;
use crate::processor::batch::{Batch, OutTopic};
use crate::processor::stage::Stage;
use crate::service::broker::Position;
use crate::service::traces::context::{headers, next};
use crate::service::traces::tracer::{Begun, Span, Tracer, messaging, place};

/// Most ways of one partition in one transaction.
const MOST: usize = 256;
/// Most stages of one record that are told of.
const MOST_STAGES: usize = 64;

/// One record.
#[derive(Clone, Debug)]
pub struct Way {
    from: Position,
    /// The span of its processing, which is the parent of all others.
    span: Begun,
    begun: SystemTime,
    worked: SystemTime,
    stages: Vec<(Stage, SystemTime)>,
    /// What it caused, each with its span.
    sent: Vec<(OutTopic, SpanContext)>,
}

impl Way {
    /// A record has come, if it is sampled.
    pub fn follow(tracer: &Tracer, message: &impl Message, topic: usize) -> Option<Self> {
        let from = Position { topic, partition: message.partition() as u32, offset: message.offset() };
        tracer.sampled(message).map(|span| Self::begin(from, span))
    }

    fn begin(from: Position, span: Begun) -> Self {
        let now = SystemTime::now();
        Self { from, span, begun: now, worked: now, stages: Vec::new(), sent: Vec::new() }
    }

    /// A stage has ended.
    pub fn passed(&mut self, stage: Stage) {
        if self.stages.len() < MOST_STAGES {
            self.stages.push((stage, SystemTime::now()));
        }
    }

    /// All work is done: the records from the one at `first` on came of it, and each tells so in its headers, but dead
    /// letters, whose headers are all named by their schema.
    fn caused(&mut self, batch: &mut Batch, first: usize) {
        self.worked = SystemTime::now();
        batch.head(first, |topic| {
            let span = next(&self.span.own);
            let told = if topic == OutTopic::DeadLetters { Vec::new() } else { headers(&span) };
            self.sent.push((topic, span));
            told
        });
    }

    fn tell(self, tracer: &Tracer, handed_over: SystemTime, committed: SystemTime) {
        let Self { from, span: Begun { own, parent }, begun, worked, stages, sent } = self;
        let topics = tracer.topics();
        let inside = |name: &'static str, time, attributes| {
            let parent = Some((own.span_id(), false));
            let (kind, status) = (SpanKind::Internal, Status::Unset);
            tracer.tell(Span { own: next(&own), parent, kind, name: name.into(), time, attributes, status });
        };
        let mut since = begun;
        for (stage, at) in stages {
            match stage {
                Stage::Decoded => inside("decode", (since, at), Vec::new()),
                Stage::Stepped(outcome) => inside("step", (since, at), became(outcome)),
            }
            since = at;
        }
        for (topic, span) in sent {
            let name = topics.outputs.get(topic as usize).map_or("", String::as_str);
            tracer.tell(Span {
                own: span,
                parent: Some((own.span_id(), false)),
                kind: SpanKind::Producer,
                name: format!("send {name}").into(),
                time: (worked, committed),
                attributes: messaging(("send", "send"), name),
                status: Status::Unset,
            });
        }
        inside("wait for transaction", (worked, handed_over), Vec::new());
        inside("commit", (handed_over, committed), Vec::new());
        let name = topics.inputs.get(from.topic).map_or("", String::as_str);
        let mut attributes = messaging(("process", "process"), name);
        attributes.extend(place(&topics.group, from.partition, from.offset));
        tracer.tell(Span {
            own,
            parent: parent.map(|parent| (parent, true)),
            kind: SpanKind::Consumer,
            name: format!("process {name}").into(),
            time: (begun, committed),
            attributes,
            status: Status::Unset,
        });
    }
}

/// What became of an event, as an attribute.
fn became(outcome: Outcome) -> Vec<KeyValue> {
    let (outcome, reason) = match outcome {
        Outcome::Applied => ("applied", None),
        Outcome::AppliedBut(reason) => ("applied", Some(reason)),
        Outcome::Duplicate => ("duplicate", None),
        Outcome::Erased => ("erased", None),
        Outcome::Forwarded => ("forwarded", None),
        Outcome::Rejected(reason) => ("rejected", Some(reason)),
        Outcome::Closing | Outcome::Closed => ("closed", None),
    };
    let outcome = KeyValue::new("churnwatch.event.outcome", outcome);
    let reason = reason.map(|reason| KeyValue::new("churnwatch.event.reason", reason.words()));
    [outcome].into_iter().chain(reason).collect()
}

/// The ways of one partition: those of the open batch, and those of the one whose transaction is under way.
#[derive(Debug, Default)]
pub struct Ways {
    open: Vec<Way>,
    sealed: Option<(SystemTime, Vec<Way>)>,
}

impl Ways {
    /// The way of a record that is followed; where there is no room for one more, it goes on as one that is not sampled.
    pub fn admit(&self, followed: Option<(Way, &Tracer)>) -> Option<Way> {
        followed.filter(|(_, tracer)| self.have_room(tracer)).map(|(way, _)| way)
    }

    fn have_room(&self, tracer: &Tracer) -> bool {
        let have_room = self.open.len() < MOST;
        if !have_room {
            tracer.give_up();
        }
        have_room
    }

    /// All work on a record is done, and the records from the one at `first` on came of it: it is remembered until it is
    /// committed.
    pub fn worked(&mut self, mut way: Way, batch: &mut Batch, first: usize) {
        way.caused(batch, first);
        self.push(way);
    }

    fn push(&mut self, way: Way) {
        self.open.push(way);
    }

    /// The open batch is handed over.
    pub fn seal(&mut self) {
        let open = std::mem::take(&mut self.open);
        self.sealed = (!open.is_empty()).then(|| (SystemTime::now(), open));
    }

    /// What was handed over is committed.
    pub fn committed(&mut self, tracer: &Tracer) {
        if let Some((handed_over, ways)) = self.sealed.take() {
            let now = SystemTime::now();
            for way in ways {
                way.tell(tracer, handed_over, now);
            }
        }
    }

    /// Nothing of it was, and everything comes again.
    pub fn roll_back(&mut self) {
        self.open.clear();
        self.sealed = None;
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};

    use super::{MOST, Way, Ways};
    use crate::config::load::check;
    use crate::processor::batch::{Batch, OutTopic};
    use crate::service::broker::Position;
    use crate::service::telemetry::rekey::RekeyMetrics;
    use crate::service::traces::tracer::{Begun, Topics, Tracer};

    fn tracer(metrics: &RekeyMetrics) -> Tracer {
        // Nobody listens at port 9.
        let settings = check(serde_json::json!({ "tracing": { "endpoint": "http://127.0.0.1:9" } })).unwrap();
        let topics = Topics { group: "g".into(), inputs: vec!["in".into()], outputs: [const { String::new() }; 6] };
        Tracer::start(&settings, topics, metrics.spans()).unwrap().unwrap()
    }

    fn way() -> Way {
        let own =
            SpanContext::new(TraceId::from(7), SpanId::from(7), TraceFlags::SAMPLED, false, TraceState::default());
        Way::begin(Position { topic: 0, partition: 0, offset: 1 }, Begun { own, parent: None })
    }

    fn lost(metrics: &RekeyMetrics, outcome: &str) -> u64 {
        let text = metrics.text(true);
        let prefix = format!("churnwatch_trace_spans_total{{outcome=\"{outcome}\"}} ");
        text.lines().find_map(|line| line.strip_prefix(&prefix)).unwrap().parse().unwrap()
    }

    #[test]
    fn only_what_a_record_caused_tells_of_it() {
        let (mut batch, mut way) = (Batch::new(), way());
        batch.add(OutTopic::Alerts, b"ann", |out| out.push(b'1'));
        let first = batch.len();
        batch.add(OutTopic::Alerts, b"bob", |out| out.push(b'2'));
        batch.add_tombstone(OutTopic::Risk, b"bob");
        batch.add_dead_letter(None, None, Vec::new());
        way.caused(&mut batch, first);
        let told: Vec<usize> = batch.iter().map(|record| record.headers.len()).collect();
        assert_eq!(told, [0, 1, 1, 0]);
        assert_eq!(way.sent.len(), 3, "each has a span of its own, the dead letter too");
        let parents: Vec<&[u8]> = batch.iter().skip(1).take(2).map(|record| &*record.headers[0].1).collect();
        assert_ne!(parents[0], parents[1]);
        assert_eq!(batch.iter().nth(1).unwrap().value, Some(&b"2"[..]), "what it says is the same");
    }

    #[test]
    fn what_is_rolled_back_is_not_told_and_too_much_is_given_up() {
        let metrics = RekeyMetrics::new().unwrap();
        let (tracer, mut ways) = (tracer(&metrics), Ways::default());
        ways.push(way());
        ways.seal();
        ways.push(way());
        ways.roll_back();
        ways.seal();
        ways.committed(&tracer);
        (0..MOST).for_each(|_| ways.push(way()));
        assert_eq!([0; 3].map(|_| ways.have_room(&tracer)), [false; 3]);
        assert_eq!(lost(&metrics, "dropped"), 3);
        ways.roll_back();
        assert!(ways.have_room(&tracer));
        ways.push(way());
        ways.seal();
        ways.committed(&tracer);
        tracer.end();
        // Of the one that was committed: its processing, its wait and its commit.
        assert_eq!((lost(&metrics, "failed"), lost(&metrics, "exported")), (3, 0));
    }
}
