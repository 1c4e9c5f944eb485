//! `dead-letters list|show|replay`: what could not be used, why, and back into its input once that is mended.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::cli::common::{now, settings};
use crate::cli::exit::Failure;
use crate::cli::letter_args::{DeadLettersCommand, ListArgs, PutBackArgs, ShowArgs};
use crate::cli::letter_page::{letter_json, letter_text, list_json, list_text};
use crate::cli::output::say;
use crate::cli::progress::Bar;
use crate::service::kafka::letters::{each, one};
use crate::service::kafka::put_back::{PutBack, Wish, no_letter, put_back, replayed};
use crate::service::kafka::topics::{check, partitions};
use crate::service::registry::at_once::AtOnce;
use crate::wire::event::RawRecord;
use crate::wire::letter::LetterRecord;
use crate::wire::letter_choice::verdict;
use crate::wire::letter_groups::Groups;

/// What is said while their topic is read.
const READING: &str = "reading the dead letters";

/// Runs the command.
pub fn run(command: &DeadLettersCommand) -> Result<(), Failure> {
    match command {
        DeadLettersCommand::List(args) => list(args),
        DeadLettersCommand::Show(args) => show(args),
        DeadLettersCommand::Replay(args) => replay(args),
    }
}

fn list(args: &ListArgs) -> Result<(), Failure> {
    let settings = settings(args.telling.config.as_deref())?;
    let filter = args.which.filter(&[], &settings)?;
    let numbers = partitions(&settings, &settings.file.topics.dead_letters)?;
    let progress = Bar::count(READING, 0);
    let left = |left| progress.left(left);
    let replayed = replayed(&settings, &numbers, &BTreeSet::new(), &left)?;
    let mut groups = Groups::new(args.limit as usize);
    each(&settings, &numbers, &left, |record, _| {
        if let LetterRecord::Letter(letter) = record
            && filter.takes(&letter)
        {
            let replayed = replayed.contains(&letter.source);
            groups.add(letter, replayed);
        }
        Ok(())
    })?;
    drop(progress);
    if args.telling.json {
        say(list_json(&groups));
    } else if groups.letters() == 0 {
        eprintln!("no dead letters in {}", settings.file.topics.dead_letters);
    } else {
        say(list_text(&groups));
        eprintln!("`churnwatch dead-letters show PLACE` tells why and what to do, where PLACE is as under example");
    }
    Ok(())
}

fn show(args: &ShowArgs) -> Result<(), Failure> {
    let settings = settings(args.telling.config.as_deref())?;
    let numbers = partitions(&settings, &settings.file.topics.dead_letters)?;
    let progress = Bar::count(READING, 0);
    let left = |left| progress.left(left);
    let found = if numbers.contains(&args.place.partition) { one(&settings, args.place, &left)? } else { None };
    drop(progress);
    let whole = found.ok_or_else(|| no_letter(&settings, args.place))?;
    let (source, own) = (&whole.letter.source, whole.originals());
    let record = RawRecord::new(whole.key.as_deref(), whole.value.as_deref(), source.timestamp);
    let record = RawRecord { headers: &own, ..record };
    AtOnce::new(&settings).learn(&source.topic, record.value)?;
    let verdict = verdict(&whole.letter, &record, &settings.shapes, &settings.rules, now());
    if args.telling.json {
        say(letter_json(&whole, verdict));
    } else {
        say(letter_text(&whole, verdict));
    }
    Ok(())
}

fn replay(args: &PutBackArgs) -> Result<(), Failure> {
    let settings = settings(args.telling.config.as_deref())?;
    let filter = args.which.filter(&args.places, &settings)?;
    let inputs = check(&settings)?;
    let put = |write| -> Result<u64, Failure> {
        let progress = Bar::count(READING, 0);
        let wish = Wish { filter: &filter, all: args.all, write, wall: now() };
        let done = put_back(&settings, inputs, &wish, &|left| progress.left(left))?;
        drop(progress);
        if args.telling.json {
            say(done_json(&done, write));
        }
        for sentence in sentences(&done, write) {
            eprintln!("{sentence}");
        }
        Ok(done.put_back)
    };
    if !args.consent.yes {
        let none = put(false)? == 0;
        if none || !args.consent.given("what is put back stays in its input: nothing takes it out again")? {
            return Ok(());
        }
    }
    put(true).map(drop)
}

fn done_json(done: &PutBack, written: bool) -> Value {
    json!({
        "dry_run": !written,
        "letters": done.letters,
        "put_back": done.put_back,
        "put_back_before": done.already,
        "would_be_refused": done.refused,
        "taken_in_before": done.taken_in,
        "cut": done.cut,
        "of_other_topics": done.elsewhere,
    })
}

/// What was done, and of every letter that was left why.
fn sentences(done: &PutBack, written: bool) -> Vec<String> {
    let verb = if written { "were" } else { "would be" };
    let mut sentences =
        vec![format!("{} of {} letters {verb} put back into their inputs", done.put_back, done.letters)];
    let mut left = |count: u64, why: &str| {
        if count > 0 {
            sentences.push(format!("{count} left: {why}"));
        }
    };
    left(done.already, "put back before");
    for (reason, count) in &done.refused {
        left(*count, &format!("would be refused again, {reason} (--all puts them back too)"));
    }
    left(done.taken_in, "taken in when they came, unknown order (--all puts them back too)");
    left(done.cut, "cut, so nothing whole is there to put back: take them from their source");
    left(done.elsewhere, "of topics that are not among topics.events any more");
    sentences
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{done_json, sentences};
    use crate::service::kafka::put_back::PutBack;

    #[test]
    fn what_was_left_is_said_with_its_reason() {
        let refused = BTreeMap::from([("not JSON", 3), ("too late", 2)]);
        let done = PutBack { letters: 11, put_back: 2, already: 1, cut: 1, elsewhere: 1, taken_in: 1, refused };
        let said = sentences(&done, true);
        assert_eq!(said.len(), 7, "{said:?}");
        assert_eq!(said[0], "2 of 11 letters were put back into their inputs");
        assert!(said.iter().any(|one| one.starts_with("3 left: would be refused again, not JSON")), "{said:?}");
        let told = done_json(&done, false);
        assert_eq!((&told["dry_run"], &told["would_be_refused"]["too late"]), (&true.into(), &2.into()));
        let none = sentences(&PutBack::default(), false);
        assert_eq!(none, ["0 of 0 letters would be put back into their inputs"]);
    }
}
