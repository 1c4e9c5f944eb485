//! Progress of long work on standard error, where that is a terminal: how much is done, how fast, how long it still takes.
//! Nothing of it ever reaches a pipe or a file.

use std::fmt;
use std::io::{self, Write, stderr};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use indicatif::{HumanCount, MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::config::settings::Settings;
use crate::service::fault::ServiceFault;
use crate::service::kafka::history::offsets;

/// Steps between two looks at how far it is: a look costs more than reading an event.
const STRIDE: u64 = 1_024;
/// How often a bar is drawn anew while nothing moves.
const TICK: Duration = Duration::from_millis(200);

// The bar takes what room the figures leave, so no line is longer than the terminal is wide.
const BYTES: &str = "{spinner} {msg} [{wide_bar}] {percent:>3} %  {binary_bytes} of {binary_total_bytes}  {binary_bytes_per_sec}  {eta} left";
const STREAM: &str = "{spinner} {msg}  {binary_bytes}  {binary_bytes_per_sec}  {elapsed}";
const COUNT: &str = "{spinner} {msg} [{wide_bar}] {percent:>3} %  {human_pos} of {human_len}  {rate}  {eta} left";
const WAIT: &str = "{spinner} {msg}  {elapsed}";

/// The bars that are shown.
static SHOWN: LazyLock<MultiProgress> = LazyLock::new(MultiProgress::new);

/// One work under way. Its bar goes when it does.
pub struct Bar {
    shown: ProgressBar,
    visible: bool,
    steps: AtomicU64,
}

impl Bar {
    /// Reading these files; without an end in sight where one of them is no regular file.
    pub fn files(what: &'static str, files: &[PathBuf]) -> Self {
        let size = |path: &Path| path.metadata().ok().filter(std::fs::Metadata::is_file).map(|found| found.len());
        match files.iter().map(|path| size(path)).sum::<Option<u64>>() {
            Some(all) => Self::new(what, BYTES, ProgressBar::new(all)),
            None => Self::new(what, STREAM, ProgressBar::no_length()),
        }
    }

    /// Something of which there are `all`.
    pub fn count(what: &'static str, all: u64) -> Self {
        Self::new(what, COUNT, ProgressBar::new(all))
    }

    /// Something of which nobody knows how long it takes.
    pub fn wait(what: &'static str) -> Self {
        Self::new(what, WAIT, ProgressBar::no_length())
    }

    fn new(what: &'static str, template: &str, bar: ProgressBar) -> Self {
        let bar = SHOWN.add(bar);
        let visible = !bar.is_hidden();
        if visible {
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style.with_key("rate", rate).progress_chars("=> "));
            }
            bar.set_message(what);
            bar.enable_steady_tick(TICK);
        }
        Self { shown: bar, visible, steps: AtomicU64::new(0) }
    }

    /// One step further; now and then `done` is asked how much that makes in all.
    pub fn step(&self, done: impl FnOnce() -> u64) {
        if self.visible && self.steps.fetch_add(1, Ordering::Relaxed).is_multiple_of(STRIDE) {
            self.shown.set_position(done());
        }
    }

    /// One step further; so much is left, of which the first word is all there is.
    pub fn left(&self, left: u64) {
        self.step(|| {
            let all = self.shown.length().unwrap_or_default().max(left);
            self.shown.set_length(all);
            all - left
        });
    }

    /// So much is done in all.
    pub fn done(&self, done: u64) {
        self.shown.set_position(done);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.shown.finish_and_clear();
        SHOWN.remove(&self.shown);
    }
}

/// Reading the input topics, partition by partition.
pub struct TopicBar {
    progress: Bar,
    /// Offsets of the partitions before this one.
    before: u64,
    /// Offsets of this one.
    own: u64,
}

impl TopicBar {
    /// Nothing read yet.
    pub fn new(what: &'static str, settings: &Settings, partitions: u32) -> Result<Self, ServiceFault> {
        let inputs: Vec<String> = settings.inputs().cloned().collect();
        let all = offsets(settings, &inputs, partitions)?;
        Ok(Self { progress: Bar::count(what, all), before: 0, own: 0 })
    }

    /// The next partition, with so much to read.
    pub fn begin(&mut self, own: u64) {
        self.before += self.own;
        self.own = own;
    }

    /// One record further; now and then it is asked how much of the partition is left.
    pub fn step(&self, left: impl FnOnce() -> u64) {
        self.progress.step(|| self.before + self.own.saturating_sub(left()));
    }
}

/// Does what takes its time, and shows that it goes on.
pub fn during<T>(what: &'static str, work: impl FnOnce() -> T) -> T {
    let _shown = Bar::wait(what);
    work()
}

/// Shows no bar any more: lines are to be written to the terminal, and would run into it.
pub fn hush() {
    SHOWN.set_draw_target(ProgressDrawTarget::hidden());
}

/// Standard error for lines that may come while a bar is shown, as those of the log.
#[derive(Clone, Copy, Debug, Default)]
pub struct BesideBars;

impl Write for BesideBars {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        SHOWN.suspend(|| stderr().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        stderr().flush()
    }
}

/// Steps a second, without the decimal places that indicatif gives.
fn rate(state: &ProgressState, out: &mut dyn fmt::Write) {
    let _ = write!(out, "{}/s", HumanCount(state.per_sec() as u64));
}
