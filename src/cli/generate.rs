//! `generate`: the events of a synthetic shop.

use std::io::Write;

use crate::cli::args::{EventFormat, GenerateArgs};
use crate::cli::common::now;
use crate::cli::exit::Failure;
use crate::cli::output::create;
use crate::engine::day::Day;
use crate::shop::event_json::{customer_id, write_csv, write_json};
use crate::shop::generator::{Shop, ShopSettings};
use crate::wire::calendar::{day, day_text};

/// The currency that the synthetic shop sells in.
pub const CURRENCY: &str = "CNY";

/// Runs the command.
pub fn run(args: &GenerateArgs) -> Result<(), Failure> {
    let end = args.end.map_or(Day(now().0.div_euclid(86_400_000) as i32), day);
    let mut shop = Shop::new(ShopSettings { customers: args.customers, days: args.days, seed: args.seed, end });
    let mut out = create(args.output.as_deref())?;
    let (mut line, mut events) = (Vec::new(), 0_u64);
    if args.format == EventFormat::Csv {
        out.write_all(b"customer_id,timestamp,amount,type\n").map_err(Failure::of)?;
    }
    while let Some(day) = shop.next_day() {
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
