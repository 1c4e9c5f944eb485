//! The instructions that the hot path takes, counted by callgrind, against those kept in benches/instructions.json:
//! `cargo test --bench instructions`, in the build that the tests are of. `CHURNWATCH_BLESS=1` writes the file anew.

#![allow(clippy::unwrap_used, reason = "a benchmark stops at the first thing that is not as it should be")]

mod support;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::Path;
use std::process::{Command, ExitCode};

use churnwatch::engine::packed::bytes::{Reader, Writer};
use churnwatch::engine::packed::customer::{Customer, pack, unpack};
use churnwatch::engine::state::State;
use churnwatch::processor::batch::Batch;
use churnwatch::wire::event::{Scratch, parse as parse_event};
use churnwatch::wire::rules::EventRules;
use iso_currency::Currency;
use serde::{Deserialize, Serialize};
use support::living::{LIVELY, Living};
use support::{Record, WALL, processor, raw, records};

/// A name, and what does the work and gives how much of it there was, in units of the name.
type Case = (&'static str, fn() -> usize);

const CASES: [Case; 6] = [
    ("close of a day, a customer", close),
    ("pack, a customer", pack_all),
    ("parse, an event", parse),
    ("process with closes and changelog, an event", process),
    ("restore, a customer", restore),
    ("unpack, a customer", unpack_all),
];
/// Shares of the kept count that a count may differ by.
const TOLERANCE: f64 = 0.05;
const BLESS: &str = "CHURNWATCH_BLESS=1 cargo test --bench instructions";

/// The counts that are kept.
#[derive(Serialize, Deserialize)]
struct Counts {
    /// The compiler and the profile that they are of.
    build: String,
    instructions: BTreeMap<String, u64>,
}

fn main() -> ExitCode {
    let named = std::env::args().nth(1);
    if let Some((_, case)) = CASES.iter().find(|(name, _)| named.as_deref() == Some(name)) {
        println!("{}", case());
        return ExitCode::SUCCESS;
    }
    let instructions = CASES.iter().map(|(name, _)| ((*name).to_owned(), count(name))).collect();
    let now = Counts { build: build(), instructions };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/instructions.json");
    if std::env::var_os("CHURNWATCH_BLESS").is_some_and(|value| !value.is_empty()) {
        if !cfg!(debug_assertions) {
            stop(&format!("only counts of the tests' build are kept: {BLESS}"));
        }
        std::fs::write(path, serde_json::to_string_pretty(&now).unwrap() + "\n").unwrap();
        return ExitCode::SUCCESS;
    }
    let holds = compare(&serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap(), &now);
    if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Instructions of a case, each.
fn count(name: &str) -> u64 {
    let profile = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("callgrind.{}", std::process::id()));
    let run = Command::new("valgrind")
        .args(["--tool=callgrind", "--toggle-collect=*counted_by_callgrind*"])
        .arg(format!("--callgrind-out-file={}", profile.display()))
        .arg(std::env::current_exe().unwrap())
        .arg(name)
        .output();
    let run = run.unwrap_or_else(|error| stop(&format!("valgrind did not start, install it: {error}")));
    let (told, faults) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    let written = std::fs::read_to_string(&profile).unwrap_or_default();
    let total = written.lines().find_map(|line| line.strip_prefix("totals: ")?.parse::<u64>().ok());
    let each = total.zip(told.trim().parse().ok()).map(|(total, taken): (u64, u64)| total / taken);
    std::fs::remove_file(profile).unwrap();
    let each = each.unwrap_or_else(|| stop(&format!("{name} was not counted: {faults}")));
    println!("{name}: {each} instructions");
    each
}

fn stop(sentence: &str) -> ! {
    eprintln!("{sentence}");
    std::process::exit(1)
}

/// Counts are those of a compiler and a profile.
fn build() -> String {
    let version = Command::new("rustc").arg("--version").output().unwrap().stdout;
    let profile = if cfg!(debug_assertions) { "test" } else { "bench" };
    format!("{}, profile {profile}", String::from_utf8(version).unwrap().trim())
}

/// Whether no count is above what is kept; says which are far from it.
fn compare(kept: &Counts, now: &Counts) -> bool {
    if kept.build != now.build {
        println!("NOTHING WAS COMPARED: the kept counts are of {}, these of {}", kept.build, now.build);
        println!("where the new one is to stay: {BLESS}");
        return true;
    }
    let mut holds = kept.instructions.keys().eq(now.instructions.keys());
    if !holds {
        println!("FAILED: not the cases that are kept: {BLESS}");
    }
    for (name, now) in &now.instructions {
        let Some(kept) = kept.instructions.get(name) else { continue };
        let change = *now as f64 / *kept as f64 - 1.0;
        if change > TOLERANCE {
            holds = false;
            println!("FAILED: {name}: {now} instructions, {:+.1} % from the {kept} that are kept", 100.0 * change);
        } else if change < -TOLERANCE {
            println!("BETTER: {name}: {:+.1} % from the {kept} that are kept; to hold it: {BLESS}", 100.0 * change);
        }
    }
    holds
}

/// Only what runs inside is counted.
#[inline(never)]
fn counted_by_callgrind<T>(work: impl FnOnce() -> T) -> T {
    black_box(work())
}

fn shop() -> &'static [Record] {
    records(200, 200)
}

fn parse() -> usize {
    let (records, rules, mut scratch) = (shop(), EventRules::plain(Currency::CNY), Scratch::default());
    counted_by_callgrind(|| {
        records.iter().filter(|record| parse_event(&rules, &raw(record), WALL, &mut scratch).is_ok()).count()
    })
}

fn process() -> usize {
    let (records, mut processor, mut batch) = (shop(), processor(), Batch::new());
    counted_by_callgrind(|| {
        support::process(&mut processor, 0, records, &mut batch);
        processor.flush(&mut batch);
    });
    records.len()
}

fn close() -> usize {
    let (customers, days) = (2_000, 30);
    let mut living = Living::new(customers, LIVELY);
    for _ in 0..days {
        living.live();
        counted_by_callgrind(|| living.close());
    }
    customers as usize * days
}

fn customers() -> Vec<Customer> {
    Living::new(500, LIVELY).engine.state().iter().map(|(_, customer)| customer).collect()
}

fn write(writer: &mut Writer, customer: &Customer) {
    writer.begin();
    pack(writer, &customer.profile, &customer.standing);
}

/// The customers' ids and records.
fn packed() -> Vec<(String, Vec<u8>)> {
    let mut writer = Writer::default();
    let record = |customer: Customer| {
        write(&mut writer, &customer);
        (customer.id, writer.bytes().to_vec())
    };
    customers().into_iter().map(record).collect()
}

fn pack_all() -> usize {
    let (customers, mut writer) = (customers(), Writer::default());
    counted_by_callgrind(|| customers.iter().for_each(|customer| write(&mut writer, customer)));
    customers.len()
}

fn unpack_all() -> usize {
    let (packed, mut back, mut names) = (packed(), Customer::default(), Vec::new());
    counted_by_callgrind(|| {
        for (_, record) in &packed {
            unpack(Reader::begin(record, &mut names), &mut back.profile, &mut back.standing).unwrap();
        }
    });
    packed.len()
}

fn restore() -> usize {
    let (packed, mut state) = (packed(), State::new());
    counted_by_callgrind(|| packed.iter().for_each(|(id, record)| state.restore(id, record).unwrap()));
    packed.len()
}
