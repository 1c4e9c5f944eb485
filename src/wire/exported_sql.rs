//! A model as SQL: one expression a head over columns that are called like the features, in words that every database with
//! EXP, LEAST and GREATEST knows.

use std::fmt::Write;

use crate::engine::rfm::features::FEATURE_TABLE;
use crate::engine::scoring::logistic::{CLIP, Head};
use crate::engine::scoring::model::Model;

/// A query over `table`: its columns, and the probabilities `silence_score` and `forward_score`.
pub fn sql(model: &Model, table: &str) -> String {
    let mut text = format!(
        "-- churnwatch model {}, horizon {} days\n\
         -- silence_score: P(this silence will exceed the horizon), where it is below it\n\
         -- forward_score: P(no purchase within the horizon)\n\
         SELECT *",
        model.version,
        model.horizon_days()
    );
    for (name, head) in [("silence_score", &model.silence), ("forward_score", &model.forward)] {
        // Writing to memory cannot fail.
        let _ = write!(text, ",\n  {} AS {name}", expression(head));
    }
    let _ = write!(text, "\nFROM {table};\n");
    text
}

/// The calibrated probability, as `Head::score` has it.
fn expression(head: &Head) -> String {
    let mut sum = number(head.intercept);
    for column in &head.columns {
        let name = FEATURE_TABLE.get(column.feature).map_or("", |(name, ..)| *name);
        let (mean, deviation, weight) = (number(column.mean), number(column.deviation), number(column.weight));
        let standardised = format!("(CAST(\"{name}\" AS DOUBLE PRECISION) - {mean}) / {deviation}");
        let clipped = format!("LEAST({CLIP:.1}, GREATEST(-{CLIP:.1}, {standardised}))");
        let _ = write!(sum, "\n      + {weight} * {clipped}");
    }
    format!("1.0 / (1.0 + EXP(-({} * ({sum})\n    + {})))", number(head.slope), number(head.offset))
}

/// A 64-bit float as a literal of that type: a decimal of so many digits would be read as an exact number by some.
fn number(value: f64) -> String {
    format!("CAST('{value:e}' AS DOUBLE PRECISION)")
}
