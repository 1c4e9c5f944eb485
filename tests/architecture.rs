//! The house rules that no compiler checks: layers, circles, purity, headers, lengths. Each rule is shown to fail.

#![allow(clippy::unwrap_used, reason = "a test stops at the first thing that is not as it should be")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use syn::visit::{self, Visit};

/// Rooms from the foundations up; a room may use only rooms above itself in this list.
const LAYERS: [&str; 9] =
    ["engine", "wire", "shop", "processor", "training", "effect_study", "config", "service", "cli"];
/// Walls inside the engine, likewise.
const ENGINE: [&str; 24] = [
    "day",
    "customer",
    "money",
    "generations",
    "event",
    "rfm",
    "scoring",
    "alerting",
    "clock",
    "effect",
    "packed",
    "state",
    "erasure",
    "names",
    "assess",
    "placing",
    "schedule",
    "promotion",
    "partition",
    "step",
    "coming",
    "episodes",
    "intake",
    "closing",
];
/// Rooms without I/O, clock, environment, logging or randomness of their own.
const PURE: [&str; 6] = ["engine", "shop", "processor", "training", "effect_study", "wire"];
/// What pure rooms never name.
const BANNED: [&str; 11] = [
    "std::net",
    "std::env",
    "std::thread",
    "SystemTime",
    "Instant",
    "tokio",
    "rdkafka",
    "tracing",
    "println",
    "eprintln",
    "Timestamp::now",
];
/// What the engine never names besides.
const BANNED_IN_ENGINE: [&str; 4] = ["serde", "std::fs", "rand", "std::io"];
/// Longest file, in lines.
const MAX_LINES: usize = 400;

/// A source file: its path below src with `/`, and its text.
struct Source {
    path: String,
    text: String,
}

fn sources() -> Vec<Source> {
    fn walk(folder: &Path, root: &Path, found: &mut Vec<Source>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, root, found);
            } else if path.extension().is_some_and(|suffix| suffix == "rs") {
                let name = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
                found.push(Source { path: name, text: std::fs::read_to_string(&path).unwrap() });
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    walk(&root, &root, &mut found);
    found
}

/// `engine/rfm/open.rs` → `engine::rfm::open`.
fn module(path: &str) -> String {
    path.trim_end_matches(".rs").trim_end_matches("/mod").replace('/', "::")
}

/// The `crate::…` paths that a file names outside its tests, `super::` and globs.
#[derive(Default)]
struct Uses {
    paths: BTreeSet<String>,
    supers: bool,
    globs: bool,
}

impl Uses {
    fn tree(&mut self, prefix: &[String], tree: &syn::UseTree) {
        match tree {
            syn::UseTree::Path(path) => {
                let mut prefix = prefix.to_vec();
                prefix.push(path.ident.to_string());
                self.tree(&prefix, &path.tree);
            }
            syn::UseTree::Name(name) => self.path(&[prefix, &[name.ident.to_string()]].concat()),
            syn::UseTree::Rename(name) => self.path(&[prefix, &[name.ident.to_string()]].concat()),
            syn::UseTree::Glob(_) => {
                self.globs = true;
                self.path(prefix);
            }
            syn::UseTree::Group(group) => group.items.iter().for_each(|item| self.tree(prefix, item)),
        }
    }

    fn path(&mut self, segments: &[String]) {
        match segments.split_first() {
            Some((first, rest)) if first == "crate" => {
                self.paths.insert(rest.join("::"));
            }
            Some((first, _)) if first == "super" => self.supers = true,
            _ => {}
        }
    }
}

impl<'ast> Visit<'ast> for Uses {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        let test = item.attrs.iter().any(|attribute| attribute.path().is_ident("cfg"));
        if !test {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.tree(&[], &item.tree);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.path(&segments);
        visit::visit_path(self, path);
    }
}

fn uses(source: &Source) -> Uses {
    let mut uses = Uses::default();
    uses.visit_file(&syn::parse_file(&source.text).unwrap());
    uses
}

fn rank(list: &[&str], name: &str) -> Option<usize> {
    list.iter().position(|known| *known == name)
}

/// Faults of layers and of the engine's inner walls.
fn layer_faults(source: &Source) -> Vec<String> {
    let own = module(&source.path);
    let mut own_parts = own.split("::");
    let (room, part) = (own_parts.next().unwrap_or_default(), own_parts.next().unwrap_or_default());
    let Some(own_rank) = rank(&LAYERS, room) else { return Vec::new() };
    let mut faults = Vec::new();
    for used in uses(source).paths {
        let mut parts = used.split("::");
        let (to, to_part) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        if rank(&LAYERS, to).is_some_and(|to| to > own_rank) {
            faults.push(format!("{own} uses {used}, a room below its own"));
        }
        if room == "engine"
            && to == "engine"
            && let (Some(own), Some(to)) = (rank(&ENGINE, part), rank(&ENGINE, to_part))
            && to > own
        {
            faults.push(format!("engine::{part} uses {used}, which stands below it"));
        }
    }
    faults
}

/// Faults of one file's form.
fn form_faults(source: &Source) -> Vec<String> {
    let path = &source.path;
    let header = source.text.lines().take_while(|line| line.starts_with("//!")).count();
    let lines = source.text.lines().count();
    let uses = uses(source);
    let mut faults = Vec::new();
    let mut fault = |bad: bool, sentence: String| {
        if bad {
            faults.push(sentence);
        }
    };
    fault(!(1..=5).contains(&header), format!("{path} opens with {header} lines of //!, not 1 to 5"));
    fault(lines > MAX_LINES, format!("{path} has {lines} lines, more than {MAX_LINES}"));
    fault(uses.supers, format!("{path} uses super:: outside tests"));
    fault(uses.globs, format!("{path} imports a glob"));
    if path.ends_with("mod.rs") {
        let only_mods =
            source.text.lines().all(|line| line.is_empty() || line.starts_with("//!") || line.starts_with("pub mod "));
        fault(!only_mods, format!("{path} holds more than its header and mod lines"));
    }
    faults
}

/// Faults of purity, outside tests.
fn purity_faults(source: &Source) -> Vec<String> {
    let room = source.path.split('/').next().unwrap_or_default();
    // Reading files is what these two are for.
    let reads_files = ["wire/files.rs", "wire/merge.rs"].contains(&source.path.as_str());
    if !PURE.contains(&room) || reads_files {
        return Vec::new();
    }
    let code = source.text.split("#[cfg(test)]").next().unwrap_or_default();
    let code: String = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let words = |banned: &&&str| {
        code.match_indices(**banned).any(|(at, word)| {
            let before = code.get(..at).and_then(|text| text.chars().next_back());
            let after = code.get(at + word.len()..).and_then(|text| text.chars().next());
            let part = |letter: Option<char>| letter.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
            !part(before) && !part(after)
        })
    };
    let engine: &[&str] = if room == "engine" { &BANNED_IN_ENGINE } else { &[] };
    BANNED.iter().chain(engine).filter(words).map(|banned| format!("{} names {banned}", source.path)).collect()
}

/// A depth-first search for a way back to where it came from.
fn search(
    at: &str,
    edges: &BTreeMap<String, BTreeSet<String>>,
    path: &mut Vec<String>,
    done: &mut BTreeSet<String>,
) -> Option<Vec<String>> {
    if let Some(start) = path.iter().position(|known| known == at) {
        return Some(path.iter().skip(start).cloned().collect());
    }
    if !done.insert(at.to_owned()) {
        return None;
    }
    path.push(at.to_owned());
    let found = edges.get(at).into_iter().flatten().find_map(|to| search(to, edges, path, done));
    path.pop();
    found
}

/// A circle of imports between files, if there is one.
fn circle(files: &[Source]) -> Option<Vec<String>> {
    let modules: BTreeSet<String> = files.iter().map(|file| module(&file.path)).collect();
    let owner = |used: &str| {
        let parts: Vec<&str> = used.split("::").collect();
        (1..=parts.len())
            .rev()
            .map(|count| parts.iter().take(count).copied().collect::<Vec<_>>().join("::"))
            .find(|name| modules.contains(name))
    };
    let edges: BTreeMap<String, BTreeSet<String>> = files
        .iter()
        .map(|file| {
            let own = module(&file.path);
            let to = uses(file).paths.iter().filter_map(|used| owner(used)).filter(|to| *to != own).collect();
            (own, to)
        })
        .collect();
    let mut done = BTreeSet::new();
    edges.keys().find_map(|start| search(start, &edges, &mut Vec::new(), &mut done))
}

#[test]
fn every_file_keeps_the_house_rules() {
    let files = sources();
    assert!(files.len() > 50, "the sources were not found");
    let faults: Vec<String> =
        files.iter().flat_map(|file| [layer_faults(file), form_faults(file), purity_faults(file)].concat()).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    assert_eq!(circle(&sources()), None);
}

#[test]
fn each_rule_can_fail() {
    let file = |path: &str, text: &str| Source { path: path.into(), text: text.into() };
    let upward = file("engine/rfm/bad.rs", "//! x\nuse crate::wire::words::Locale;");
    assert_eq!(layer_faults(&upward).len(), 1);
    let inner = file("engine/rfm/bad.rs", "//! x\nfn f() { crate::engine::step::g(); }");
    assert_eq!(layer_faults(&inner).len(), 1);
    let tested = file("engine/rfm/bad.rs", "//! x\n#[cfg(test)]\nmod tests { use super::f; use crate::wire::x; }");
    assert!(layer_faults(&tested).is_empty() && form_faults(&tested).is_empty());
    assert_eq!(form_faults(&file("wire/a.rs", "fn f() {}")).len(), 1);
    assert_eq!(form_faults(&file("wire/a.rs", &format!("//! x\n{}", "// y\n".repeat(MAX_LINES)))).len(), 1);
    assert_eq!(form_faults(&file("wire/a.rs", "//! x\nuse super::b;")).len(), 1);
    assert_eq!(form_faults(&file("wire/a.rs", "//! x\nuse crate::b::*;")).len(), 1);
    assert_eq!(form_faults(&file("wire/mod.rs", "//! x\npub mod a;\nfn f() {}")).len(), 1);
    assert_eq!(purity_faults(&file("engine/a.rs", "//! x\nuse std::time::Instant;")).len(), 1);
    assert_eq!(purity_faults(&file("engine/a.rs", "//! x\nuse serde::Serialize;")).len(), 1);
    assert!(purity_faults(&file("service/a.rs", "//! x\nuse std::time::Instant;")).is_empty());
    let round =
        [file("wire/a.rs", "//! x\nuse crate::wire::b::B;"), file("wire/b.rs", "//! x\nuse crate::wire::a::A;")];
    assert_eq!(circle(&round), Some(vec!["wire::a".to_owned(), "wire::b".to_owned()]));
}
