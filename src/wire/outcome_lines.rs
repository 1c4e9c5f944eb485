//! Outcomes read back: who was warned about, and on which side of the experiment. What `train` weights its rows by.

use std::borrow::Cow;

use serde::Deserialize;

use crate::engine::alerting::holdout::Arm;
use crate::engine::day::Day;
use crate::wire::calendar::day;
use crate::wire::cloud_event::Received;

/// An opening that was published, of either arm.
#[derive(Clone, Debug, PartialEq)]
pub struct OpeningLine<'a> {
    /// The customer's id.
    pub customer: Cow<'a, str>,
    /// The day it opened.
    pub opened: Day,
    /// Its arm.
    pub arm: Arm,
    /// Probability of being treated that the arm was drawn with.
    pub propensity: f64,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    arm: Cow<'a, str>,
    opened_day: jiff::civil::Date,
    propensity: f64,
}

/// Reads one outcome; `None` where it is not an opening.
pub fn opening(line: &[u8]) -> Result<Option<OpeningLine<'_>>, serde_json::Error> {
    let Received::<Data<'_>> { kind, subject, data } = serde_json::from_slice(line)?;
    if kind != "churnwatch.outcome.opened" {
        return Ok(None);
    }
    let arm = match &*data.arm {
        "treated" => Arm::Treated,
        "holdout" => Arm::Holdout,
        other => return Err(serde::de::Error::custom(format!("unknown arm \"{other}\""))),
    };
    Ok(Some(OpeningLine { customer: subject, opened: day(data.opened_day), arm, propensity: data.propensity }))
}

#[cfg(test)]
mod tests {
    use super::opening;
    use crate::engine::alerting::holdout::Arm;

    #[test]
    fn openings_are_read_and_the_rest_is_passed_over() {
        let mut found = Vec::new();
        for line in include_str!("../../tests/golden/outcomes.jsonl").lines() {
            found.extend(opening(line.as_bytes()).unwrap());
        }
        assert!(found.iter().any(|line| line.arm == Arm::Treated && line.propensity > 0.0));
        assert!(found.len() < include_str!("../../tests/golden/outcomes.jsonl").lines().count());
        assert!(opening(b"{}").is_err());
    }
}
