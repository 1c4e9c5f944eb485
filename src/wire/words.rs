//! What is needed to put the engine's tags, money and days into words.

use iso_currency::Currency;
use jiff::tz::TimeZone;

use crate::engine::alerting::playbook::Playbook;
use crate::engine::customer::Tag;
use crate::engine::names::Names;

/// What the wire needs to know to write money and time.
#[derive(Clone, Debug)]
pub struct Locale {
    /// Where days begin.
    pub zone: TimeZone,
    /// Base currency.
    pub currency: Currency,
}

impl<'a> Words<'a> {
    /// The name of a segment.
    pub fn segment(&self, segment: Option<Tag>) -> Option<&'a str> {
        self.names.get(segment?)
    }
}

/// What the wire needs to know to put an effect into words.
#[derive(Clone, Copy)]
pub struct Words<'a> {
    /// The version of the model in force.
    pub model: &'a str,
    /// How money and time are written.
    pub locale: &'a Locale,
    /// The names behind tags.
    pub names: &'a Names,
    /// What is known of the actions.
    pub playbook: &'a Playbook,
}
