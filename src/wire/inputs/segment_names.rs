//! Which of our types the events of Segment's specifications are, by names in their simple form.

/// What a track call becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// A paid order.
    Purchase,
    /// Money given back, the whole order's where no amount stands there.
    Refund,
    /// An order that is not wanted any more: all its money.
    Cancellation,
    /// A rating of something bought.
    Review,
    /// An event of ours that needs no field of its own.
    Plain(&'static str),
    /// An event of ours under its own name; its fields stand in the properties.
    Ours(&'static str),
}

/// E-commerce, e-mail, mobile, reviewing and live chat specifications (segment.com/docs/connections/spec), and our own types.
const NAMES: [(&str, Meaning); 38] = [
    ("ordercompleted", Meaning::Purchase),
    ("orderrefunded", Meaning::Refund),
    ("ordercancelled", Meaning::Cancellation),
    ("productreviewed", Meaning::Review),
    ("productviewed", Meaning::Plain("product_view")),
    ("productclicked", Meaning::Plain("product_view")),
    ("productlistviewed", Meaning::Plain("visit")),
    ("productssearched", Meaning::Plain("visit")),
    ("applicationopened", Meaning::Plain("visit")),
    ("productadded", Meaning::Plain("cart")),
    ("checkoutstarted", Meaning::Plain("checkout")),
    ("signedin", Meaning::Plain("login")),
    ("emaildelivered", Meaning::Plain("message_sent")),
    ("emailopened", Meaning::Plain("message_opened")),
    ("emaillinkclicked", Meaning::Plain("message_clicked")),
    ("pushnotificationreceived", Meaning::Plain("message_sent")),
    ("pushnotificationtapped", Meaning::Plain("message_opened")),
    ("unsubscribed", Meaning::Plain("unsubscribed")),
    ("emailmarkedasspam", Meaning::Plain("unsubscribed")),
    ("livechatconversationstarted", Meaning::Plain("support_contact")),
    ("visit", Meaning::Plain("visit")),
    ("productview", Meaning::Plain("product_view")),
    ("cart", Meaning::Plain("cart")),
    ("checkout", Meaning::Plain("checkout")),
    ("login", Meaning::Plain("login")),
    ("messagesent", Meaning::Plain("message_sent")),
    ("messageopened", Meaning::Plain("message_opened")),
    ("messageclicked", Meaning::Plain("message_clicked")),
    ("supportcontact", Meaning::Plain("support_contact")),
    ("complaint", Meaning::Plain("complaint")),
    ("review", Meaning::Review),
    ("survey", Meaning::Ours("survey")),
    ("loyalty", Meaning::Ours("loyalty")),
    ("note", Meaning::Ours("note")),
    ("contacted", Meaning::Ours("contacted")),
    ("optout", Meaning::Plain("opt_out")),
    ("forget", Meaning::Plain("forget")),
    ("refund", Meaning::Refund),
];

/// What a track call of this name, in its simple form, is; `None` for one that tells nothing of ours.
pub fn meaning(name: &str) -> Option<Meaning> {
    NAMES.iter().find(|(known, _)| *known == name).map(|(_, meaning)| *meaning)
}
