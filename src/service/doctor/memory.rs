//! Memory against customers: what they take, what they may come to take, and what this machine or its container has.

use std::path::Path;

use crate::config::settings::Settings;
use crate::service::doctor::figures::Figures;
use crate::service::doctor::finding::{Checked, Finding, Kind, count};
use crate::service::doctor::pages::Pages;
use crate::wire::shapes::doctor::{Check, Severity};

/// What a customer takes where nothing is known of this shop's, and what a process takes without any
/// (docs/operations.md, `resident_bytes` and `process_mib`).
const CUSTOMER_BYTES: f64 = 308.0;
const PROCESS_BYTES: f64 = 200.0 * MIB;
/// Customers from which their own figure counts.
const SOME_CUSTOMERS: f64 = 1_000.0;
/// Tables double when they grow, so they may take half as much again for a while.
const SPARE: f64 = 1.5;
/// Beyond this share of a bound it is nearly reached.
const NEARLY: f64 = 0.9;
const MIB: f64 = 1_048_576.0;

/// Newcomers are refused.
const STATE_FULL: Kind = Kind {
    code: "state-full",
    severity: Severity::Error,
    means: "a partition has as many customers as it may, and every new one becomes a dead letter",
    remedy: "raise service.max_customers_per_partition where there is memory for it, restart every replica, then `churnwatch dead-letters replay --reason state-full --yes`",
};
/// They soon will be.
const STATE_NEARLY_FULL: Kind = Kind {
    code: "state-nearly-full",
    severity: Severity::Warning,
    means: "a partition has nearly as many customers as it may",
    remedy: "raise service.max_customers_per_partition where there is memory for it, and restart every replica",
};
/// The kernel will end it.
const MEMORY_FULL: Kind = Kind {
    code: "memory-full",
    severity: Severity::Error,
    means: "the service's customers take nearly all the memory that there is: the kernel ends the process when it is gone",
    remedy: "give the process more memory, or start more replicas so that each holds fewer partitions",
};
/// The bound would not hold.
const BOUND_TOO_HIGH: Kind = Kind {
    code: "bound-too-high",
    severity: Severity::Warning,
    means: "memory is gone before service.max_customers_per_partition is reached, where this process holds all partitions",
    remedy: "set service.max_customers_per_partition to {customers} at most, or give the process more memory; with more replicas count only the partitions that one may come to hold",
};

/// What may be found here.
pub const KINDS: [&Kind; 4] = [&STATE_FULL, &STATE_NEARLY_FULL, &MEMORY_FULL, &BOUND_TOO_HIGH];

/// The memory that a process here may take, and whose bound that is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Memory {
    bytes: f64,
    whose: &'static str,
}

/// The smaller of the machine's and the container's; `None` where the system tells neither.
pub fn look() -> Option<Memory> {
    let read = |path: &str| std::fs::read_to_string(Path::new(path)).ok();
    let machine = read("/proc/meminfo").and_then(|text| total(&text));
    let container = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
    let container = container.into_iter().find_map(|path| read(path)?.trim().parse::<f64>().ok());
    match (machine, container) {
        (Some(machine), Some(bytes)) if bytes < machine => Some(Memory { bytes, whose: "this container" }),
        (Some(bytes), _) => Some(Memory { bytes, whose: "this machine" }),
        (None, bytes) => bytes.map(|bytes| Memory { bytes, whose: "this container" }),
    }
}

/// `MemTotal` of /proc/meminfo, in bytes.
fn total(text: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<f64>().ok().map(|kib| kib * 1_024.0)
}

/// What it means; `partitions` of the inputs, where they are known.
pub fn judge(settings: &Settings, pages: &Pages, memory: Option<Memory>, partitions: Option<u32>) -> Checked {
    let figures = pages.service.as_ref().map(|service| &service.figures);
    let sum = |name: &str| figures.and_then(|figures| figures.sum(name)).unwrap_or_default();
    let (customers, taken) = (sum("customers"), sum("state_bytes"));
    let each = if customers >= SOME_CUSTOMERS { taken / customers } else { CUSTOMER_BYTES };
    let mut findings: Vec<Finding> = figures.and_then(fullest).into_iter().collect();
    let most = settings.file.service.max_customers_per_partition;
    if let Some(memory) = memory {
        if taken + PROCESS_BYTES > NEARLY * memory.bytes && customers > 0.0 {
            let seen = format!(
                "{} take {}, the process {} besides; {} has {}",
                count(customers as usize, "customer"),
                mib(taken),
                mib(PROCESS_BYTES),
                memory.whose,
                mib(memory.bytes)
            );
            findings.push(MEMORY_FULL.found(&pages.address, seen, &[]));
        }
        findings.extend(most.zip(partitions).and_then(|(most, partitions)| {
            let room = (memory.bytes - PROCESS_BYTES).max(0.0) / (f64::from(partitions) * each * SPARE);
            let seen = format!(
                "{most} customers in each of {} take up to {} at {each:.0} bytes; {} has {}",
                count(partitions as usize, "partition"),
                mib(f64::from(most) * f64::from(partitions) * each * SPARE + PROCESS_BYTES),
                memory.whose,
                mib(memory.bytes)
            );
            let names = [("customers", &*format!("{room:.0}"))];
            (f64::from(most) > room).then(|| BOUND_TOO_HIGH.found("service.max_customers_per_partition", seen, &names))
        }));
    }
    let has = memory.map_or_else(
        || "how much memory there is is not told here".into(),
        |memory| format!("{} has {}", memory.whose, mib(memory.bytes)),
    );
    let held = match figures {
        Some(_) => format!("{} take {}", count(customers as usize, "customer"), mib(taken)),
        None => "no service was asked".into(),
    };
    let bound = most.map_or_else(|| "no bound".into(), |most| format!("at most {most} customers a partition"));
    Checked::new(Check::Memory, format!("{held}, {bound}; {has}"), findings)
}

/// The partition that is nearest to its bound, if it is near.
fn fullest(figures: &Figures) -> Option<Finding> {
    let (limits, customers) = (figures.all("state_limit_customers"), figures.all("customers"));
    let full = limits.iter().filter_map(|(partition, limit)| {
        let (_, held) = customers.iter().find(|(known, _)| known == partition)?;
        Some((partition.as_deref().unwrap_or_default(), *held, *limit))
    });
    let (partition, held, limit) =
        full.max_by(|(_, a, most_a), (_, b, most_b)| (a / most_a).total_cmp(&(b / most_b)))?;
    let seen = format!("partition {partition} has {held} customers of {limit}");
    match held / limit {
        share if share >= 1.0 => Some(STATE_FULL.found("", seen, &[])),
        share if share > NEARLY => Some(STATE_NEARLY_FULL.found("", seen, &[])),
        _ => None,
    }
}

fn mib(bytes: f64) -> String {
    format!("{:.0} MiB", bytes / MIB)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{MIB, Memory, judge, total};
    use crate::config::load::check;
    use crate::service::doctor::figures::Figures;
    use crate::service::doctor::pages::{Answers, Pages};
    use crate::service::telemetry::metrics::Metrics;

    fn found(most: Option<u64>, customers: usize, bytes: usize, mib: f64) -> Vec<(&'static str, String)> {
        let settings = check(json!({"service": most.map_or(json!({}), |most| {
            json!({"max_customers_per_partition": most})
        })}));
        let metrics = Metrics::new().unwrap();
        metrics.state(0, customers, most.map(|most| most as usize), bytes);
        let answers = Answers { dead: None, not_ready: None, figures: Figures::new(metrics.text()) };
        let pages = Pages { address: "http://h:1".into(), service: Some(answers) };
        let memory = Memory { bytes: mib * MIB, whose: "this machine" };
        let checked = judge(&settings.unwrap(), &pages, Some(memory), Some(2));
        checked.findings.into_iter().map(|finding| (finding.kind.code, finding.remedy)).collect()
    }

    #[test]
    fn bounds_that_are_near_and_bounds_that_would_not_hold() {
        assert_eq!(found(None, 2_000, 800_000, 2_048.0), []);
        assert_eq!(found(Some(2_000), 2_000, 800_000, 2_048.0)[0].0, "state-full");
        assert_eq!(found(Some(2_100), 2_000, 800_000, 2_048.0)[0].0, "state-nearly-full");
        assert_eq!(found(Some(10_000), 2_000, 800_000, 2_048.0), []);
        let high = found(Some(1_000_000_000), 10, 800_000, 2_048.0);
        assert_eq!(high[0].0, "bound-too-high");
        // 1,848 MiB over two partitions of customers of 308 bytes with half as much to spare.
        assert!(high[0].1.contains("to 2097152 at most"), "{high:?}");
        assert_eq!(found(None, 6_000_000, 1_800_000_000, 2_048.0)[0].0, "memory-full");
        assert_eq!(total("MemFree: 1 kB\nMemTotal:        2048 kB\n"), Some(2_097_152.0));
    }
}
