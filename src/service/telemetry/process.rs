//! What the process takes of its machine, under the names that every client of Prometheus gives it, and the most memory that
//! it can have. Read whenever somebody asks; where there is no /proc everything stays 0.

use std::path::Path;

use procfs::process::{LimitValue, Process};
use procfs::{Current, Meminfo, WithCurrentSystemInfo, boot_time_secs, ticks_per_second};
use prometheus::proto::MetricFamily;
use prometheus::{Counter, Gauge, IntGauge, Registry};

use crate::service::telemetry::register::Register;

/// Where control groups are mounted and the file that holds a group's limit: version 2, then version 1.
const GROUPS: [(&str, &str); 2] =
    [("/sys/fs/cgroup", "memory.max"), ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")];

/// The metrics of the process.
#[derive(Clone)]
pub(crate) struct Usage {
    registry: Registry,
    cpu_seconds: Counter,
    memory: IntGauge,
    threads: IntGauge,
    open_files: IntGauge,
    most_files: IntGauge,
    memory_limit: IntGauge,
}

impl Usage {
    /// The limit is the service's own metric; the others have a registry that puts nothing before their names.
    pub(crate) fn new(register: &Register<'_>) -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let plain = Register(&registry);
        let start: Gauge =
            plain.gauge("process_start_time_seconds", "Start of the process, in seconds since 1970-01-01")?;
        start.set(start_seconds().unwrap_or_default());
        Ok(Self {
            cpu_seconds: plain.float_counter("process_cpu_seconds_total", "CPU time of the process")?,
            memory: plain.whole_gauge("process_resident_memory_bytes", "Memory of the process that is in RAM")?,
            threads: plain.whole_gauge("process_threads", "Threads of the process")?,
            open_files: plain.whole_gauge("process_open_fds", "Open file descriptors")?,
            most_files: plain.whole_gauge("process_max_fds", "Most file descriptors that may be open")?,
            memory_limit: register.whole_gauge(
                "memory_limit_bytes",
                "Most memory that this process can have: its control groups' limit, or the machine's memory",
            )?,
            registry,
        })
    }

    /// Reads everything anew.
    pub(crate) fn gather(&self) -> Vec<MetricFamily> {
        // What can't be read stays as it was.
        if let Ok(process) = Process::myself() {
            if let Ok(stat) = process.stat() {
                let seconds = (stat.utime + stat.stime) as f64 / ticks_per_second() as f64;
                self.cpu_seconds.inc_by((seconds - self.cpu_seconds.get()).max(0.0));
                self.memory.set(stat.rss_bytes().get() as i64);
                self.threads.set(stat.num_threads);
            }
            if let Ok(count) = process.fd_count() {
                self.open_files.set(count as i64);
            }
            if let Ok(LimitValue::Value(most)) = process.limits().map(|limits| limits.max_open_files.soft_limit) {
                self.most_files.set(most as i64);
            }
            if let Some(limit) = limit_bytes(&process) {
                self.memory_limit.set(i64::try_from(limit).unwrap_or(i64::MAX));
            }
        }
        self.registry.gather()
    }
}

fn start_seconds() -> Option<f64> {
    let ticks = Process::myself().ok()?.stat().ok()?.starttime;
    Some(boot_time_secs().ok()? as f64 + ticks as f64 / ticks_per_second() as f64)
}

/// The smallest limit of its control groups, and the machine's memory. A limit may be changed under a running process.
fn limit_bytes(process: &Process) -> Option<u64> {
    let groups = process.cgroups().map(|groups| groups.0).unwrap_or_default();
    let own = groups.iter().filter(|group| {
        group.controllers.is_empty() || group.controllers.iter().any(|name| name.is_empty() || name == "memory")
    });
    // In a container the root is its own group, elsewhere the path leads there.
    let paths: Vec<&str> = std::iter::once("").chain(own.map(|group| group.pathname.trim_start_matches('/'))).collect();
    let files =
        GROUPS.iter().flat_map(|(root, file)| paths.iter().map(move |path| Path::new(root).join(path).join(file)));
    // No limit is the word `max`, or in version 1 a number beyond any machine's memory.
    let limits = files.filter_map(|path| std::fs::read_to_string(path).ok()?.trim().parse().ok());
    limits.chain(Meminfo::current().ok().map(|memory| memory.mem_total)).min()
}

#[cfg(test)]
mod tests {
    use prometheus::Registry;

    use super::Usage;
    use crate::service::telemetry::register::Register;

    #[test]
    fn a_process_has_used_some_of_everything() {
        let registry = Registry::new();
        let usage = Usage::new(&Register(&registry)).unwrap();
        let families = usage.gather();
        assert_eq!(families.len(), 6);
        for family in families {
            let metric = &family.get_metric()[0];
            let value = metric.get_gauge().get_value() + metric.get_counter().get_value();
            assert!(value > 0.0 || family.name() == "process_cpu_seconds_total", "{} is {value}", family.name());
        }
        let (limit, memory) = (usage.memory_limit.get(), usage.memory.get());
        assert!(limit > memory && memory > 1 << 20, "{memory} of {limit}");
    }
}
