//! A broker whose disk is full goes down in the middle of the service's work: nothing is lost or there twice.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::bench::{Bench, PROGRAM, Replica, shop};
use crate::broker::{Nodes, folder};
use crate::stage::{Feed, Served, beside, port, size};
use crate::support::did_not_run;

const PARTITIONS: u32 = 2;

/// A file system of its own in memory, for the broker's node; it goes with this.
struct Disk(PathBuf);

impl Disk {
    /// `None`, said plainly, where nobody may mount one.
    fn mount(at: PathBuf, mib: usize) -> Option<Self> {
        std::fs::create_dir_all(&at).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={mib}m"), "tmpfs"]).arg(&at).stderr(Stdio::null());
        if mount.status().is_ok_and(|done| done.success()) {
            return Some(Self(at));
        }
        did_not_run("a full disk needs the right to mount one: run as root");
        None
    }

    /// Takes all room that there is, also from a broker that writes meanwhile.
    fn fill(&self) -> usize {
        let mut file = File::create(self.0.join("ballast")).unwrap();
        let mut taken = 0;
        while file.write_all(&[7; 4_096]).is_ok() {
            taken += 4_096;
        }
        taken
    }

    fn room(&self) {
        std::fs::remove_file(self.0.join("ballast")).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

/// The log of a service, told where the test fails.
struct Said(PathBuf);

impl Said {
    fn text(&self) -> String {
        let text = std::fs::read_to_string(&self.0).unwrap();
        text.lines().filter(|line| !line.contains("librdkafka")).collect::<Vec<_>>().join("\n")
    }
}

impl Drop for Said {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("the service said:\n{}", self.text());
        }
    }
}

/// Serves with its log in a file.
fn serve(bench: &Bench, log: &Path) -> Served {
    Served::with(|port| {
        let child = Command::new(PROGRAM)
            .env("CHURNWATCH_HTTP__LISTEN", format!("127.0.0.1:{port}"))
            .args(["serve", "--log-level", "warn", "--config"])
            .arg(bench.path())
            .stdout(Stdio::null())
            .stderr(File::create(log).unwrap())
            .spawn();
        Replica::of(child.unwrap())
    })
}

#[test]
fn a_full_disk_at_the_broker_loses_and_doubles_nothing() {
    let _turn = beside();
    // Not in CI: a broker without replicas does not always keep its own transactions whole then (docs/testing.md).
    if size(1, 0) == 0 {
        return did_not_run("the full disk runs with CHURNWATCH_LONG=1 only");
    }
    let Some(disk) = Disk::mount(folder("disk").join("node-1"), size(400, 120)) else { return };
    let Some(nodes) = Nodes::start("disk", 1, port(6_000), None) else { return };
    let bench = Bench::new(&nodes.brokers, "disk", "2026-01-01");
    bench.topics(PARTITIONS);
    let log = std::fs::read_to_string(shop(&bench, &size(9_000, 900).to_string(), "200", "2026-01-01", 5)).unwrap();
    let mut feed = Feed::new(&bench, PARTITIONS);
    feed.log(&log);
    feed.finish();
    let said = Said(bench.folder().join("serve.log"));
    let mut served = serve(&bench, &said.0);
    served.until("at work", Duration::from_mins(1), |served| served.total("records_total") > 0);
    println!("{} bytes of ballast", disk.fill());
    let full = Instant::now();
    while std::net::TcpStream::connect(&nodes.brokers).is_ok() {
        assert!(full.elapsed() < Duration::from_mins(1), "the broker lives on a full disk");
        std::thread::sleep(Duration::from_millis(50));
    }
    println!("the broker is down {:?} after its disk was full", full.elapsed());
    let read = served.total("records_total");
    assert!((read as usize) < feed.sent(), "everything was read before the disk was full");
    let unready = served.until("unready", Duration::from_mins(1), |served| {
        served.answer("/readyz").is_some_and(|(status, _)| status == 503)
    });
    println!("not ready {unready:?} after that, {read} of {} records read", feed.sent());
    std::thread::sleep(Duration::from_secs(size(60, 3) as u64));
    assert!(served.replica.ended().is_none(), "the service ended");
    let text = said.text();
    let sentences =
        text.lines().filter(|line| line.contains("churnwatch::service::commits: outcome of a transaction unknown"));
    assert_eq!(sentences.count(), 1, "{text}");
    disk.room();
    // It went by itself, so it is still written down as running.
    nodes.stop(None, true);
    nodes.up(None);
    let back = Instant::now();
    served.until_read(feed.sent());
    println!("everything is read {:?} after the broker was started again", back.elapsed());
    assert_eq!(served.answer("/readyz").unwrap().0, 200);
    served.until_closed(&bench, PARTITIONS, "2025-12-31");
    served.replica.terminate();
    bench.compare_with_topics(PARTITIONS);
    nodes.stop(None, true);
}
