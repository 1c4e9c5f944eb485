//! A configuration of its own on the shared broker, and the program run as its user runs it.

pub(crate) mod compared;

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use churnwatch::config::load::load;
use churnwatch::config::settings::Settings;
use churnwatch::engine::day::Millis;
use churnwatch::processor::topology::Processor;
use churnwatch::service::kafka::models::read;
use churnwatch::service::pulse::Pulse;
use churnwatch::wire::artifact::Artifact;
use churnwatch::wire::calendar::day_text;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, AlterConfig, ResourceSpecifier};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Headers, Message};
use rdkafka::{Offset, TopicPartitionList};
use std::sync::Arc;

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_churnwatch");

/// One configuration with topics of its own.
pub(crate) struct Bench {
    folder: tempfile::TempDir,
    config: PathBuf,
    brokers: String,
}

/// Partition, key, value and headers of a record.
type Committed = (i32, Vec<u8>, Option<Vec<u8>>, BTreeMap<String, String>);

/// A running `serve`.
pub(crate) struct Replica {
    child: Child,
}

impl Replica {
    /// A `serve` that was started.
    pub(crate) fn of(child: Child) -> Self {
        Self { child }
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends a signal: TERM, STOP, CONT.
    pub(crate) fn signal(&self, signal: &str) {
        let sent = Command::new("sh").arg("-c").arg(format!("kill -{signal} {}", self.child.id())).status();
        assert!(sent.unwrap().success());
    }

    /// The most memory that it ever had, in MiB.
    pub(crate) fn peak_mib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches("kB").trim().parse::<u64>().unwrap() / 1_024
    }

    /// Its exit code, or the negative signal that it died of, if it has ended.
    pub(crate) fn ended(&mut self) -> Option<i32> {
        let code = |status: ExitStatus| status.code().unwrap_or_else(|| -status.signal().unwrap());
        self.child.try_wait().unwrap().map(code)
    }

    /// SIGTERM; it must end well within ten seconds.
    pub(crate) fn terminate(&mut self) {
        let asked = Instant::now();
        self.signal("TERM");
        let status = self.child.wait().unwrap();
        assert!(status.success(), "SIGTERM ended with {status}");
        assert!(asked.elapsed() < Duration::from_secs(10), "draining took {:?}", asked.elapsed());
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Bench {
    /// With the event clock, up to `until`.
    pub(crate) fn new(brokers: &str, name: &str, until: &str) -> Self {
        let more = format!("[time]\nclock = \"event\"\nuntil = \"{until}\"\n[http]\nlisten = \"127.0.0.1:0\"\n");
        Self::with(brokers, name, &more)
    }

    /// With these tables besides `[kafka]` and `[topics]`.
    pub(crate) fn with(brokers: &str, name: &str, more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("churnwatch.toml");
        let tag = format!("{name}-{}", std::process::id());
        let text = format!(
            "[kafka]\nbrokers = \"{brokers}\"\ngroup_id = \"{tag}\"\n\
             [topics]\nevents = [\"{tag}.events\"]\nalerts = \"{tag}.alerts\"\nrisk = \"{tag}.risk\"\noutcomes = \"{tag}.outcomes\"\n\
             profiles = \"{tag}.profiles\"\ndead_letters = \"{tag}.dead\"\nmodels = \"{tag}.models\"\n{more}"
        );
        std::fs::write(&config, text).unwrap();
        Self { folder, config, brokers: brokers.into() }
    }

    /// Commits as often as the broker lets it: many transactions of a short log.
    pub(crate) fn commit_often(&self) {
        let text = std::fs::read_to_string(&self.config).unwrap();
        std::fs::write(&self.config, text.replacen("[kafka]", "[kafka]\ncommit_interval_ms = 5", 1)).unwrap();
    }

    /// Names a topic beside the others, as they are named.
    pub(crate) fn add_topic(&self, role: &str) {
        let text = std::fs::read_to_string(&self.config).unwrap();
        let tag = &self.settings().file.kafka.group_id;
        std::fs::write(&self.config, text.replacen("[topics]", &format!("[topics]\n{role} = \"{tag}.{role}\""), 1))
            .unwrap();
    }

    /// Adds tables to the configuration.
    pub(crate) fn configure(&self, more: &str) {
        let text = std::fs::read_to_string(&self.config).unwrap();
        std::fs::write(&self.config, text + more).unwrap();
    }

    /// A client with a property or two of its own.
    pub(crate) fn client(&self, properties: &[(&str, &str)]) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.brokers);
        for (name, value) in properties {
            config.set(*name, *value);
        }
        config
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The configuration file.
    pub(crate) fn path(&self) -> &Path {
        &self.config
    }

    /// Sets one property of a topic.
    pub(crate) fn alter(&self, topic: &str, property: &str, value: &str) {
        let admin: AdminClient<DefaultClientContext> = self.client(&[]).create().unwrap();
        let change = AlterConfig::new(ResourceSpecifier::Topic(topic)).set(property, value);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let altered = runtime.block_on(admin.alter_configs([&change], &AdminOptions::new())).unwrap();
        for result in altered {
            result.unwrap();
        }
    }

    /// Runs a command to its end: exit code, and what it said on standard error.
    pub(crate) fn run(&self, arguments: &[&str]) -> (i32, String) {
        let output = Command::new(PROGRAM).args(arguments).arg("--config").arg(&self.config).output().unwrap();
        (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&output.stderr).into_owned())
    }

    pub(crate) fn topics(&self, partitions: u32) {
        let (code, said) = self.run(&["topics", "create", "--partitions", &partitions.to_string()]);
        assert_eq!(code, 0, "{said}");
    }

    pub(crate) fn publish(&self, path: &Path) {
        let (code, said) = self.run(&["publish", path.to_str().unwrap()]);
        assert_eq!(code, 0, "{said}");
    }

    pub(crate) fn serve(&self) -> Replica {
        self.serve_at(0)
    }

    /// Serves with HTTP on this port of the loopback, if it is not 0.
    pub(crate) fn serve_at(&self, port: u16) -> Replica {
        let listen = (port > 0).then(|| ("CHURNWATCH_HTTP__LISTEN", format!("127.0.0.1:{port}")));
        self.serve_with(listen)
    }

    /// Serves with these variables in the environment.
    pub(crate) fn serve_with(&self, variables: impl IntoIterator<Item = (&'static str, String)>) -> Replica {
        self.serve_into(Stdio::inherit(), variables)
    }

    /// The same, with its log somewhere.
    pub(crate) fn serve_into(
        &self,
        log: impl Into<Stdio>,
        variables: impl IntoIterator<Item = (&'static str, String)>,
    ) -> Replica {
        let child = Command::new(PROGRAM)
            .envs(variables)
            .args(["serve", "--log-level", "warn", "--config"])
            .arg(&self.config)
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        Replica::of(child)
    }

    pub(crate) fn settings(&self) -> Settings {
        load(Some(&self.config)).unwrap()
    }

    /// Every committed record of a topic: partition, key, value, headers.
    pub(crate) fn committed(&self, topic: &str) -> Vec<Committed> {
        let properties = [
            ("group.id", "comparison"),
            ("isolation.level", "read_committed"),
            ("enable.partition.eof", "true"),
            ("enable.auto.commit", "false"),
        ];
        let consumer: BaseConsumer = self.client(&properties).create().unwrap();
        let metadata = consumer.fetch_metadata(Some(topic), Duration::from_secs(10)).unwrap();
        let count = metadata.topics()[0].partitions().len();
        let mut assignment = TopicPartitionList::new();
        for partition in 0..count {
            assignment.add_partition_offset(topic, partition as i32, Offset::Beginning).unwrap();
        }
        consumer.assign(&assignment).unwrap();
        let (mut records, mut ended) = (Vec::new(), 0);
        while ended < count {
            match consumer.poll(Duration::from_secs(20)) {
                Some(Ok(message)) => {
                    let headers = message.headers().map(|headers| {
                        let text =
                            |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned();
                        headers.iter().map(|header| (header.key.to_owned(), text(header.value))).collect()
                    });
                    let key = message.key().unwrap_or_default().to_vec();
                    let value = message.payload().map(<[u8]>::to_vec);
                    records.push((message.partition(), key, value, headers.unwrap_or_default()));
                }
                Some(Err(rdkafka::error::KafkaError::PartitionEOF(_))) => ended += 1,
                other => panic!("reading {topic}: {other:?}"),
            }
        }
        records
    }

    /// Partitions that nothing has happened in.
    pub(crate) fn fresh(&self, partitions: u32) -> Vec<Processor> {
        let setup = Arc::new(self.settings().setup(partitions));
        let model = include_bytes!("../../models/default.json");
        let model = Arc::new(Artifact::read(model).unwrap().model().unwrap());
        (0..partitions).map(|number| Processor::new(setup.clone(), number, model.clone())).collect()
    }

    /// The partitions as the changelog has them.
    pub(crate) fn restored(&self, partitions: u32) -> Vec<Processor> {
        let (profiles, mut processors) = (self.settings().file.topics.profiles, self.fresh(partitions));
        for (partition, key, value, _) in self.committed(&profiles) {
            processors[partition as usize].restore(&key, value.as_deref()).unwrap();
        }
        self.ready(processors)
    }

    /// The same partitions with all records read.
    pub(crate) fn ready(&self, mut processors: Vec<Processor>) -> Vec<Processor> {
        let schedule = Arc::new(read(&self.settings(), &Pulse::free()).unwrap().schedule());
        for processor in &mut processors {
            processor.offer(schedule.clone());
            assert_eq!(processor.restored(Millis(0)), []);
        }
        processors
    }

    /// Waits until every partition has closed through `day`.
    pub(crate) fn wait_until_closed(&self, partitions: u32, day: &str) {
        let deadline = Instant::now() + Duration::from_mins(5);
        while !self.closed_through(partitions, day) {
            assert!(Instant::now() < deadline, "not closed through {day}");
            std::thread::sleep(Duration::from_secs(1));
        }
    }

    /// Whether every partition has closed through `day`.
    pub(crate) fn closed_through(&self, partitions: u32, day: &str) -> bool {
        let closed = self.restored(partitions).into_iter().map(|one| one.closed_day().map(day_text));
        closed.into_iter().all(|closed| closed.as_deref().is_some_and(|closed| closed >= day))
    }

    /// Whether so many customers are there, and every partition that has any is closed through `day`.
    pub(crate) fn closed_through_where_anybody_is(&self, partitions: u32, day: &str, customers: usize) -> bool {
        let all = self.restored(partitions);
        let closed = |one: &Processor| one.closed_day().is_some_and(|closed| day_text(closed).as_str() >= day);
        all.iter().map(Processor::customers).sum::<usize>() == customers
            && all.iter().all(|one| one.customers() == 0 || closed(one))
    }
}

/// Writes a generated shop that ends before `end` into the bench's folder.
pub(crate) fn shop(bench: &Bench, customers: &str, days: &str, end: &str, seed: u64) -> PathBuf {
    let path = bench.folder().join("shop.jsonl");
    let generated = Command::new(PROGRAM)
        .args(["generate", "--customers", customers, "--days", days, "--end", end, "--seed", &seed.to_string()])
        .arg("--output")
        .arg(&path)
        .status();
    assert!(generated.unwrap().success());
    path
}
