//! What the company wants to reach, each with its unit, and whether an interval says that it is reached.

/// Goals, in the units of the report.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Goals {
    /// Percentage points of the return rate that acting adds.
    pub retention_points: Option<f64>,
    /// Margin that acting adds in a period, in the base currency.
    pub incremental_margin: Option<f64>,
    /// Most held-out customers, in percent, that may come back by themselves.
    pub false_alarms_percent: Option<f64>,
}

/// What can be said of a goal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reached {
    /// The whole interval lies on the good side.
    Yes,
    /// The whole interval lies on the bad side.
    No,
    /// The goal lies inside the interval, or there is no interval.
    Unknown,
}

impl Reached {
    /// The name in JSON and CSV.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Yes => "reached",
            Self::No => "not_reached",
            Self::Unknown => "not_yet_known",
        }
    }
}

/// Whether at least so much is reached.
pub fn at_least(goal: f64, interval: Option<[f64; 2]>) -> Reached {
    match interval {
        Some([low, _]) if low >= goal => Reached::Yes,
        Some([_, high]) if high < goal => Reached::No,
        Some(_) | None => Reached::Unknown,
    }
}

/// Whether at most so much is there.
pub fn at_most(goal: f64, interval: Option<[f64; 2]>) -> Reached {
    match interval {
        Some([_, high]) if high <= goal => Reached::Yes,
        Some([low, _]) if low > goal => Reached::No,
        Some(_) | None => Reached::Unknown,
    }
}

/// A goal as it is written, `2 points` or `50000 CNY`: the number, where the unit is the one wanted.
pub fn goal(text: &str, unit: &str) -> Result<f64, String> {
    let text = text.trim();
    let example = format!("write it like \"2 {unit}\"");
    let split = text.find(|letter: char| !letter.is_ascii_digit() && !['.', '-', '+', '_'].contains(&letter));
    let Some((number, given)) = split.and_then(|at| text.split_at_checked(at)) else {
        return Err(format!("\"{text}\" is a goal without unit: {example}"));
    };
    let given = given.trim();
    match number.replace('_', "").parse::<f64>() {
        Ok(number) if number.is_finite() && number > 0.0 && given == unit => Ok(number),
        Ok(number) if given == unit => Err(format!("{number} is no goal: it must lie above 0")),
        Ok(_) => Err(format!("\"{given}\" is not the unit of this goal: {example}")),
        Err(_) => Err(format!("\"{text}\" is no goal: {example}")),
    }
}

#[cfg(test)]
mod tests {
    use super::{Reached, at_least, at_most, goal};

    #[test]
    fn goals_have_units() {
        assert_eq!(goal("2 points", "points"), Ok(2.0));
        assert_eq!(goal("50_000CNY", "CNY"), Ok(50_000.0));
        for (text, unit, said) in [
            ("2", "points", "without unit"),
            ("2 %", "points", "not the unit"),
            ("-2 points", "points", "above 0"),
            ("some points", "points", "no goal"),
            ("", "%", "without unit"),
            ("50000 EUR", "CNY", "not the unit"),
        ] {
            let sentence = goal(text, unit).unwrap_err();
            assert!(sentence.contains(said), "{text}: {sentence}");
        }
    }

    #[test]
    fn only_a_whole_interval_decides() {
        let interval = Some([1.0, 3.0]);
        let said = [1.0, 2.0, 3.5].map(|wanted| at_least(wanted, interval));
        assert_eq!(said, [Reached::Yes, Reached::Unknown, Reached::No]);
        let said = [0.5, 2.0, 3.0].map(|most| at_most(most, interval));
        assert_eq!(said, [Reached::No, Reached::Unknown, Reached::Yes]);
        assert_eq!(at_most(1.0, None), Reached::Unknown);
    }
}
