//! Whether anything can come of a file, told before anything is started for it.

use std::path::Path;

use crate::cli::common::{now, open, own_topic};
use crate::cli::exit::Failure;
use crate::config::settings::Settings;
use crate::engine::event::Reason;
use crate::wire::event::{RawRecord, Scratch, parse};
use crate::wire::letter_advice::why;

/// Letters of a row that are shown.
const SHOWN: usize = 300;

/// Ends the command where the file can't be opened, or where none of its rows can be used: most often the first one can, and
/// no other is read.
pub fn look(path: &Path, columns: &[String], settings: &Settings) -> Result<(), Failure> {
    if path.as_os_str() == "-" {
        return Ok(());
    }
    let mut stream = open(&[path.to_path_buf()], columns, own_topic(settings)?, settings)?;
    let (mut scratch, wall, mut first) = (Scratch::default(), now(), None);
    let mut rows = 0;
    while let Some((record, _)) = stream.next(&settings.rules).map_err(Failure::usage)? {
        rows += 1;
        let raw = RawRecord::new(Some(&record.key), Some(&record.value), wall);
        match parse(&settings.rules, &raw, wall, &mut scratch) {
            Ok(_) => return Ok(()),
            Err(reject) => {
                first.get_or_insert_with(|| (reject.reason, String::from_utf8_lossy(&record.value).into_owned()));
            }
        }
    }
    first.map_or(Ok(()), |(reason, row)| {
        let row: String = row.chars().take(SHOWN).collect();
        let advice = if reason == Reason::BadAmount { "; write amounts as 3.50" } else { "" };
        Err(Failure::usage(format!(
            "none of the {rows} rows of {} can be used. The first: {}{advice}. It was read as {row}",
            path.display(),
            why(reason),
        )))
    })
}
