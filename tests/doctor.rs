//! The doctor on a real Kafka: nothing is found in a healthy system, and each planted fault by its name, with its remedy;
//! whatever hangs, the report is there within 30 s.
//!
//! Runs where Java and Maven or `KAFKA_HOME` are there; in CI their absence is a failure.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as it should be"
)]

#[path = "security/acls.rs"]
#[allow(dead_code, reason = "the security suite uses the rest of it")]
mod acls;
#[allow(dead_code, reason = "the Kafka suite uses the rest of it")]
#[path = "kafka/bench.rs"]
mod bench;
#[path = "doctor/brokers.rs"]
mod brokers;
#[path = "doctor/pages.rs"]
mod pages;
#[path = "doctor/running.rs"]
mod running;
#[path = "doctor/stage.rs"]
mod stage;
#[path = "doctor/topics.rs"]
mod topics;
#[path = "doctor/writers.rs"]
mod writers;
mod support;

use stage::{Case, all};

#[test]
fn faults_of_the_brokers_and_of_what_they_allow() {
    all(&[
        Case { name: "closed-port", plant: brokers::nobody_is_there },
        Case { name: "silent-port", plant: brokers::a_port_says_nothing },
        Case { name: "half-dead", plant: brokers::one_address_of_three_is_right },
        Case { name: "elsewhere", plant: brokers::a_broker_calls_itself_otherwise },
        Case { name: "mute", plant: brokers::everything_hangs_behind_the_first_answer },
        Case { name: "password", plant: brokers::the_password_is_wrong },
        Case { name: "allowed", plant: brokers::all_permissions_are_there },
        Case { name: "forbidden", plant: brokers::permissions_are_missing },
    ]);
}

#[test]
fn faults_of_the_topics_and_the_models() {
    all(&[
        Case { name: "missing", plant: topics::none_was_made },
        Case { name: "changelog", plant: topics::the_changelog_has_too_few_partitions },
        Case { name: "inputs", plant: topics::the_inputs_differ },
        Case { name: "policies", plant: topics::policies_are_wrong },
        Case { name: "bad-model", plant: topics::no_model_can_be_used },
        Case { name: "old-model", plant: topics::an_old_model_is_in_force },
        Case { name: "pages", plant: pages::the_service_says_so },
        Case { name: "ended", plant: pages::a_worker_has_ended },
    ]);
}

#[test]
fn faults_of_those_who_write_and_read() {
    all(&[
        Case { name: "clock", plant: writers::a_clock_is_ahead },
        Case { name: "slow-clock", plant: writers::the_clocks_of_service_and_brokers_are_behind },
        Case { name: "transactions", plant: writers::transactions_stay_open },
        Case { name: "standing", plant: writers::a_member_commits_nothing },
        Case { name: "lost", plant: writers::records_went_before_they_were_read },
        Case { name: "anew", plant: writers::an_input_was_made_anew },
    ]);
}

#[test]
fn a_service_that_runs_well_and_others_that_do_not() {
    all(&[
        Case { name: "healthy", plant: running::nothing_is_wrong },
        Case { name: "full", plant: running::the_state_is_full },
        Case { name: "stopped", plant: running::it_was_stopped_and_its_settings_changed },
    ]);
}

#[test]
fn a_configuration_that_cannot_be_used_is_refused_as_everywhere() {
    running::a_bad_configuration_is_refused();
}
