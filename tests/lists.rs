//! Lists of customers over HTTP, of a real service that a generated shop has been played to: page after page they are
//! everybody, in order, each as it is shown alone; and what a purchase would change.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as it should be"
)]

mod support;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;

use churnwatch::config::contracts::Contract;
use serde_json::Value;
use support::page::answer;

const CUSTOMERS: usize = 400;

/// The demo, which lives on after it has played.
struct Shop {
    demo: Child,
    port: u16,
}

impl Drop for Shop {
    fn drop(&mut self) {
        let _ = self.demo.kill();
        let _ = self.demo.wait();
    }
}

impl Shop {
    fn open() -> Self {
        let customers = CUSTOMERS.to_string();
        let mut demo = Command::new(env!("CARGO_BIN_EXE_churnwatch"))
            .args(["demo", "--customers", &customers, "--days", "300", "--seed", "5", "--log-level", "warn"])
            .env("CHURNWATCH_HTTP__REQUESTS_PER_SECOND", "0")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(demo.stdout.take().unwrap()).lines().map(Result::unwrap);
        let printed: Vec<String> = lines.take_while(|line| !line.starts_with("live until")).collect();
        let url =
            printed.iter().find_map(|line| line.split_whitespace().find(|word| word.starts_with("http://"))).unwrap();
        let port = url.split(['/', ':']).find_map(|part| part.parse().ok()).unwrap();
        Self { demo, port }
    }

    fn get(&self, path: &str) -> Value {
        let (status, body) = answer(self.port, path).unwrap();
        assert_eq!(status, 200, "{path}: {body}");
        serde_json::from_str(&body).unwrap()
    }

    /// Everybody on the pages of a list, each page of which is valid.
    fn all(&self, path: &str) -> Vec<Value> {
        static VALIDATOR: LazyLock<jsonschema::Validator> =
            LazyLock::new(|| jsonschema::validator_for(&Contract::Customers.schema()).unwrap());
        let (mut customers, mut after) = (Vec::new(), String::new());
        loop {
            let page = self.get(&format!("{path}{}limit=70{after}", if path.contains('?') { '&' } else { '?' }));
            let fault = VALIDATOR.validate(&page).err().map(|fault| format!("{fault} at {}", fault.instance_path()));
            assert_eq!(fault, None, "{path}");
            let shown = page["customers"].as_array().unwrap();
            assert!(shown.len() <= 70);
            customers.extend(shown.iter().cloned());
            let Some(next) = page["next"].as_str() else {
                assert_eq!(page["count"].as_u64().unwrap() as usize, customers.len(), "{path}");
                return customers;
            };
            after = format!("&after={next}");
        }
    }

    fn refuses(&self, path: &str, status: u16, words: &str) {
        let (given, body) = answer(self.port, path).unwrap();
        let document: Value = serde_json::from_str(&body).unwrap();
        let detail = document["detail"].as_str().unwrap();
        assert!(given == status && detail.contains(words), "{path}: {given} {detail}");
    }
}

fn id(customer: &Value) -> &str {
    customer["customer_id"].as_str().unwrap()
}

fn money(customer: &Value) -> f64 {
    customer["value_at_risk"].as_str().unwrap().parse().unwrap()
}

#[test]
fn lists_are_everybody_in_order_and_each_as_shown_alone() {
    let shop = Shop::open();
    let all = shop.all("/v1/customers");
    assert!(all.len() > CUSTOMERS / 2, "{}", all.len());
    assert_eq!(all.iter().map(id).collect::<BTreeSet<&str>>().len(), all.len(), "nobody twice");
    assert!(all.is_sorted_by(|one, other| money(one) >= money(other)));
    for customer in all.iter().step_by(9) {
        assert_eq!(shop.get(&format!("/v1/customers/{}", id(customer))), *customer);
    }
    // Every filter is the same as picking from everybody.
    let filter = |path: &str, fits: &dyn Fn(&Value) -> bool| {
        let (listed, picked): (Vec<Value>, Vec<&Value>) =
            (shop.all(path), all.iter().filter(|one| fits(one)).collect());
        assert!(!picked.is_empty() && picked.len() < all.len(), "{path}: {} of {}", picked.len(), all.len());
        assert_eq!(listed.iter().map(id).collect::<Vec<_>>(), picked.into_iter().map(id).collect::<Vec<_>>(), "{path}");
    };
    let is_in = |one: &Value, field: &str, words: &[&str]| words.iter().any(|word| one[field] == *word);
    filter("/v1/customers?band=high,critical", &|one| is_in(one, "band", &["high", "critical"]));
    filter("/v1/customers?tier=mid", &|one| is_in(one, "tier", &["mid"]));
    let segment = all.iter().find_map(|one| one["segment"].as_str()).unwrap();
    filter(&format!("/v1/customers?segment={segment}"), &|one| is_in(one, "segment", &[segment]));
    filter("/v1/alerts", &|one| one["episode"].is_object());
    let opened = all.iter().find_map(|one| one.pointer("/episode/opened_day").and_then(Value::as_str)).unwrap();
    filter(&format!("/v1/alerts?opened={opened}"), &|one| {
        one.pointer("/episode/opened_day").is_some_and(|day| day == opened)
    });
    let longest = shop.all("/v1/customers?order=silence");
    assert!(longest.is_sorted_by(|one, other| one["recency_days"].as_i64() >= other["recency_days"].as_i64()));
    let likeliest = shop.all("/v1/customers?order=score");
    let score = |one: &Value| one["score"].as_f64().unwrap_or(-1.0) as f32;
    assert!(likeliest.is_sorted_by(|one, other| score(one) >= score(other)));

    // A purchase would calm whoever is likely to leave.
    let validator = jsonschema::validator_for(&Contract::WhatIf.schema()).unwrap();
    let warned = shop.all("/v1/alerts");
    for customer in warned.iter().take(20) {
        let path = format!("/v1/customers/{}/what-if", id(customer));
        let usual = shop.get(&path);
        let large = shop.get(&format!("{path}?amount=100000.00"));
        for answer in [&usual, &large] {
            assert!(validator.is_valid(answer), "{answer}");
            for field in ["score", "forward_score", "value_at_risk", "band"] {
                assert_eq!(answer["now"][field], customer[field], "{field} of {answer}");
            }
            let score = |when: &str| answer[when]["score"].as_f64().unwrap();
            assert!(score("then") < score("now") && answer["then"]["band"] != "critical", "{answer}");
        }
        assert_eq!(large["amount"], "100000.00");
        let at_risk = |answer: &Value| money(&answer["then"]);
        assert!(at_risk(&large) > at_risk(&usual), "{large} {usual}");
        // Nothing was bought.
        assert_eq!(shop.get(&format!("/v1/customers/{}", id(customer))), *customer);
    }

    shop.refuses("/v1/customers?band=red", 400, "low, watch, high, critical");
    shop.refuses("/v1/customers?opened=2026-01-01", 400, "opened is none of");
    shop.refuses("/v1/alerts?limit=1000&order=id", 400, "from 1 to 200");
    shop.refuses("/v1/alerts?opened=yesterday", 400, "YYYY-MM-DD");
    shop.refuses(&format!("/v1/customers/{}/what-if?amount=-5", id(&all[0])), 400, "a number in CNY");
    shop.refuses(&format!("/v1/customers/{}/what-if?price=5", id(&all[0])), 400, "there is amount");
    shop.refuses("/v1/customers/nobody/what-if", 404, "no such customer");
}
