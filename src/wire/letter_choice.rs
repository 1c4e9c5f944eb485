//! Which dead letters are meant, and what would become of one now. Knows the record and the rules, never the state.

use std::collections::{BTreeSet, HashSet};

use crate::engine::day::Millis;
use crate::engine::event::{Body, Event, Reason};
use crate::wire::event::RawRecord;
use crate::wire::inputs::reader::Reader;
use crate::wire::inputs::shapes::Shapes;
use crate::wire::letter::{Letter, Place, Source};
use crate::wire::reject::Reject;
use crate::wire::rules::EventRules;

/// Which letters are meant; what is empty leaves nobody out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of one of these reasons.
    pub reasons: Vec<Reason>,
    /// With one of these fields at fault.
    pub fields: Vec<String>,
    /// Written at this moment or later.
    pub since: Option<Millis>,
    /// Written before this moment.
    pub until: Option<Millis>,
    /// At one of these places.
    pub places: BTreeSet<Place>,
}

impl Filter {
    /// Whether the letter is meant.
    pub fn takes(&self, letter: &Letter) -> bool {
        let field = letter.field.as_deref().unwrap_or_default();
        (self.reasons.is_empty() || self.reasons.contains(&letter.reason))
            && (self.fields.is_empty() || self.fields.iter().any(|wanted| wanted == field))
            && self.since.is_none_or(|since| letter.time >= since)
            && self.until.is_none_or(|until| letter.time < until)
            && (self.places.is_empty() || self.places.contains(&letter.place))
    }
}

/// What would become of a letter's record if it came now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It can be read, and its reason lay in what can be read.
    Accepted,
    /// It can be read; whether it is used depends on what is known when it comes: an episode, room for the customer.
    Depends,
    /// It was taken in when it came: the letter only told of it.
    TakenIn,
    /// Refused as things are.
    Refused(Reject),
    /// Part of it is gone, so nobody can say.
    Cut,
}

impl Verdict {
    /// Whether putting it back can be of use.
    pub const fn is_hopeful(self) -> bool {
        match self {
            Self::Accepted | Self::Depends => true,
            Self::TakenIn | Self::Refused(_) | Self::Cut => false,
        }
    }
}

/// What the rules now say of a letter that kept this of its record.
pub fn verdict(letter: &Letter, record: &RawRecord<'_>, shapes: &Shapes, rules: &EventRules, wall: Millis) -> Verdict {
    if letter.cut {
        return Verdict::Cut;
    }
    let (mut reader, topic) = (Reader::default(), &letter.source.topic);
    let (format, mut first) = (shapes.of(topic), None);
    let read = if shapes.is_unkeyed(topic) {
        reader.rekey(format, rules, record, wall, |_| {})
    } else {
        reader.read(format, rules, record, wall, |parsed, _| {
            let said = of_event(letter.reason, &parsed.event, rules.merges);
            first = first.filter(|first| *first != Verdict::Accepted).or(Some(said));
            None
        })
    };
    match (read.refused, first) {
        (Some(reject), _) => Verdict::Refused(reject),
        (None, first) => first.unwrap_or(Verdict::Accepted),
    }
}

/// What is said of an event that can be read, where its record was refused for this reason.
fn of_event(reason: Reason, event: &Event<'_>, merges: bool) -> Verdict {
    match (reason, event.body) {
        // Where customers are not merged an alias is refused whoever it is; one that names its own customer says nothing.
        (_, Body::Identity { alias }) if !merges && alias != event.customer => {
            Verdict::Refused(Reason::NeedsRekey.into())
        }
        // A refund of nobody knows what stays one, and a customer's newest event never goes back.
        (Reason::UnknownOrder, Body::Refund { order: None, amount: None }) | (Reason::TooLate, _) => {
            Verdict::Refused(reason.into())
        }
        (Reason::UnknownOrder, _) => Verdict::TakenIn,
        (Reason::UnknownEpisode | Reason::StateFull, _) => Verdict::Depends,
        (
            Reason::BadEncoding
            | Reason::UnknownSchema
            | Reason::NotUtf8
            | Reason::NotJson
            | Reason::TooLarge
            | Reason::TooDeep
            | Reason::NoKey
            | Reason::MissingField
            | Reason::BadField
            | Reason::UnknownType
            | Reason::UnknownCurrency
            | Reason::BadAmount
            | Reason::InTheFuture
            | Reason::TooOld
            | Reason::KeyDisagrees
            | Reason::NeedsRekey,
            _,
        ) => Verdict::Accepted,
    }
}

/// What a replay does with a letter that is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Put it back.
    PutBack,
    /// Its record was put back before.
    Already,
    /// Part of it is gone.
    Cut,
    /// Its topic is no input any more.
    Elsewhere,
    /// It was taken in when it came.
    TakenIn,
    /// It would be refused again.
    Refused(Reject),
}

/// What a replay goes by.
pub struct Chooser<'a> {
    /// The rules now.
    pub rules: &'a EventRules,
    /// The time now.
    pub wall: Millis,
    /// The inputs.
    pub topics: &'a [String],
    /// The shapes of their records.
    pub shapes: &'a Shapes,
    /// Also what would be refused again.
    pub all: bool,
    /// The records that were put back.
    pub replayed: HashSet<Source>,
}

impl Chooser<'_> {
    /// What to do with a letter that is meant; one to be put back counts as put back from now on.
    pub fn choose(&mut self, letter: &Letter, record: &RawRecord<'_>) -> Choice {
        if self.replayed.contains(&letter.source) {
            return Choice::Already;
        }
        if !self.topics.contains(&letter.source.topic) && !self.shapes.is_unkeyed(&letter.source.topic) {
            return Choice::Elsewhere;
        }
        match verdict(letter, record, self.shapes, self.rules, self.wall) {
            Verdict::Cut => return Choice::Cut,
            Verdict::Accepted | Verdict::Depends => {}
            Verdict::TakenIn | Verdict::Refused(_) if self.all => {}
            Verdict::TakenIn => return Choice::TakenIn,
            Verdict::Refused(reject) => return Choice::Refused(reject),
        }
        self.replayed.insert(letter.source.clone());
        Choice::PutBack
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeSet, HashSet};

    use iso_currency::Currency;
    use rust_decimal::Decimal;

    use super::{Choice, Chooser, Filter, Verdict, verdict};
    use crate::engine::day::Millis;
    use crate::engine::event::Reason;
    use crate::wire::event::RawRecord;
    use crate::wire::inputs::shapes::Shapes;
    use crate::wire::letter::{Letter, Place, Source};
    use crate::wire::reject::Reject;
    use crate::wire::rules::EventRules;

    const NOON: Millis = Millis(1_748_779_200_000);

    fn letter(reason: Reason, offset: i64) -> Letter {
        let source = Source { topic: "churn.events".into(), partition: 0, offset, timestamp: NOON };
        let place = Place { partition: 1, offset: 100 + offset };
        Letter { place, time: NOON.plus(offset), reason, field: None, source, cut: false }
    }

    fn event(more: &str) -> String {
        format!(r#"{{"id":"e","customer_id":"ann","time":{},{more}}}"#, NOON.0)
    }

    fn said(letter: &Letter, more: &str, rules: &EventRules) -> Verdict {
        let event = event(more);
        let record = RawRecord::new(Some(b"ann"), Some(event.as_bytes()), letter.source.timestamp);
        verdict(letter, &record, &Shapes::default(), rules, NOON)
    }

    #[test]
    fn a_rate_makes_an_unknown_currency_good() {
        let (letter, mut rules) = (letter(Reason::UnknownCurrency, 0), EventRules::plain(Currency::CNY));
        let dollars = r#""type":"purchase","amount":"5","currency":"USD""#;
        let refused = Reject { reason: Reason::UnknownCurrency, field: "currency" };
        let before = said(&letter, dollars, &rules);
        assert!(matches!(before, Verdict::Refused(reject) if reject.reason == refused.reason), "{before:?}");
        rules.rates.insert(Currency::USD, Decimal::from(7));
        assert_eq!(said(&letter, dollars, &rules), Verdict::Accepted);
        assert!(Verdict::Accepted.is_hopeful() && !before.is_hopeful());
    }

    #[test]
    fn reasons_of_the_state_are_told_apart() {
        let rules = EventRules::plain(Currency::CNY);
        let visit = r#""type":"visit""#;
        let again = |reason: Reason| Verdict::Refused(reason.into());
        assert_eq!(said(&letter(Reason::StateFull, 0), visit, &rules), Verdict::Depends);
        assert_eq!(said(&letter(Reason::TooLate, 0), visit, &rules), again(Reason::TooLate));
        let alias = r#""type":"identity","alias":"bob""#;
        assert_eq!(said(&letter(Reason::NeedsRekey, 0), alias, &rules), again(Reason::NeedsRekey));
        let unknown = letter(Reason::UnknownOrder, 0);
        assert_eq!(said(&unknown, r#""type":"refund","order_id":"o""#, &rules), Verdict::TakenIn);
        assert_eq!(said(&unknown, r#""type":"refund""#, &rules), again(Reason::UnknownOrder));
        // The rules come first, whatever the reason was.
        let late = EventRules { earliest: NOON.plus(1), ..rules };
        let old = Verdict::Refused(Reject { reason: Reason::TooOld, field: "time" });
        assert_eq!(said(&letter(Reason::StateFull, 0), visit, &late), old);
    }

    /// The record's own timestamp decides, as when it came first: a wrong date does not come true by waiting.
    #[test]
    fn the_future_is_judged_by_the_record_s_own_timestamp() {
        let rules = EventRules::plain(Currency::CNY);
        let mut letter = letter(Reason::InTheFuture, 0);
        letter.source.timestamp = NOON.plus(-2 * 3_600_000);
        let future = Verdict::Refused(Reject { reason: Reason::InTheFuture, field: "time" });
        assert_eq!(said(&letter, r#""type":"visit""#, &rules), future);
    }

    #[test]
    fn a_record_is_put_back_once_however_many_letters_it_left() {
        let (rules, topics, shapes) =
            (EventRules::plain(Currency::CNY), ["churn.events".to_owned()], Shapes::default());
        let chooser = |all| Chooser {
            rules: &rules,
            wall: NOON,
            topics: &topics,
            shapes: &shapes,
            all,
            replayed: HashSet::new(),
        };
        let text = event(r#""type":"visit""#);
        let good = &RawRecord::new(Some(b"ann"), Some(text.as_bytes()), NOON);
        let (mut some, mut all) = (chooser(false), chooser(true));
        let first = letter(Reason::StateFull, 1);
        assert_eq!(some.choose(&first, good), Choice::PutBack);
        let again = Letter { place: Place { partition: 7, offset: 1 }, ..first.clone() };
        assert_eq!(some.choose(&again, good), Choice::Already);
        // The same place of a topic made anew is another record.
        let source = Source { timestamp: NOON.plus(1), ..first.source.clone() };
        assert_eq!(some.choose(&Letter { source, ..first }, good), Choice::PutBack);
        let cut = Letter { cut: true, ..letter(Reason::TooLarge, 2) };
        let other = letter(Reason::StateFull, 3);
        let other = Letter { source: Source { topic: "elsewhere".into(), ..other.source.clone() }, ..other };
        let refused = letter(Reason::NotJson, 4);
        for chooser in [&mut some, &mut all] {
            assert_eq!(chooser.choose(&cut, good), Choice::Cut);
            assert_eq!(chooser.choose(&other, good), Choice::Elsewhere);
        }
        let bad = &RawRecord::new(Some(b"ann"), Some(b"no"), NOON);
        assert_eq!(some.choose(&refused, bad), Choice::Refused(Reason::NotJson.into()));
        assert_eq!(all.choose(&refused, bad), Choice::PutBack);
        assert_eq!(all.choose(&refused, bad), Choice::Already);
        let taken = letter(Reason::UnknownOrder, 5);
        let refund = event(r#""type":"refund","order_id":"o""#);
        let refund = &RawRecord::new(Some(b"ann"), Some(refund.as_bytes()), NOON);
        assert_eq!((some.choose(&taken, refund), all.choose(&taken, refund)), (Choice::TakenIn, Choice::PutBack));
    }

    #[test]
    fn a_filter_takes_what_every_part_of_it_takes() {
        let one = Letter { field: Some("time".into()), ..letter(Reason::TooOld, 5) };
        let none = Filter::default();
        assert!(none.takes(&one));
        for (filter, takes) in [
            (Filter { reasons: vec![Reason::NoKey, Reason::TooOld], ..none.clone() }, true),
            (Filter { reasons: vec![Reason::NoKey], ..none.clone() }, false),
            (Filter { fields: vec!["time".into()], ..none.clone() }, true),
            (Filter { fields: vec!["amount".into()], ..none.clone() }, false),
            (Filter { since: Some(NOON.plus(5)), until: Some(NOON.plus(6)), ..none.clone() }, true),
            (Filter { since: Some(NOON.plus(6)), ..none.clone() }, false),
            (Filter { until: Some(NOON.plus(5)), ..none.clone() }, false),
            (Filter { places: BTreeSet::from([one.place]), ..none.clone() }, true),
            (Filter { places: BTreeSet::from([Place { partition: 0, offset: 0 }]), ..none.clone() }, false),
            (Filter { places: BTreeSet::from([one.place]), reasons: vec![Reason::NoKey], ..none }, false),
        ] {
            assert_eq!(filter.takes(&one), takes, "{filter:?}");
        }
    }
}
