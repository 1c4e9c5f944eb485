//! The names behind tags: segments, actions, channels, categories, causes. One dictionary a partition, which only grows.
//!
//! Profiles keep tags, which are small and know no order of arrival; only what is written out needs the name.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::engine::customer::Tag;
use crate::engine::generations::Since;

/// Most names learnt from events; what comes beyond keeps its tag and has no name. The company's own names always fit.
pub const MAX_NAMES: usize = 4_096;

/// Longest name learnt from events, in bytes; nobody calls a channel so.
pub const MAX_NAME_BYTES: usize = 128;

/// The names known in a partition.
#[derive(Debug, Default)]
pub struct Names {
    known: HashMap<Tag, Box<str>>,
    learnt: Since<Tag>,
}

impl Names {
    /// Learns a name from an event, if there is room for it and it could not tell of a person.
    pub fn learn(&mut self, name: &str) -> Tag {
        let tag = Tag::of(name);
        if self.known.len() < MAX_NAMES && name.len() <= MAX_NAME_BYTES && is_label(name) {
            self.remember(tag, name);
        }
        tag
    }

    /// Keeps a name of the company's own: what was decided must always be nameable.
    pub fn keep(&mut self, name: &str) -> Tag {
        let tag = Tag::of(name);
        self.remember(tag, name);
        tag
    }

    fn remember(&mut self, tag: Tag, name: &str) {
        if let Entry::Vacant(place) = self.known.entry(tag) {
            place.insert(name.into());
            self.learnt.push(tag);
        }
    }

    /// The name behind a tag.
    pub fn get(&self, tag: Tag) -> Option<&str> {
        self.known.get(&tag).map(|name| &**name)
    }

    /// Puts a restored name in.
    pub fn restore(&mut self, name: &str) {
        self.known.insert(Tag::of(name), name.into());
    }

    /// The names that the open batch learnt.
    pub fn fresh(&self) -> impl Iterator<Item = (Tag, &str)> {
        self.learnt.open().iter().filter_map(|tag| Some((*tag, self.get(*tag)?)))
    }

    /// Hands the open batch over to be committed.
    pub const fn seal(&mut self) {
        self.learnt.seal();
    }

    /// The sealed batch is committed.
    pub fn confirm(&mut self) {
        self.learnt.confirm();
    }

    /// The batches are lost.
    pub fn roll_back(&mut self) {
        for tag in self.learnt.roll_back() {
            self.known.remove(&tag);
        }
    }
}

/// Longest run of digits in a label; telephone numbers have longer ones.
const MAX_DIGITS: usize = 4;

/// Whether a text may be kept for good, whoever is forgotten: no address, no number of a person.
fn is_label(name: &str) -> bool {
    let digits = name.split(|letter: char| !letter.is_ascii_digit()).map(str::len).max();
    !name.contains('@') && digits.unwrap_or_default() <= MAX_DIGITS
}

#[cfg(test)]
mod tests {
    use super::{MAX_NAME_BYTES, MAX_NAMES, Names};
    use crate::engine::customer::Tag;

    #[test]
    fn lost_batches_take_their_names_with_them() {
        let mut names = Names::default();
        let phone = names.learn("phone");
        names.seal();
        let store = names.learn("store");
        names.confirm();
        names.seal();
        let web = names.learn("web");
        names.learn("phone");
        assert_eq!(names.fresh().collect::<Vec<_>>(), [(web, "web")]);
        names.roll_back();
        assert_eq!([phone, store, web].map(|tag| names.get(tag)), [Some("phone"), None, None]);
    }

    #[test]
    fn what_could_be_a_person_is_not_kept() {
        let mut names = Names::default();
        for name in ["ann@example.com", "whatsapp +49 1701234567", "store 42", "微信"] {
            names.learn(name);
        }
        let kept: Vec<&str> = names.fresh().map(|(_, name)| name).collect();
        assert_eq!(kept, ["store 42", "微信"]);
    }

    #[test]
    fn a_flood_of_names_leaves_room_for_the_companys_own() {
        let mut names = Names::default();
        for number in 0..=MAX_NAMES {
            names.learn(&number.to_string());
        }
        assert_eq!(names.get(Tag::of(&MAX_NAMES.to_string())), None);
        let mut fresh = Names::default();
        let long = fresh.learn(&"x".repeat(MAX_NAME_BYTES + 1));
        assert_eq!(fresh.get(long), None);
        let champion = names.keep("champion");
        assert_eq!(names.get(champion), Some("champion"));
    }
}
