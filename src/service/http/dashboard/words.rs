//! The words of the pages, each a method. They stand among the templates of `src/wire/texts/` as `page-NAME`; a test checks
//! that all are there with what is filled in.

use crate::wire::texts::{Language, known, words};

/// The words of a language.
#[derive(Debug)]
pub struct Words {
    /// The language.
    pub language: Language,
}

words! {
    "page";
    plain {
        leave_alone, no_customer, churned, not_yet, churned_already, no_filters, effect_none, token_needed_says, not_possible_says, not_now_says,
        not_found_says, customers_known, skip, navigation, today, customers, effect, model, health, effect_title,
        not_found, token_needed, not_now, not_possible, nothing_closed, incomplete, opened_heading, opened_none,
        first_heading, opened_all, opened_tile, open_tile, goals_heading, goals_unset, goals_unknown, tier, tier_low,
        tier_mid, tier_high, band, band_low, band_watch, band_high, band_critical, warnings, value_at_risk, day,
        as_table, forecast_note, nobody_yet, nobody_fits, first_page, next_page, customer, score, score_short,
        silence_days, last_purchase, segment, warned_since, action, find, open, any, order, warned_only, opened_on,
        show, course_heading, reasons_heading, past_heading, known_heading, warnings_heading, what_if_heading, held_out,
        spent_year, action_heading, deadline, offer, action_none, first_purchase, purchases, spent_life,
        fits_yes, no_playbook, not_in_data, closes_tonight, warning, everybody, nobody_warned,
        style, likes_week, likes_day_part, likes_channel, likes_category, points_balance, displeased, survey, opted_out,
        state, is_open, warnings_none, now, then, work_out, course_none, course_note, if_silent, was, kind, reference,
        sum, group, reason, log_odds, group_silence, group_trend, group_value, group_engagement, group_satisfaction,
        group_season, past_none, paid, given_back, heard_heading, heard_none, times, last_on, model_none,
        in_force_heading, validation_heading, drift_heading, horizon, horizon_note, thresholds, thresholds_note, fits,
        fits_still, retrain, fits_note, since, since_ever, partitions, head, judged_from, rows, base_rate, auc_active,
        validation_none, validation_note, drift_none, not_yet_known, beyond, psi, calibration, clipped, figure, limit,
        in_training, seen_now, scores_heading, cohorts_heading, cohorts_none, cohorts_note, predicted, occurred, ready,
        not_ready, flow_heading, flow_none, letters_heading, letters_none, letters_note, records_heading,
        partitions_heading, partitions_none, partition, lag, pace, restored, commits, pace_chart, lag_chart, closed_day,
        closes_due, state_size,
    }
    filled {
        seconds(seconds), customers_note(mebibytes), restore_time(seconds), what_if_says(amount, day), amount_wanted(currency),
        bands_note(bands), forward_score(days), of_tier(tier), place(tier, segment), value_at_risk_in(currency),
        pays(currency), as_of(day), at_most(value), at_risk(amount), band_changes(band, day), churn_day(day),
        coming_tile(days), days(days), ended_lapsed(day), ended_resolved(day), ended_withdrawn(day),
        forecast_heading(days), has_churned(days, day), last_bought(day), list_age(seconds), listed(count, amount),
        minutes(minutes), never_bought(day), no_preference(purchases), of_purchases(count, purchases), oldest(seconds),
        or_above(band), pending(model, day), per_second(count), points(points), reasons_note(sum), records(count),
        rolled_back(count), silent(days, day), so_far(count), spending(currency), trained_until(day), warned(days,
        opened, day),
    }
}

impl Words {
    /// What a code of an event or a profile, or a dead letter's reason, is called; a company's own code is called what it is.
    pub fn code(&self, code: &str) -> String {
        known(self.language, &format!("code-{}", code.replace(' ', "_"))).unwrap_or_else(|| code.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::Words;
    use crate::engine::event::{INTERACTION_NAMES, Reason};
    use crate::engine::rfm::style::Style;
    use crate::wire::texts::{Language, kept, told};

    #[test]
    fn every_word_is_in_the_templates_and_no_other() {
        assert_eq!(told(Words::ALL), kept("page-"));
    }

    #[test]
    fn codes_have_names_and_a_companys_own_is_its_name() {
        let words = Words { language: Language::Zh };
        let codes = INTERACTION_NAMES.into_iter().chain(Style::ALL.map(Style::name));
        let codes = codes.chain(["weekday", "weekend", "night", "morning", "afternoon", "evening"]);
        for code in codes.chain(Reason::ALL.map(Reason::words)) {
            assert_ne!(words.code(code), code);
        }
        assert_eq!(words.code("late delivery = x"), "late delivery = x");
    }
}
