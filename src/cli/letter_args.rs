//! The arguments of `dead-letters`, as typed and as meant.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::civil::Date;

use crate::cli::common::now;
use crate::cli::consent::ConsentArgs;
use crate::cli::exit::Failure;
use crate::cli::values::nearest;
use crate::config::checker::duration;
use crate::config::settings::Settings;
use crate::engine::day::Millis;
use crate::engine::event::Reason;
use crate::wire::calendar::{day, midnight};
use crate::wire::letter::Place;
use crate::wire::letter_choice::Filter;
use crate::wire::time_text::instant;

/// What to do with the dead letters.
#[derive(Debug, Subcommand)]
pub enum DeadLettersCommand {
    /// Count them by reason, field and topic.
    List(ListArgs),
    /// Show one: headers, key, value, why, what to do, and whether it would be accepted now.
    Show(ShowArgs),
    /// Put the original records back into their inputs, each once, however often it is asked for.
    Replay(PutBackArgs),
}

/// Which letters.
#[derive(Debug, Args)]
pub struct WhichArgs {
    /// Of this reason alone, in its words, as 'state full'; may be given again.
    #[arg(long, value_parser = reason)]
    pub reason: Vec<Reason>,
    /// With this field at fault alone; may be given again.
    #[arg(long)]
    pub field: Vec<String>,
    /// Written since then: a date, a time, or a duration before now, as 36h.
    #[arg(long, value_name = "T")]
    pub since: Option<String>,
    /// Written before then.
    #[arg(long, value_name = "T")]
    pub until: Option<String>,
}

/// Where the letters are, and how they are told of.
#[derive(Debug, Args)]
pub struct TellingArgs {
    /// Configuration file; the environment is read in any case.
    #[arg(long)]
    pub config: Option<PathBuf>,
    /// As JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `dead-letters list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Which letters.
    #[command(flatten)]
    pub which: WhichArgs,
    /// Also show so many of the newest, one by one.
    #[arg(long, default_value_t = 0, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=100_000))]
    pub limit: u32,
    /// How it is told.
    #[command(flatten)]
    pub telling: TellingArgs,
}

/// Arguments of `dead-letters show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// Where it stands, as the list says.
    #[arg(value_name = "PARTITION@OFFSET")]
    pub place: Place,
    /// How it is told.
    #[command(flatten)]
    pub telling: TellingArgs,
}

/// Arguments of `dead-letters replay`.
#[derive(Debug, Args)]
pub struct PutBackArgs {
    /// Those at these places alone.
    #[arg(value_name = "PARTITION@OFFSET")]
    pub places: Vec<Place>,
    /// Which letters.
    #[command(flatten)]
    pub which: WhichArgs,
    /// Also those that would be refused again.
    #[arg(long)]
    pub all: bool,
    /// Whether it is to be done.
    #[command(flatten)]
    pub consent: ConsentArgs,
    /// How it is told.
    #[command(flatten)]
    pub telling: TellingArgs,
}

impl WhichArgs {
    /// The letters that are meant.
    pub fn filter(&self, places: &[Place], settings: &Settings) -> Result<Filter, Failure> {
        let moment = |text: &Option<String>, flag: &str| {
            let moment = text.as_deref().map(|text| moment(text, settings));
            moment.transpose().map_err(|sentence| Failure::usage(format!("{flag}: {sentence}")))
        };
        Ok(Filter {
            reasons: self.reason.clone(),
            fields: self.field.clone(),
            since: moment(&self.since, "--since")?,
            until: moment(&self.until, "--until")?,
            places: places.iter().copied().collect(),
        })
    }
}

/// A moment: how long ago, the midnight that opens a date, or a time; without an offset in the configured zone.
fn moment(text: &str, settings: &Settings) -> Result<Millis, String> {
    let rules = &settings.rules;
    if let Ok(ago) = duration(text) {
        return Ok(now().plus(-i64::try_from(ago.as_millis()).unwrap_or(i64::MAX)));
    }
    let date = text.parse::<Date>().ok().filter(|_| !text.contains('T')).map(|date| midnight(day(date), &rules.zone));
    date.or_else(|| instant(text, rules)).ok_or_else(|| {
        format!(
            "\"{text}\" is no moment: write a date (2026-01-31), a time (2026-01-31T08:00:00Z), or how long ago (36h)"
        )
    })
}

/// A reason in its words; hyphens and underscores stand for blanks.
fn reason(text: &str) -> Result<Reason, String> {
    let words = |text: &str| text.replace(['-', '_'], " ").to_lowercase();
    let wanted = words(text);
    let found = Reason::ALL.into_iter().find(|reason| words(reason.words()) == wanted);
    let known = Reason::ALL.map(Reason::words);
    found.ok_or_else(|| format!("it is one of: {}{}", known.join(", "), nearest(&words(text), &known)))
}

#[cfg(test)]
mod tests {
    use super::{moment, reason};
    use crate::cli::common::now;
    use crate::config::load::load;
    use crate::engine::day::Millis;
    use crate::engine::event::Reason;

    #[test]
    fn reasons_are_taken_in_their_words() {
        for known in Reason::ALL {
            assert_eq!(reason(known.words()), Ok(known));
            assert_eq!(reason(&known.words().to_uppercase().replace(' ', "-")), Ok(known));
        }
        assert!(reason("bad luck").unwrap_err().contains("state full"));
    }

    #[test]
    fn moments_are_dates_times_and_durations() {
        let mut settings = load(None).unwrap();
        settings.rules.zone = jiff::tz::TimeZone::get("Asia/Shanghai").unwrap();
        let at = |text: &str| moment(text, &settings);
        assert_eq!(at("2025-01-01"), Ok(Millis(1_735_660_800_000)));
        assert_eq!(at("2025-01-01T00:00:00Z"), Ok(Millis(1_735_689_600_000)));
        assert_eq!(at("2025-01-01T08:00:00"), Ok(Millis(1_735_689_600_000)));
        let ago = now().0 - at("36h").unwrap().0;
        assert!((36 * 3_600_000..36 * 3_600_000 + 60_000).contains(&ago), "{ago}");
        assert!(at("soon").unwrap_err().contains("no moment"));
    }
}
