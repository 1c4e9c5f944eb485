//! The words of a report, each a method, so that none can be asked for that there is not. They stand among the templates of
//! `src/wire/texts/` as `report-NAME`; a test checks that all are there with what is filled in.

use crate::wire::texts::{Language, words};

/// The words of a language.
#[derive(Debug)]
pub struct Words {
    /// The language.
    pub language: Language,
}

words! {
    "report";
    plain {
        title, no_look, verdict_arms_do_not_match, verdict_not_enough, verdict_helps, verdict_harms,
        verdict_not_shown, nobody_contacted, arms_heading, treated, held_out, difference, interval, episodes, points, to, notes_heading,
        detectable_unknown, exposed_meaning, goals_heading, goal, wanted, measured, state, goal_retention,
        goal_false_alarms, reached, not_reached, not_yet_known, cells_heading, cells_note, action, segment, tier,
        champion, loyal, promising, new_customer, at_risk, lapsed, lost, other, own, pooled, none, low, mid, high,
        ranking_heading, ranking_recommended, ranking_not, periods_week, periods_month, periods_note, days, alone,
        known_by_then, chart_sequence, chart_cells, chart_week, chart_points, reading_heading, reading,
    }
    filled {
        span(from, days, until), look(number, year, day), year_before(day, points, interval),
        enough_rule(episodes, returns), came_back(days), margin_each(currency),
        added_margin_week(episodes, estimate, currency, interval),
        added_margin_month(episodes, estimate, currency, interval), detectable(points, margin, currency),
        arms_match(treated, held_out, expected, expected_held_out, whole, blocks),
        arms_mismatch(treated, held_out, expected, expected_held_out, whole, blocks), arms_changed(count),
        matured_match(whole, blocks), matured_mismatch(whole, blocks), exposed(count, all, share),
        false_alarms(share, interval), goal_margin_week(currency), goal_margin_month(currency), at_most(value),
        ranking_figures(uplift, currency, value, gain, interval), ranking_not_asked(count),
        left_out(unreadable, repeated, without), left_out_currency(count, currency),
    }
}

#[cfg(test)]
mod tests {
    use super::Words;
    use crate::wire::texts::{Language, kept, told};

    #[test]
    fn every_word_is_in_the_templates_and_no_other() {
        assert_eq!(told(Words::ALL), kept("report-"));
    }

    #[test]
    fn words_are_filled_in() {
        let words = Words { language: Language::En };
        assert_eq!(words.at_most(&[("value", "3")]), "at most 3");
        assert_eq!(Words { language: Language::Zh }.at_most(&[("value", "3")]), "至多 3");
        assert!(words.exposed_meaning().starts_with(" They"));
    }
}
