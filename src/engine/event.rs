//! What happened: one event of one customer, already parsed, with its local day and its money in base currency.
//!
//! Events borrow from the record they were read from; nothing of them is kept but what the profile remembers.

use crate::engine::customer::Tag;
use crate::engine::day::{Day, Millis};
use crate::engine::money::Money;

/// One usable event.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Event<'a> {
    /// Tag of the event's id, for deduplication.
    pub tag: Tag,
    /// Customer id, 1 to 128 bytes.
    pub customer: &'a str,
    /// When it happened.
    pub time: Millis,
    /// The local date of `time` in the configured zone.
    pub day: Day,
    /// What happened.
    pub body: Body<'a>,
}

/// What an event says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Body<'a> {
    /// Goods bought; `amount` is what the customer paid and is never negative.
    Purchase {
        /// Tag of the order id, if the event names one.
        order: Option<Tag>,
        /// What the customer paid.
        amount: Money,
        /// How it was bought.
        manner: Manner<'a>,
    },
    /// Money given back, on the day of this event; without an amount the whole of `order`.
    Refund {
        /// Tag of the order's id, if the event names one.
        order: Option<Tag>,
        /// What was given back; absent: the whole order.
        amount: Option<Money>,
    },
    /// Any sign of attention that is not money.
    Interaction(Interaction<'a>),
    /// The sales team got in touch about an episode (UUID bits); `action` names what was done.
    Contacted {
        /// The episode's UUID as bits.
        episode: u128,
        /// What was done.
        action: &'a str,
    },
    /// The customer wants no more messages.
    OptOut,
    /// `alias` is another id of the same customer.
    Identity {
        /// The other id.
        alias: &'a str,
    },
    /// The customer is that of another id from now on, who is to take its profile in; into itself: it is one of its own
    /// again, of whom nothing is known. Partitions say so to each other.
    Merge {
        /// The other id.
        into: &'a str,
    },
    /// What was known of the customer under another id.
    Merged {
        /// The other id.
        alias: &'a str,
        /// Its profile.
        handover: &'a Handover,
    },
    /// Erase everything up to now.
    Forget,
}

/// A profile on its way to the id that it is merged into.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Handover {
    /// The customer as it is packed.
    pub record: Vec<u8>,
    /// Names that its tags stand for, as far as they are known.
    pub names: Vec<String>,
    /// Tags of the ids that passed it on because they are aliases themselves, in that order.
    pub via: Vec<Tag>,
}

/// How something was bought, as far as the event tells.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Manner<'a> {
    /// Where.
    pub channel: Option<&'a str>,
    /// The category of the items that most was paid for.
    pub category: Option<&'a str>,
    /// Whether there was a discount.
    pub discounted: bool,
    /// The local hour, 0 to 23; `None` where the source tells no more than the date.
    pub hour: Option<u8>,
}

/// An interaction with what it carries.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Interaction<'a> {
    /// The customer opened the shop.
    Visit,
    /// Looked at a product.
    ProductView,
    /// Put something into the cart.
    Cart,
    /// Began to pay.
    Checkout,
    /// Signed in.
    Login,
    /// The shop sent a message.
    MessageSent,
    /// The customer opened it.
    MessageOpened,
    /// The customer followed a link in it.
    MessageClicked,
    /// Left a mailing list (still a customer, unlike `OptOut`).
    Unsubscribed,
    /// Asked for help.
    SupportContact,
    /// Complained.
    Complaint,
    /// Rated a product or the shop; 0 worst, 1 best.
    Review {
        /// From 0, worst, to 1, best.
        rating: f32,
    },
    /// Answered a survey; 0 worst, 1 best (score ÷ scale).
    Survey {
        /// From 0, worst, to 1, best.
        satisfaction: f32,
    },
    /// The loyalty account's balance changed by `points`.
    Loyalty {
        /// Points gained, or lost where negative.
        points: i64,
        /// The last day on which gained points can be spent.
        expires: Option<Day>,
    },
    /// A sales person's note with a cause code.
    Note {
        /// The cause code.
        cause: &'a str,
    },
}

/// Number of interaction kinds; [`Interaction::kind`] is below it.
pub const INTERACTION_KINDS: usize = 15;

impl Interaction<'_> {
    /// The same without what is borrowed.
    pub const fn nameless(self) -> Interaction<'static> {
        match self {
            Self::Visit => Interaction::Visit,
            Self::ProductView => Interaction::ProductView,
            Self::Cart => Interaction::Cart,
            Self::Checkout => Interaction::Checkout,
            Self::Login => Interaction::Login,
            Self::MessageSent => Interaction::MessageSent,
            Self::MessageOpened => Interaction::MessageOpened,
            Self::MessageClicked => Interaction::MessageClicked,
            Self::Unsubscribed => Interaction::Unsubscribed,
            Self::SupportContact => Interaction::SupportContact,
            Self::Complaint => Interaction::Complaint,
            Self::Review { rating } => Interaction::Review { rating },
            Self::Survey { satisfaction } => Interaction::Survey { satisfaction },
            Self::Loyalty { points, expires } => Interaction::Loyalty { points, expires },
            Self::Note { .. } => Interaction::Note { cause: "" },
        }
    }

    /// Position of the kind in counts per kind; part of the changelog format, so never renumbered.
    pub const fn kind(self) -> u8 {
        match self {
            Self::Visit => 0,
            Self::ProductView => 1,
            Self::Cart => 2,
            Self::Checkout => 3,
            Self::Login => 4,
            Self::MessageSent => 5,
            Self::MessageOpened => 6,
            Self::MessageClicked => 7,
            Self::Unsubscribed => 8,
            Self::SupportContact => 9,
            Self::Complaint => 10,
            Self::Review { .. } => 11,
            Self::Survey { .. } => 12,
            Self::Loyalty { .. } => 13,
            Self::Note { .. } => 14,
        }
    }
}

/// The wire names of the interaction kinds, by [`Interaction::kind`].
pub const INTERACTION_NAMES: [&str; INTERACTION_KINDS] = [
    "visit",
    "product_view",
    "cart",
    "checkout",
    "login",
    "message_sent",
    "message_opened",
    "message_clicked",
    "unsubscribed",
    "support_contact",
    "complaint",
    "review",
    "survey",
    "loyalty",
    "note",
];

/// Why an input could not be used. The closed list of reasons that dead letters carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The bytes are not framed for a schema registry, or do not fit the schema that they name.
    BadEncoding,
    /// The schema registry has no schema of the record's id that can be read.
    UnknownSchema,
    /// The bytes are not UTF-8.
    NotUtf8,
    /// Not a JSON object (also: empty or null).
    NotJson,
    /// Larger than 256 KiB.
    TooLarge,
    /// Nested deeper than 32 levels.
    TooDeep,
    /// The record has no key.
    NoKey,
    /// A required field is absent.
    MissingField,
    /// A field is null, of another JSON type, too long or unreadable.
    BadField,
    /// `type` is none of ours.
    UnknownType,
    /// No rate is configured for the currency, or there is no such currency.
    UnknownCurrency,
    /// An amount is negative, not a number, or beyond 10¹⁵ minor units.
    BadAmount,
    /// Later than the clock allows.
    InTheFuture,
    /// Before `time.earliest`.
    TooOld,
    /// `time.lateness_days` or more behind the customer's newest event.
    TooLate,
    /// The record's key is not the event's customer.
    KeyDisagrees,
    /// The alias is another customer's profile; `rekey` merges it.
    NeedsRekey,
    /// A refund without amount whose order is not known.
    UnknownOrder,
    /// `contacted` names an episode that this customer does not have.
    UnknownEpisode,
    /// The partition holds as many customers as configured, or the customer as many open orders as one can.
    StateFull,
}

impl Reason {
    /// Every reason, in the order of their declaration.
    pub const ALL: [Self; 20] = [
        Self::BadEncoding,
        Self::UnknownSchema,
        Self::NotUtf8,
        Self::NotJson,
        Self::TooLarge,
        Self::TooDeep,
        Self::NoKey,
        Self::MissingField,
        Self::BadField,
        Self::UnknownType,
        Self::UnknownCurrency,
        Self::BadAmount,
        Self::InTheFuture,
        Self::TooOld,
        Self::TooLate,
        Self::KeyDisagrees,
        Self::NeedsRekey,
        Self::UnknownOrder,
        Self::UnknownEpisode,
        Self::StateFull,
    ];

    /// The words in the dead letter's header and in metric labels.
    pub const fn words(self) -> &'static str {
        match self {
            Self::BadEncoding => "bad encoding",
            Self::UnknownSchema => "unknown schema",
            Self::NotUtf8 => "not UTF-8",
            Self::NotJson => "not JSON",
            Self::TooLarge => "too large",
            Self::TooDeep => "nested too deep",
            Self::NoKey => "no key",
            Self::MissingField => "missing field",
            Self::BadField => "bad field",
            Self::UnknownType => "unknown type",
            Self::UnknownCurrency => "unknown currency",
            Self::BadAmount => "bad amount",
            Self::InTheFuture => "in the future",
            Self::TooOld => "too old",
            Self::TooLate => "too late",
            Self::KeyDisagrees => "key and customer disagree",
            Self::NeedsRekey => "needs rekey",
            Self::UnknownOrder => "unknown order",
            Self::UnknownEpisode => "unknown episode",
            Self::StateFull => "state full",
        }
    }
}
