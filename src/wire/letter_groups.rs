//! Dead letters counted by reason, field and topic, and the newest of them. Keeps counts, whatever their number.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::engine::day::Millis;
use crate::engine::event::Reason;
use crate::wire::letter::{Letter, Place};

/// The letters of one reason, field and topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The reason.
    pub reason: Reason,
    /// The field at fault, or "" where it is the record as a whole.
    pub field: String,
    /// The input topic.
    pub topic: String,
    /// Number of letters.
    pub letters: u64,
    /// How many of them are put back.
    pub replayed: u64,
    /// How many of them are cut.
    pub cut: u64,
    /// When the first was written.
    pub first: Millis,
    /// When the last was written.
    pub last: Millis,
    /// Where the last stands.
    pub example: Place,
}

/// All groups, and the newest letters, up to a number.
#[derive(Clone, Debug, Default)]
pub struct Groups {
    counted: BTreeMap<(String, String, &'static str), Group>,
    newest: BTreeMap<(Millis, Place), (Letter, bool)>,
    limit: usize,
}

impl Groups {
    /// None yet; keeps the newest `limit` letters themselves.
    pub fn new(limit: usize) -> Self {
        Self { limit, ..Self::default() }
    }

    /// Counts a letter.
    pub fn add(&mut self, letter: Letter, replayed: bool) {
        let (reason, place, time) = (letter.reason, letter.place, letter.time);
        let (topic, field) = (letter.source.topic.clone(), letter.field.clone().unwrap_or_default());
        let group = self.counted.entry((topic, field, reason.words())).or_insert_with_key(|(topic, field, _)| Group {
            reason,
            field: field.clone(),
            topic: topic.clone(),
            letters: 0,
            replayed: 0,
            cut: 0,
            first: time,
            last: time,
            example: place,
        });
        group.letters += 1;
        group.replayed += u64::from(replayed);
        group.cut += u64::from(letter.cut);
        group.first = group.first.min(time);
        if (time, place) >= (group.last, group.example) {
            (group.last, group.example) = (time, place);
        }
        if self.limit > 0 {
            self.newest.insert((time, place), (letter, replayed));
            if self.newest.len() > self.limit {
                self.newest.pop_first();
            }
        }
    }

    /// The groups, those with most letters first.
    pub fn by_size(&self) -> Vec<&Group> {
        let mut groups: Vec<&Group> = self.counted.values().collect();
        groups.sort_by_key(|group| Reverse(group.letters));
        groups
    }

    /// The newest letters, the newest first, and whether each is put back.
    pub fn newest(&self) -> impl Iterator<Item = (&Letter, bool)> {
        self.newest.values().rev().map(|(letter, replayed)| (letter, *replayed))
    }

    /// Number of letters.
    pub fn letters(&self) -> u64 {
        self.counted.values().map(|group| group.letters).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::Groups;
    use crate::engine::day::Millis;
    use crate::engine::event::Reason;
    use crate::wire::letter::{Letter, Place, Source};

    fn letter(reason: Reason, field: &str, time: i64, offset: i64) -> Letter {
        let source = Source { topic: "churn.events".into(), partition: 0, offset, timestamp: Millis(time) };
        let field = (!field.is_empty()).then(|| field.to_owned());
        Letter { place: Place { partition: 0, offset }, time: Millis(time), reason, field, source, cut: offset == 3 }
    }

    #[test]
    fn letters_are_counted_by_reason_field_and_topic() {
        let mut groups = Groups::new(2);
        for (reason, field, time, offset) in [
            (Reason::BadField, "time", 50, 0),
            (Reason::BadField, "id", 40, 1),
            (Reason::BadField, "time", 30, 2),
            (Reason::TooLarge, "", 60, 3),
            (Reason::BadField, "time", 50, 4),
        ] {
            groups.add(letter(reason, field, time, offset), offset == 2);
        }
        let told: Vec<_> = groups.by_size();
        let told: Vec<_> = told
            .into_iter()
            .map(|one| {
                (
                    one.reason,
                    &*one.field,
                    one.letters,
                    one.replayed,
                    one.cut,
                    one.first.0,
                    one.last.0,
                    one.example.offset,
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                (Reason::BadField, "time", 3, 1, 0, 30, 50, 4),
                (Reason::TooLarge, "", 1, 0, 1, 60, 60, 3),
                (Reason::BadField, "id", 1, 0, 0, 40, 40, 1),
            ]
        );
        let newest: Vec<i64> = groups.newest().map(|(letter, _)| letter.place.offset).collect();
        assert_eq!((newest, groups.letters()), (vec![3, 4], 5));
        let mut none = Groups::new(0);
        none.add(letter(Reason::NoKey, "", 1, 1), false);
        assert_eq!(none.newest().count(), 0);
    }
}
