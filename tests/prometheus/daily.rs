//! A service by the wall clock, in one partition with room for twenty customers, and the faults of its daily life.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::{BaseProducer, Producer};
use rdkafka::{Offset, TopicPartitionList};

use crate::bench::{Bench, PROGRAM, Replica};
use crate::broker::Nodes;
use crate::feed::{Coming, Feed};
use crate::server::Server;

const CONFIG: &str = "[time]\nsource_silence = \"4s\"\n[service]\ninstance = \"daily\"\nmax_customers_per_partition = 20\n[http]\nlisten = \"127.0.0.1:0\"\n";
/// Longest dead letter that is taken while transactions are to fail; its ordinary bound.
const SMALL: &str = "300";
const ORDINARY: &str = "1048588";
/// The file of a control group that says how much memory it may have.
const LIMIT: &str = "memory.max";

/// The service and what is done to it.
pub(crate) struct Daily<'a> {
    nodes: &'a Nodes,
    bench: Bench,
    port: u16,
    replica: Replica,
    feed: Feed,
}

/// A mount that only the process itself sees.
const UNSHARE: [&str; 2] = ["--map-root-user", "--mount"];

/// Starts the service with `groups` for its control groups, as a container runtime does.
fn serve(bench: &Bench, port: u16) -> Replica {
    let groups = bench.folder().join("groups");
    let log = std::fs::File::options().create(true).append(true).open(bench.folder().join("log")).unwrap();
    let child = Command::new("unshare")
        .args(UNSHARE)
        .args(["sh", "-c"])
        .args([r#"mount --bind "$1" /sys/fs/cgroup && shift && exec "$@""#, "sh"])
        .arg(groups)
        .args([PROGRAM, "serve", "--log-level", "warn", "--config"])
        .arg(bench.path())
        .env("CHURNWATCH_HTTP__LISTEN", format!("127.0.0.1:{port}"))
        .stdout(Stdio::null())
        .stderr(log)
        .spawn();
    Replica::of(child.unwrap())
}

fn allow(groups: &Path, limit: &str) {
    std::fs::write(groups.join(LIMIT), limit).unwrap();
}

/// What the service said is of use where a test stops.
impl Drop for Daily<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = std::fs::read_to_string(self.bench.folder().join("log")).unwrap_or_default();
            println!("the service's log ends:\n{}", &log[log.len().saturating_sub(4_000)..]);
        }
    }
}

impl<'a> Daily<'a> {
    pub(crate) fn start(nodes: &'a Nodes, port: u16) -> Self {
        let may = Command::new("unshare").args(UNSHARE).arg("true").status();
        assert!(may.is_ok_and(|status| status.success()), "unshare {UNSHARE:?}: be root, or allow user namespaces");
        let bench = Bench::with(&nodes.brokers, "daily", CONFIG);
        bench.topics(1);
        let groups = bench.folder().join("groups");
        std::fs::create_dir(&groups).unwrap();
        allow(&groups, "max");
        let (replica, feed) = (serve(&bench, port), Feed::start(&bench, Coming::Late));
        Self { nodes, bench, port, replica, feed }
    }

    /// Every fault, several at a time where they do not hide one another.
    pub(crate) fn faults(&mut self, server: &Server) {
        self.a_day_stays_open_and_everything_fills_up(server);
        self.the_source_falls_silent_and_then_sends_nonsense(server);
        self.no_transaction_is_taken(server);
        self.the_service_is_fenced_and_its_broker_slow(server);
        self.the_service_dies_and_comes_back(server);
    }

    /// The same, ended as it should.
    pub(crate) fn end(&mut self) {
        self.replica.terminate();
    }

    fn value(&self, server: &Server, metric: &str) -> Option<f64> {
        server.value(&format!("{metric}{{instance=\"127.0.0.1:{}\"}}", self.port))
    }

    fn a_day_stays_open_and_everything_fills_up(&self, server: &Server) {
        // Five come by themselves.
        (0..14).for_each(|number| self.feed.tell("visit", &format!("k{number}")));
        let groups = self.bench.folder().join("groups");
        server.until("the service is measured", || {
            self.value(server, "churnwatch_customers").is_some_and(|count| count > 18.0)
        });
        let used = self.value(server, "process_resident_memory_bytes").unwrap();
        allow(&groups, &format!("{:.0}", used * 1.02));
        server.fire(&["ChurnwatchStateNearlyFull", "ChurnwatchMemoryNearlyFull", "ChurnwatchDayOpen"]);
        self.feed.tell("visit", "last");
        server.fire(&["ChurnwatchStateFull"]);
        allow(&groups, "max");
        self.feed.turn(Coming::Fresh);
        (0..5).for_each(|number| self.feed.tell("forget", &format!("k{number}")));
        server.clear(&[
            "ChurnwatchMemoryNearlyFull",
            "ChurnwatchDayOpen",
            "ChurnwatchStateFull",
            "ChurnwatchStateNearlyFull",
        ]);
    }

    fn the_source_falls_silent_and_then_sends_nonsense(&self, server: &Server) {
        self.feed.turn(Coming::Nothing);
        server.fire(&["ChurnwatchSourceSilent"]);
        self.feed.turn(Coming::Fresh);
        server.clear(&["ChurnwatchSourceSilent"]);
        // Of the shop's many records a few bad ones would be none.
        server.until("the shop is read", || {
            server
                .value("job:churnwatch_records:increase1h{job=\"churnwatch\"}")
                .is_some_and(|records| records < 1_000.0)
        });
        self.feed.bad(40, 10);
        server.fire(&["ChurnwatchDeadLetters"]);
    }

    /// A dead letter that is too large for its topic is in every transaction that is tried.
    fn no_transaction_is_taken(&self, server: &Server) {
        let letters = self.bench.settings().file.topics.dead_letters;
        self.bench.alter(&letters, "max.message.bytes", SMALL);
        self.feed.turn(Coming::Waiting);
        self.feed.bad(1, 2_000);
        server.fire(&["ChurnwatchCommitsFail", "ChurnwatchBehind", "ChurnwatchStalled"]);
        self.bench.alter(&letters, "max.message.bytes", ORDINARY);
        self.feed.turn(Coming::Fresh);
        server.clear(&["ChurnwatchStalled", "ChurnwatchBehind", "ChurnwatchDeadLetters"]);
    }

    /// Another process with the same `service.instance`, again and again; a broker that stands still for a moment.
    fn the_service_is_fenced_and_its_broker_slow(&self, server: &Server) {
        let id = format!("{}-daily-0", self.bench.settings().file.kafka.group_id);
        // One that comes while the service takes its id back is shut out itself.
        server.until("the service is fenced often enough", || {
            let other: BaseProducer = self.bench.client(&[("transactional.id", &id)]).create().unwrap();
            other.init_transactions(Duration::from_secs(10)).unwrap();
            std::thread::sleep(Duration::from_millis(1_500));
            server.is_firing("ChurnwatchRebuilding")
        });
        server.fire(&["ChurnwatchRebuilding"]);
        // Only a transaction that is under way then is slow, so there is a record for one.
        server.until("the broker stood still often enough", || {
            self.feed.tell("visit", "c0");
            self.feed.flush();
            std::thread::sleep(Duration::from_millis(20));
            let frozen = self.nodes.frozen();
            std::thread::sleep(Duration::from_millis(2_500));
            drop(frozen);
            // It is read, recorded, looked at and looked at again, each once a second.
            let thawed = Instant::now();
            while thawed.elapsed() < Duration::from_secs(4) && !server.is_firing("ChurnwatchCommitsSlow") {
                std::thread::sleep(Duration::from_millis(200));
            }
            server.is_firing("ChurnwatchCommitsSlow")
        });
        server.fire(&["ChurnwatchCommitsSlow"]);
        server.clear(&["ChurnwatchCommitsFail", "ChurnwatchRebuilding", "ChurnwatchCommitsSlow"]);
    }

    fn the_service_dies_and_comes_back(&mut self, server: &Server) {
        self.replica.kill();
        server.fire(&["ChurnwatchDown"]);
        // What comes meanwhile is gone before it is read, all but the last.
        self.feed.turn(Coming::Nothing);
        self.feed.flush();
        self.forget_all_but_the_last_record();
        // With no broker it waits ten seconds at most.
        let frozen = self.nodes.frozen();
        self.replica = serve(&self.bench, self.port);
        server.fire(&["ChurnwatchNotReady"]);
        drop(frozen);
        self.feed.turn(Coming::Fresh);
        server.fire(&["ChurnwatchEventsLost"]);
        server.clear(&["ChurnwatchDown", "ChurnwatchNotReady"]);
        while !server.is_firing("ChurnwatchRestarting") {
            let start = self.value(server, "process_start_time_seconds");
            self.replica.kill();
            self.replica = serve(&self.bench, self.port);
            server.until("the service is back", || {
                let now = self.value(server, "process_start_time_seconds");
                now.is_some() && now != start
            });
        }
        server.fire(&["ChurnwatchRestarting"]);
        server.clear(&["ChurnwatchRestarting", "ChurnwatchEventsLost"]);
    }

    fn forget_all_but_the_last_record(&self) {
        let topic = &self.bench.settings().file.topics.events[0];
        let asking: BaseConsumer = self.bench.client(&[]).create().unwrap();
        let end = asking.fetch_watermarks(topic, 0, Duration::from_secs(10)).unwrap().1;
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(topic, 0, Offset::Offset(end - 1)).unwrap();
        let admin: AdminClient<DefaultClientContext> = self.bench.client(&[]).create().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(admin.delete_records(&list, &AdminOptions::new())).unwrap();
    }
}
