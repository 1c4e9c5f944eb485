//! The sentences of a report by name. A language is a value of [`Words`], so that none can be missing.

macro_rules! words {
    ($($name:ident),* $(,)?) => {
        /// All sentences of one language; `{name}` stands for what is filled in.
        #[allow(missing_docs, reason = "each field is named after what it says")]
        pub struct Words {
            $(pub $name: &'static str,)*
        }

        impl Words {
            /// Every sentence with its name.
            pub fn all(&self) -> Vec<(&'static str, &'static str)> {
                vec![$((stringify!($name), self.$name)),*]
            }
        }
    };
}

words! {
    language, title, span, look, no_look, year_before,
    verdict_arms_do_not_match, verdict_not_enough, verdict_helps, verdict_harms, verdict_not_shown, enough_rule,
    arms_heading, treated, held_out, difference, interval, episodes, came_back, margin_each, points, to,
    notes_heading, added_margin_week, added_margin_month, detectable, detectable_unknown,
    arms_match, arms_mismatch, arms_changed, matured_match, matured_mismatch, exposed, exposed_meaning, false_alarms,
    goals_heading, goal, wanted, measured, state, goal_retention, goal_margin_week, goal_margin_month, goal_false_alarms,
    at_most, reached, not_reached, not_yet_known,
    cells_heading, cells_note, action, segment, tier,
    champion, loyal, promising, new, at_risk, lapsed, lost, other, own, pooled, none, low, mid, high,
    ranking_heading, ranking_figures, ranking_recommended, ranking_not, ranking_not_asked,
    periods_week, periods_month, periods_note, days, alone, known_by_then,
    chart_sequence, chart_cells, chart_week, chart_points, left_out, left_out_currency, reading_heading, reading,
}

/// Fills a sentence in.
pub fn fill(sentence: &str, values: &[(&str, &str)]) -> String {
    values.iter().fold(sentence.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::fill;
    use crate::effect_study::words::en::EN;
    use crate::effect_study::words::zh::ZH;

    fn places(sentence: &str) -> BTreeSet<&str> {
        sentence.split('{').skip(1).filter_map(|part| part.split('}').next()).collect()
    }

    /// Both languages say everything, fill the same in, and are what they claim to be.
    #[test]
    fn both_languages_are_complete() {
        let han = |text: &str| text.chars().any(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter));
        for ((name, en), (_, zh)) in EN.all().into_iter().zip(ZH.all()) {
            assert!(!en.trim().is_empty() && !zh.trim().is_empty(), "{name}");
            assert_eq!(places(en), places(zh), "{name}");
            assert!(!han(en), "{name}: {en}");
            assert!(han(zh) || name == "language", "{name}: {zh}");
        }
    }

    #[test]
    fn sentences_are_filled_in() {
        assert_eq!(fill("{a} of {b}", &[("a", "1"), ("b", "2")]), "1 of 2");
    }
}
