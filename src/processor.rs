//! The topology: one partition's records and the time go in, the encoded records of one transaction come out.
//!
//! Replay, the simulation, the tests and the service all run this one type; it never talks to Kafka, files or clocks.

// API SKETCH (to be implemented; signatures are the contract for the rooms above):
//
// pub struct Setup { rules: EventRules, policy: Policy, settings_digest: u64, input_topics: Vec<String>, partitions: u32, clock: ClockMode, until: Option<Day> .. }
//
// pub struct InputRecord<'a> { pub topic: usize /* index into Setup.input_topics */, pub offset: i64,
//     pub key: Option<&'a [u8]>, pub value: Option<&'a [u8]>, pub timestamp: Millis /* the record's Kafka timestamp */ }
//
// pub enum OutTopic { Profiles, Alerts, Risk, Outcomes, DeadLetters }
// pub struct OutRecord<'a> { pub topic: OutTopic, pub key: &'a [u8], pub value: Option<&'a [u8]> /* None: tombstone */,
//     pub headers: &'a [(&'static str, Box<[u8]>)] /* dead letters only; else empty */ }
// pub struct Batch { .. }  // encoded records in one reused buffer
// impl Batch { pub fn new() -> Self; pub fn iter(&self) -> impl Iterator<Item = OutRecord<'_>>; pub fn len(&self) -> usize; pub fn clear(&mut self); }
//
// pub struct Time { pub wall: Millis, pub at_end: bool /* every input topic of the partition is read to its end */, pub source_alive: bool }
// pub enum Progress { Idle, More }
//
// impl Processor {
//   pub fn new(setup: Arc<Setup>, partition: u32, model: Arc<Model>) -> Self;
//   pub fn restore(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<(), RestoreError>;      // one changelog record, in offset order
//   pub fn restored(&mut self) -> Result<Vec<Option<i64>>, RestoreError>;   // all read: next offset per input topic, None = never read
//   pub fn process(&mut self, record: &InputRecord, wall: Millis, batch: &mut Batch);   // one record; call only while !closing()
//   pub fn closing(&self) -> bool;       // a close is under way: call advance (and flush/commit in between as you like) before process
//   pub fn advance(&mut self, time: &Time, batch: &mut Batch) -> Progress;  // closes at most 5,000 customers; More: call again
//   pub fn flush(&mut self, batch: &mut Batch);   // changelog of each touched customer once, and the partition record
//   pub fn committed(&mut self);
//   pub fn rolled_back(&mut self);       // back to the state of the last committed()
//   pub fn customer_json(&self, customer: &str) -> Option<serde_json::Value>;   // profile as JSON, design §12
//   pub fn stats(&self) -> &Stats;       // counters for metrics: events by type, dead letters by reason, alerts by transition/band/tier, suppressed by reason, closes, customers, closed day
// }
