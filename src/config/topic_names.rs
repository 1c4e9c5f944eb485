//! What is wrong with the names of the topics.

use crate::config::checker::Checker;
use crate::config::file::ConfigFile;

/// Each has one, and no two the same.
pub fn check_topics(file: &ConfigFile, check: &mut Checker) {
    check.must("topics.events", !file.topics.events.is_empty(), "name at least one input topic");
    let topics = &file.topics;
    let outputs = [
        &topics.alerts,
        &topics.risk,
        &topics.outcomes,
        &topics.profiles,
        &topics.dead_letters,
        &topics.models,
        &topics.webhook_dead_letters,
    ];
    let mut names: Vec<&String> = topics.events.iter().chain(outputs).chain(&file.rekey.topics).collect();
    check.must("topics", names.iter().all(|name| !name.is_empty()), "a topic has an empty name");
    names.sort_unstable();
    let distinct = names.windows(2).all(|pair| matches!(pair, [a, b] if a != b));
    check.must("topics", distinct, "two topics have the same name");
}
