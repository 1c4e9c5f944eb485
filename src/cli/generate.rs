//! `generate`: the events of a synthetic shop.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;

use crate::cli::args::{EventFormat, GenerateArgs};
use crate::cli::common::now;
use crate::cli::exit::Failure;
use crate::cli::output::create;
use crate::cli::progress::Bar;
use crate::engine::day::Day;
use crate::shop::event_json::{customer_id, customer_number, write_csv, write_json};
use crate::shop::generator::{Shop, ShopSettings};
use crate::wire::alert_line::warning;
use crate::wire::calendar::{day, day_text};

/// The currency that the synthetic shop sells in.
pub const CURRENCY: &str = "CNY";

/// Runs the command.
pub fn run(args: &GenerateArgs) -> Result<(), Failure> {
    let end = args.end.map_or(Day(now().0.div_euclid(86_400_000) as i32), day);
    let settings = ShopSettings { customers: args.customers, days: args.days, seed: args.seed, end };
    let mut shop = if args.habits { Shop::with_habits(settings) } else { Shop::new(settings) };
    let mut out = create(args.output.as_deref())?;
    let (mut line, mut events) = (Vec::new(), 0_u64);
    if args.format == EventFormat::Csv {
        out.write_all(b"customer_id,timestamp,amount,type\n").map_err(Failure::of)?;
    }
    let mut calls = args.alerts.as_deref().map(openings).transpose()?.unwrap_or_default();
    let progress = Bar::count("generating days", args.days.into());
    for number in 0.. {
        progress.done(number);
        let due = calls.split_off(&shop.next_date());
        for call in std::mem::replace(&mut calls, due).into_values().flatten() {
            shop.respond(call.customer, call.episode, call.action.as_deref());
        }
        let Some(day) = shop.next_day() else { break };
        for event in day {
            line.clear();
            let written = match args.format {
                EventFormat::Csv => write_csv(event, &mut line),
                EventFormat::Jsonl => {
                    write_json(event, CURRENCY, &mut line);
                    line.push(b'\n');
                    true
                }
            };
            events += u64::from(written);
            out.write_all(&line).map_err(Failure::of)?;
        }
    }
    out.flush().map_err(Failure::of)?;
    drop(progress);
    if let Some(path) = &args.truth {
        let mut truth = create(Some(path))?;
        truth.write_all(b"customer_id,left\n").map_err(Failure::of)?;
        for (number, left) in (0..).zip(shop.truth()) {
            let left = left.map(day_text).unwrap_or_default();
            writeln!(truth, "{},{left}", customer_id(number)).map_err(Failure::of)?;
        }
        truth.flush().map_err(Failure::of)?;
    }
    eprintln!("{events} events of {} customers", args.customers);
    Ok(())
}

/// Somebody to be contacted.
struct Call {
    customer: u32,
    episode: u128,
    action: Option<String>,
}

/// The openings in a file of alerts, by day. Alerts of customers that are not the shop's are passed over.
fn openings(path: &Path) -> Result<BTreeMap<Day, Vec<Call>>, Failure> {
    let unreadable = |fault: &dyn std::fmt::Display| Failure::usage(format!("cannot read {}: {fault}", path.display()));
    let file = File::open(path).map_err(|fault| unreadable(&fault))?;
    let mut openings: BTreeMap<Day, Vec<Call>> = BTreeMap::new();
    for line in BufReader::new(file).lines() {
        let line = line.map_err(|fault| unreadable(&fault))?;
        let Some(warning) = warning(line.as_bytes()).map_err(|fault| unreadable(&fault))? else { continue };
        if let Some(customer) = customer_number(&warning.customer) {
            let (episode, action) = (warning.episode.as_u128(), warning.action.map(Into::into));
            openings.entry(warning.opened).or_default().push(Call { customer, episode, action });
        }
    }
    Ok(openings)
}
