//! `report`: whether acting on warnings helped, as text, JSON, CSV and a page.

use crate::cli::common::settings;
use crate::cli::exit::Failure;
use crate::cli::outcomes::{same_currency, study};
use crate::cli::output::{check_folder, say, say_json, write_whole};
use crate::cli::progress::during;
use crate::cli::study_args::{PeriodArg, ReportArgs};
use crate::effect_study::action_names::action_names;
use crate::effect_study::boundary::Spending;
use crate::effect_study::csv::report_csv;
use crate::effect_study::document::document;
use crate::effect_study::json::report_json;
use crate::effect_study::page::page;
use crate::effect_study::periods::Period;
use crate::effect_study::report::report;
use crate::effect_study::text::text;
use crate::effect_study::words::Words;

/// Runs the command.
pub fn run(args: &ReportArgs) -> Result<(), Failure> {
    let settings = settings(args.input.config.as_deref())?;
    if let Some(path) = &args.html {
        check_folder(path)?;
    }
    let study = study(&args.input, &settings)?;
    if settings.goals.incremental_margin.is_some() {
        same_currency(&study, &settings)?;
    }
    let period = match args.period {
        PeriodArg::Week => Period::Week,
        PeriodArg::Month => Period::Month,
    };
    let report = during("reckoning", || report(&study, &Spending::yearly(), &settings.goals, period));
    let words = &Words { language: args.language };
    let names = action_names(&settings.policy.playbook, words);
    let document = document(&report, words, &names);
    if let Some(path) = &args.html {
        write_whole(path, page(&document, &report, words, &names).as_bytes())?;
    }
    if args.json {
        say_json(&report_json(&report), true);
    } else if args.csv {
        say(report_csv(&report).trim_end());
    } else {
        say(text(&document).trim_end());
    }
    Ok(())
}
