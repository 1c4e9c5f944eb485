//! What an event and a close cost, step by step: `cargo bench --bench hot_path`.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark stops at the first thing that is not as it should be"
)]
#![allow(missing_docs, reason = "criterion's macros make functions without documentation")]

mod support;

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use churnwatch::engine::alerting::policy::Policy;
use churnwatch::engine::customer::Tag;
use churnwatch::engine::day::{Day, Millis};
use churnwatch::engine::event::{Body, Event, Interaction, Manner};
use churnwatch::engine::money::Money;
use churnwatch::engine::packed::bytes::{Reader, Writer};
use churnwatch::engine::packed::customer::Customer;
use churnwatch::engine::packed::customer::{pack, unpack};
use churnwatch::engine::partition::Engine;
use churnwatch::engine::step::Input;
use churnwatch::processor::batch::Batch;
use churnwatch::shop::event_json::customer_id;
use churnwatch::wire::event::{Scratch, parse};
use churnwatch::wire::rules::EventRules;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use iso_currency::Currency;
use support::living::{LIVELY, Living, QUIET};
use support::{WALL, model, process, processor, raw, records};

/// An engine of so many customers, each with ten purchase days and ten interactions; nothing closed yet.
fn engine(customers: u32) -> Engine {
    let mut engine = Engine::new(Arc::new(Policy::default()), model(), 0, 1, b"secret");
    let mut effects = Vec::new();
    for number in 0..customers {
        let id = customer_id(number);
        for turn in 0..20 {
            let day = Day(19_900 + turn * 18 + (number % 17) as i32);
            let time = Millis(i64::from(day.0) * 86_400_000);
            let body = if turn % 2 == 0 {
                Body::Purchase {
                    order: None,
                    amount: Money(i64::from(1_000 + number % 9_000)),
                    manner: Manner::default(),
                }
            } else {
                Body::Interaction(Interaction::Visit)
            };
            let tag = Tag::from_bits(u64::from(number) * 32 + turn as u64);
            let event = Event { tag, customer: &id, time, day, body };
            engine.step(Input::Event { event: &event, topic: 0, settles: Day(0) }, &mut effects);
        }
    }
    engine.committed();
    engine
}

fn hot_path(criterion: &mut Criterion) {
    let records = records(2_000, 300);
    let rules = EventRules::plain(Currency::CNY);
    let raw = |at: usize| raw(&records[at % records.len()]);
    let mut group = criterion.benchmark_group("event");
    group.throughput(Throughput::Elements(1));
    let mut at = 0;
    group.bench_function("parse", |bench| {
        let mut scratch = Scratch::default();
        bench.iter(|| {
            at += 1;
            black_box(parse(&rules, &raw(at), WALL, &mut scratch).is_ok())
        });
    });
    group.bench_function("profile update", |bench| {
        let mut engine = engine(10_000);
        let mut effects = Vec::new();
        let (mut number, mut id) = (0_u64, String::new());
        bench.iter(|| {
            number += 1;
            id.clear();
            std::fmt::Write::write_fmt(&mut id, format_args!("c{:07}", number * 7_919 % 10_000)).unwrap();
            let day = Day(20_260 + (number / 200_000) as i32);
            let event = Event {
                tag: Tag::from_bits(1 << 40 | number),
                customer: &id,
                time: Millis(i64::from(day.0) * 86_400_000 + number as i64),
                day,
                body: Body::Interaction(Interaction::ProductView),
            };
            black_box(engine.step(Input::Event { event: &event, topic: 0, settles: Day(0) }, &mut effects));
            if number.is_multiple_of(5_000) {
                engine.committed();
            }
        });
    });
    group.finish();

    let mut group = criterion.benchmark_group("processor");
    group.throughput(Throughput::Elements(records.len() as u64)).sample_size(10);
    group.bench_function("process, with closes and the changelog", |bench| {
        bench.iter_batched_ref(
            || (processor(), Batch::new()),
            |(processor, batch)| process(processor, 0, records, batch),
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

fn closing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("close of a day");
    group.sample_size(10);
    for (customers, life, an_event) in
        [(100_000, "", LIVELY), (1_000_000, "", LIVELY), (1_000_000, " of a quiet shop", QUIET)]
    {
        group.throughput(Throughput::Elements(u64::from(customers)));
        let mut kept = None;
        for (what, everybody) in [("whom it must look at", false), ("everybody", true)] {
            group.bench_function(format!("{customers} customers{life}, {what}"), |bench| {
                let living = kept.get_or_insert_with(|| lived(customers, an_event));
                bench.iter_custom(|days| (0..days).map(|_| next_close(living, everybody)).sum());
            });
        }
    }
    group.finish();
}

/// An engine that has lived; says what a close of it is about.
fn lived(customers: u32, an_event: u32) -> Living {
    let mut living = Living::new(customers, an_event);
    living.live();
    println!("of {customers} customers a close looks at {} and tells of {}", living.due(), living.close());
    living
}

/// The time that the close of the next day takes, the day's events and the commit aside.
fn next_close(living: &mut Living, everybody: bool) -> Duration {
    living.live();
    if everybody {
        living.engine.wake_all();
    }
    let start = Instant::now();
    black_box(living.close());
    start.elapsed()
}

fn scoring(criterion: &mut Criterion) {
    let engine = engine(1_000);
    let model = model();
    let profiles: Vec<_> = engine.state().iter().map(|(_, customer)| customer.profile).collect();
    let mut at = 0;
    let mut next = || {
        at += 1;
        &profiles[at % profiles.len()]
    };
    let mut group = criterion.benchmark_group("score");
    group.throughput(Throughput::Elements(1));
    group.bench_function("view, features and score", |bench| {
        bench.iter(|| {
            let view = next().view(Day(20_290), 35);
            let features = model.features(&view).unwrap();
            black_box(model.silence.score(&features))
        });
    });
    group.finish();
}

fn changelog(criterion: &mut Criterion) {
    let engine = engine(1_000);
    let customers: Vec<_> = engine.state().iter().map(|(_, customer)| customer).collect();
    let mut group = criterion.benchmark_group("changelog");
    group.throughput(Throughput::Elements(1));
    let mut at = 0;
    let mut writer = Writer::default();
    let write = |customer: &Customer, writer: &mut Writer| {
        writer.begin();
        pack(writer, &customer.profile, &customer.standing);
    };
    group.bench_function("pack", |bench| {
        bench.iter(|| {
            at += 1;
            write(&customers[at % customers.len()], &mut writer);
            black_box(writer.bytes().len())
        });
    });
    write(&customers[0], &mut writer);
    let (mut back, mut names) = (Customer::default(), Vec::new());
    group.bench_function("unpack", |bench| {
        bench.iter(|| {
            unpack(Reader::begin(writer.bytes(), &mut names), &mut back.profile, &mut back.standing).unwrap();
            black_box(back.profile.newest)
        });
    });
    group.finish();
    println!("changelog value: {} bytes (10 purchase days, 10 interactions)", 1 + writer.bytes().len());
}

criterion_group!(benches, hot_path, closing, scoring, changelog);
criterion_main!(benches);
