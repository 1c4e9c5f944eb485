//! What a process has used so far, from `/proc`: CPU of the client, of the broker, of everything else; memory at its peak.

use std::time::{Duration, Instant};

/// Clock ticks a second in `/proc`: the same on every Linux that userland sees.
const TICKS: f64 = 100.0;

/// A process on this machine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Process(pub(crate) u32);

impl Process {
    pub(crate) fn this() -> Self {
        Self(std::process::id())
    }

    /// User and system seconds so far; threads that have ended are in it.
    pub(crate) fn cpu(self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0)).unwrap_or_default();
        // The name may hold anything, also spaces and brackets.
        let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
        let ticks = fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok());
        ticks.sum::<f64>() / TICKS
    }

    /// Largest resident memory so far, MiB.
    pub(crate) fn peak_mib(self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0)).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
        line.trim().trim_end_matches(" kB").parse::<f64>().map_or(f64::NAN, |kib| kib / 1_024.0)
    }
}

/// Busy seconds of the whole machine.
fn busy() -> f64 {
    let stat = std::fs::read_to_string("/proc/stat").unwrap_or_default();
    let fields = stat.lines().next().unwrap_or_default().split_whitespace().skip(1);
    let ticks: Vec<f64> = fields.filter_map(|field| field.parse().ok()).collect();
    // user, nice, system, idle, iowait, irq, softirq
    [0, 1, 2, 5, 6].iter().filter_map(|at| ticks.get(*at)).sum::<f64>() / TICKS
}

/// Client and broker, looked at together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Watch {
    pub(crate) client: Process,
    /// `None`: the broker is not on this machine.
    pub(crate) broker: Option<Process>,
}

/// One look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    pub(crate) at: Instant,
    pub(crate) client: f64,
    pub(crate) broker: Option<f64>,
    busy: f64,
}

impl Watch {
    pub(crate) fn look(self) -> Look {
        let broker = self.broker.map(Process::cpu);
        Look { at: Instant::now(), client: self.client.cpu(), broker, busy: busy() }
    }
}

impl Look {
    /// The same look, taken for one of a moment before.
    #[must_use]
    pub(crate) fn earlier(self, by: Duration) -> Self {
        Self { at: self.at.checked_sub(by).unwrap_or(self.at), ..self }
    }

    /// Seconds since an earlier look.
    pub(crate) fn since(self, earlier: Self) -> f64 {
        (self.at - earlier.at).as_secs_f64()
    }

    /// The broker's seconds since an earlier look.
    pub(crate) fn broker_since(self, earlier: Self) -> Option<f64> {
        Some(self.broker? - earlier.broker?)
    }

    /// Cores that neither client nor broker used since an earlier look.
    pub(crate) fn others_since(self, earlier: Self) -> f64 {
        let ours = self.client - earlier.client + self.broker_since(earlier).unwrap_or_default();
        (self.busy - earlier.busy - ours) / self.since(earlier)
    }
}
