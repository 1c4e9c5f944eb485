//! Windows, recency and money of every customer of the real logs equal a plain fold over the raw file.

#![allow(clippy::unwrap_used, reason = "a test stops at the first thing that is not as it should be")]

mod support;

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use churnwatch::engine::day::Day;
use churnwatch::wire::calendar::day;

use support::logs::{history, log};

/// Day, cents, whether it is a return.
type Row = (i32, i64, bool);

/// The rows of each customer, read without any of the program's code.
fn raw(path: &Path) -> BTreeMap<String, Vec<Row>> {
    let mut text = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    let mut rows: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let [customer, time, amount, kind] = fields.as_slice() else { unreachable!("{line}") };
        if *kind == "other" {
            continue;
        }
        let date: jiff::civil::Date = time.get(..10).unwrap().parse().unwrap();
        let cents = (amount.parse::<f64>().unwrap() * 100.0).round() as i64;
        rows.entry((*customer).to_owned()).or_default().push((day(date).0, cents.abs(), *kind == "return"));
    }
    rows
}

/// Purchase days, purchases, gross, net of the rows in (from, until].
fn fold(rows: &[Row], from: i32, until: i32) -> (u32, u32, i64, i64) {
    let inside = || rows.iter().filter(|(day, _, _)| *day > from && *day <= until);
    let mut days: Vec<i32> = inside().filter(|(_, _, returned)| !returned).map(|(day, _, _)| *day).collect();
    let purchases = days.len() as u32;
    days.dedup();
    let gross: i64 = inside().filter(|(_, _, returned)| !returned).map(|(_, cents, _)| cents).sum();
    let back: i64 = inside().filter(|(_, _, returned)| *returned).map(|(_, cents, _)| cents).sum();
    (days.len() as u32, purchases, gross, gross - back)
}

fn compare(name: &str, first: &str, last: &str) {
    let Some(path) = log(name) else { return };
    let date = |text: &str| day(text.parse().unwrap()).0;
    let (first, last) = (date(first), date(last));
    let views: Vec<Day> = (1..=20).map(|step| Day(first + (last - first) * step / 20)).collect();
    let raw = raw(&path);
    let history = history(&path, None);
    assert_eq!(history.customers.len(), raw.len());
    let mut compared = 0;
    for customer in &history.customers {
        let rows = raw.get(&*customer.customer).unwrap();
        customer.walk(&views, 35, |day, profile| {
            for days in [30, 90, 365] {
                let window = profile.window(day, days, 35);
                let seen = (window.purchase_days, window.purchases, window.gross.0, window.net.0);
                assert_eq!(seen, fold(rows, day.0 - days, day.0), "{} at {day:?} over {days}", customer.customer);
            }
            let (rhythm, totals) = profile.money_at(day, 35);
            let (days, purchases, gross, net) = fold(rows, i32::MIN, day.0);
            let bought = rows.iter().filter(|(at, _, returned)| !returned && *at <= day.0).map(|(at, _, _)| *at);
            let (oldest, newest) = (bought.clone().min(), bought.max());
            assert_eq!(
                rhythm.map(|rhythm| (rhythm.days, rhythm.first.0, rhythm.last.0)),
                oldest.zip(newest).map(|(oldest, newest)| (days, oldest, newest))
            );
            assert_eq!((totals.purchases, totals.gross.0, totals.gross.0 - totals.refunded.0), (purchases, gross, net));
            compared += 1;
        });
    }
    println!("{name}: {compared} customers' days compared");
    assert!(compared > 100_000);
}

#[test]
fn cdnow_is_counted_as_a_plain_fold_counts_it() {
    compare("cdnow.csv.gz", "1997-01-01", "1998-06-30");
}

#[test]
fn online_retail_is_counted_as_a_plain_fold_counts_it() {
    compare("online_retail_ii.csv.gz", "2009-12-01", "2011-12-09");
}
