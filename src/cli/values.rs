//! Values as typed: what is none is refused by a sentence that says how to write it.

use std::str::FromStr;

use jiff::civil::Date;

/// A day.
pub fn date(text: &str) -> Result<Date, String> {
    text.parse().map_err(|_| "there is no such day: write it as YYYY-MM-DD, for instance 2026-01-31".to_owned())
}

/// A whole number.
pub fn number<N: FromStr>(text: &str) -> Result<N, String> {
    text.parse().map_err(|_| "write a whole number, for instance 30".to_owned())
}

/// The word of `known` that was probably meant, as a question.
pub fn nearest(text: &str, known: &[&str]) -> String {
    const LIKE_ENOUGH: f64 = 0.7;
    let likeness = |word: &str| strsim::jaro_winkler(&text.to_lowercase(), &word.to_lowercase());
    let best = known.iter().max_by(|one, other| likeness(one).total_cmp(&likeness(other)));
    best.filter(|word| likeness(word) > LIKE_ENOUGH)
        .map(|word| format!("; did you mean \"{word}\"?"))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{date, nearest, number};

    #[test]
    fn what_is_meant_is_taken_and_the_rest_is_told_how() {
        assert_eq!(date("2026-01-31"), Ok(jiff::civil::date(2026, 1, 31)));
        assert!(["yesterday", "2026-02-30", ""].iter().all(|text| date(text).unwrap_err().contains("YYYY-MM-DD")));
        assert_eq!(number("12"), Ok(12_u32));
        assert!(["many", "1.5", "-1", "5000000000"].iter().all(|text| number::<u32>(text).is_err()));
        assert_eq!(nearest("wran", &["info", "warn"]), "; did you mean \"warn\"?");
        assert_eq!(nearest("loud", &["info", "warn"]), "");
    }
}
