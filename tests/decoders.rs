//! The fuzz targets on the stable compiler: their seeds, and inputs made of those by chance. `cargo +nightly fuzz` looks for
//! longer (fuzz/run.sh); here their bodies are kept from rotting.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as it should be"
)]

#[path = "../fuzz/src/decoders/mod.rs"]
#[allow(dead_code, unreachable_pub, reason = "the fuzz crate names the targets by their names")]
mod decoders;
mod support;

use std::collections::BTreeSet;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use decoders::{DECODERS, Decoder};
use support::draw::Draw;

/// Inputs drawn for each target, unless `CHURNWATCH_CASES` says otherwise.
const CASES: u64 = 2_000;
/// A life with its closes takes two milliseconds, the schema of a configuration half of one.
const FEWER: [(&str, u64); 3] = [("partition", 200), ("configuration", 200), ("playbook", 200)];
/// What decoders compare with: a byte more of it gets further than one by chance.
const WORDS: [&[u8]; 14] = [
    b"\"",
    b"{",
    b"[",
    b"\n",
    b",",
    b"-",
    b"null",
    b"1e400",
    b"9223372036854775807",
    b"0",
    b"\xff",
    b"\\u0000",
    b"\x80",
    b"\0",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

/// The seeds of a target, by name.
fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(root().join("seeds").join(target)).unwrap();
    let mut seeds: Vec<(String, Vec<u8>)> = entries
        .map(|entry| {
            let entry = entry.unwrap();
            (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap())
        })
        .collect();
    seeds.sort();
    seeds
}

/// A seed with up to eight changes: bits, bytes, words, pieces of another seed, ends cut off.
fn changed(seeds: &[(String, Vec<u8>)], draw: &mut Draw) -> Vec<u8> {
    let mut bytes = seeds[draw.below(seeds.len() as u64) as usize].1.clone();
    for _ in 0..=draw.below(8) {
        let at = draw.below(bytes.len() as u64 + 1) as usize;
        let length = draw.below(16) as usize;
        let end = (at + length).min(bytes.len());
        match draw.below(7) {
            0 if at < bytes.len() => bytes[at] ^= 1 << draw.below(8),
            1 if at < bytes.len() => bytes[at] = draw.below(256) as u8,
            2 => drop(bytes.splice(at..end, WORDS[draw.below(WORDS.len() as u64) as usize].iter().copied())),
            3 => drop(bytes.splice(at..at, WORDS[draw.below(WORDS.len() as u64) as usize].iter().copied())),
            4 => drop(bytes.drain(at..end)),
            5 => {
                let other = &seeds[draw.below(seeds.len() as u64) as usize].1;
                let from = draw.below(other.len() as u64 + 1) as usize;
                drop(bytes.splice(at..end, other[from..(from + 32).min(other.len())].iter().copied()));
            }
            _ => bytes.truncate(at.max(1)),
        }
    }
    bytes
}

/// The first input that breaks a promise, if any does.
fn broken(target: &str, decoder: Decoder, cases: u64, seed: u64) -> Option<String> {
    let (seeds, mut draw) = (seeds(target), Draw::new(seed));
    assert!(!seeds.is_empty(), "{target} has no seed");
    let drawn = (0..cases).map(|case| (format!("CHURNWATCH_SEED={seed}, case {case}"), changed(&seeds, &mut draw)));
    let mut all = seeds.iter().cloned().chain(drawn);
    let (name, bytes) = all.find(|(_, bytes)| catch_unwind(|| decoder(bytes)).is_err())?;
    Some(format!("{target}, {name}: {}", bytes.escape_ascii()))
}

#[test]
fn seeds_and_what_chance_makes_of_them_break_no_promise() {
    let cases = std::env::var("CHURNWATCH_CASES").ok().map(|cases| cases.parse::<u64>().unwrap());
    let seed = std::env::var("CHURNWATCH_SEED").map_or(7, |seed| seed.parse::<u64>().unwrap());
    let only = std::env::var("CHURNWATCH_DECODER").ok();
    let mut found = Vec::new();
    for (target, decoder) in
        DECODERS.into_iter().filter(|(target, _)| only.as_deref().is_none_or(|only| only == *target))
    {
        let begun = std::time::Instant::now();
        let few = FEWER.iter().find(|(name, _)| *name == target).map_or(CASES, |(_, few)| *few);
        let cases = cases.unwrap_or(few);
        found.extend(broken(target, decoder, cases, seed));
        println!("{target}: {cases} drawn, {:.2} s", begun.elapsed().as_secs_f64());
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// A target without its file would never be fuzzed, seeds without a target never be read.
#[test]
fn every_target_has_its_file_its_place_in_the_manifest_and_its_seeds() {
    let names: BTreeSet<String> = DECODERS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let listed = |folder: &str| -> BTreeSet<String> {
        let entries = std::fs::read_dir(root().join(folder)).unwrap();
        entries.map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect()
    };
    assert_eq!(listed("targets"), names);
    assert_eq!(listed("seeds"), names);
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    for name in &names {
        let target = std::fs::read_to_string(root().join(format!("targets/{name}.rs"))).unwrap();
        assert!(target.contains(&format!("run(\"{name}\", bytes)")), "{name} runs another decoder");
        assert!(manifest.contains(&format!("name = \"{name}\"\npath = \"targets/{name}.rs\"")), "{name}");
    }
}

/// What the properties say is seen to fail.
#[test]
fn a_decoder_that_breaks_its_promise_is_found() {
    let planted: Decoder = |bytes| assert!(!bytes.contains(&0xFF), "a planted fault");
    assert!(broken("event", planted, CASES, 7).is_some());
}
