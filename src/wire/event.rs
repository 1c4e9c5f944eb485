//! An input record into an event, or the reason why not. Borrows from the record; never fails otherwise, never panics.

use std::borrow::Cow;
use std::fmt;

use iso_currency::Currency;
use serde::Deserializer;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::engine::customer::{MAX_ID_BYTES, Tag};
use crate::engine::day::Millis;
use crate::engine::event::{Body, Event, Handover, Interaction, Manner, Reason};
use crate::engine::money::Money;
use crate::wire::amount::{amount, is_decimal, is_positive};
use crate::wire::calendar::nearest;
use crate::wire::handover::read_handover;
use crate::wire::items::{main_category, unquoted};
use crate::wire::json_field::{Field, Fields, KNOWN};
use crate::wire::reject::Reject;
use crate::wire::rules::EventRules;
use crate::wire::time_text::{instant, local_date};

/// Largest value of an input record, in bytes.
pub const MAX_VALUE_BYTES: usize = 256 * 1024;
/// Deepest nesting of an input record.
pub const MAX_DEPTH: usize = 32;

/// Names and values of a record's headers.
pub type Headers<'a> = &'a [(&'a str, &'a [u8])];

/// One record as it was read from a topic or a file.
#[derive(Clone, Copy, Debug)]
pub struct RawRecord<'a> {
    /// The record's headers, where its topic's shape asks for them.
    pub headers: Headers<'a>,
    /// The record's key.
    pub key: Option<&'a [u8]>,
    /// The record's value.
    pub value: Option<&'a [u8]>,
    /// The record's own timestamp.
    pub timestamp: Millis,
}

impl<'a> RawRecord<'a> {
    /// A record without headers.
    pub const fn new(key: Option<&'a [u8]>, value: Option<&'a [u8]>, timestamp: Millis) -> Self {
        Self { headers: &[], key, value, timestamp }
    }
}

/// Room for texts that had to be unescaped; reused from record to record.
#[derive(Debug, Default)]
pub struct Scratch {
    customer: String,
    text: String,
    category: String,
    handover: Handover,
}

/// A usable record.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parsed<'a> {
    /// The event.
    pub event: Event<'a>,
    /// Fields that nobody here knows.
    pub unknown_fields: u32,
}

/// Reads a record. `wall` is the time now.
pub fn parse<'a>(
    rules: &EventRules,
    record: &RawRecord<'a>,
    wall: Millis,
    scratch: &'a mut Scratch,
) -> Result<Parsed<'a>, Reject> {
    let value = record.value.unwrap_or_default();
    if value.len() > MAX_VALUE_BYTES {
        return Err(Reason::TooLarge.into());
    }
    let text = std::str::from_utf8(value).map_err(|_| Reason::NotUtf8)?;
    let mut fields = Fields::default();
    let read = read_fields(text, &mut fields);
    if (read.is_err() || fields.nested) && too_deep(value) {
        return Err(Reason::TooDeep.into());
    }
    read?;
    let Scratch { customer, text: room, category, handover } = scratch;
    let id = required_id(&fields, "id")?;
    let tag = Tag::of(&id);
    let kind = fields.required("type")?.string("type")?;
    let customer = borrow(required_id(&fields, "customer_id")?, customer);
    let time = time(&fields, rules)?;
    let day = rules.day(time);
    let body = match &*kind {
        "purchase" => purchase(&fields, rules, rules.hour(time, day), (room, category))?,
        "merged" => merged(&fields, room, handover)?,
        kind => body(kind, &fields, rules, room)?,
    };
    let key = record.key.filter(|key| !key.is_empty()).ok_or(Reason::NoKey)?;
    if key != customer.as_bytes() {
        return Err(Reject { reason: Reason::KeyDisagrees, field: "customer_id" });
    }
    if time < rules.earliest {
        return Err(Reject { reason: Reason::TooOld, field: "time" });
    }
    if rules.in_the_future(time, record.timestamp, wall) {
        return Err(Reject { reason: Reason::InTheFuture, field: "time" });
    }
    let event = Event { tag, customer, time, day, body };
    Ok(Parsed { event, unknown_fields: fields.unknown })
}

/// A record with few opening brackets cannot be deep; only others are looked at closely.
pub(crate) fn too_deep(value: &[u8]) -> bool {
    if value.iter().filter(|byte| matches!(byte, b'{' | b'[')).count() <= MAX_DEPTH {
        return false;
    }
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in value {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return true;
                }
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

fn read_fields<'a>(text: &'a str, fields: &mut Fields<'a>) -> Result<(), Reject> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    deserializer.deserialize_map(FieldsVisitor(fields)).map_err(|_| Reason::NotJson)?;
    deserializer.end().map_err(|_| Reason::NotJson)?;
    match fields.repeated {
        Some(field) => Err(Reject { reason: Reason::BadField, field }),
        None => Ok(()),
    }
}

struct FieldsVisitor<'a, 'de>(&'a mut Fields<'de>);

impl<'de> Visitor<'de> for FieldsVisitor<'_, 'de> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<FieldName>()? {
            let value = map.next_value::<&'de RawValue>()?;
            self.0.put(key.0, value.get());
        }
        Ok(())
    }
}

/// Position of a field's name in [`KNOWN`]; `None` for others. Nothing is allocated for it.
struct FieldName(Option<usize>);

impl<'de> serde::Deserialize<'de> for FieldName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;
        impl Visitor<'_> for Name {
            type Value = FieldName;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a field name")
            }
            fn visit_str<E>(self, name: &str) -> Result<FieldName, E> {
                Ok(FieldName(KNOWN.iter().position(|known| *known == name)))
            }
        }
        deserializer.deserialize_str(Name)
    }
}

fn required_id<'a>(fields: &Fields<'a>, name: &'static str) -> Result<Cow<'a, str>, Reject> {
    id(fields.required(name)?, name)
}

fn id<'a>(field: Field<'a>, name: &'static str) -> Result<Cow<'a, str>, Reject> {
    let id = field.string(name)?;
    if id.is_empty() || id.len() > MAX_ID_BYTES {
        return Err(Reject { reason: Reason::BadField, field: name });
    }
    Ok(id)
}

fn borrow<'a>(text: Cow<'a, str>, room: &'a mut String) -> &'a str {
    match text {
        Cow::Borrowed(text) => text,
        Cow::Owned(text) => {
            *room = text;
            room
        }
    }
}

fn time(fields: &Fields<'_>, rules: &EventRules) -> Result<Millis, Reject> {
    let bad = Reject { reason: Reason::BadField, field: "time" };
    match fields.required("time")? {
        // Outside the calendar it is too old or in the future all the same, and no day can be told of it.
        Field::Number(text) => text.parse().map(|millis| nearest(Millis(millis))).map_err(|_| bad),
        field @ Field::Text(_) => instant(&field.string("time")?, rules).ok_or(bad),
        Field::Other => Err(bad),
    }
}

fn order(fields: &Fields<'_>) -> Result<Option<Tag>, Reject> {
    Ok(fields.optional("order_id").map(|field| id(field, "order_id")).transpose()?.map(|id| Tag::of(&id)))
}

fn purchase<'a>(
    fields: &Fields<'a>,
    rules: &EventRules,
    hour: Option<u8>,
    (channel_room, category_room): (&'a mut String, &'a mut String),
) -> Result<Body<'a>, Reject> {
    let order = order(fields)?;
    let channel = fields.optional("channel").map(|field| field.string("channel")).transpose()?;
    let channel = channel.filter(|name| !name.is_empty()).map(|name| borrow(name, channel_room));
    let discounted = match fields.optional("discount").map(|field| field.decimal("discount")).transpose()? {
        Some(text) if !is_decimal(&text) => return Err(Reject { reason: Reason::BadAmount, field: "discount" }),
        text => text.is_some_and(|text| is_positive(&text)),
    };
    let category = match fields.raw("items") {
        Some(items) => main_category(items).ok_or(Reject { reason: Reason::BadField, field: "items" })?,
        None => None,
    };
    let category = category.and_then(unquoted).map(|name| borrow(name, category_room));
    let amount = money(fields.required("amount")?, fields, rules, true)?;
    Ok(Body::Purchase { order, amount, manner: Manner { channel, category, discounted, hour } })
}

fn body<'a>(kind: &str, fields: &Fields<'a>, rules: &EventRules, room: &'a mut String) -> Result<Body<'a>, Reject> {
    let order = order(fields)?;
    if let Some(channel) = fields.optional("channel") {
        channel.string("channel")?;
    }
    let body = match kind {
        "refund" => {
            let amount = fields.optional("amount").map(|field| money(field, fields, rules, false)).transpose()?;
            Body::Refund { order, amount }
        }
        "contacted" => {
            let bad = Reject { reason: Reason::BadField, field: "episode_id" };
            let episode = fields.required("episode_id")?.string("episode_id")?;
            let episode = episode.parse::<uuid::Uuid>().map_err(|_| bad)?.as_u128();
            let action = borrow(id(fields.required("action")?, "action")?, room);
            Body::Contacted { episode, action }
        }
        "opt_out" => Body::OptOut,
        "identity" => Body::Identity { alias: borrow(required_id(fields, "alias")?, room) },
        "merge" => Body::Merge { into: borrow(required_id(fields, "into")?, room) },
        "forget" => Body::Forget,
        _ => Body::Interaction(interaction(kind, fields, rules, room)?),
    };
    Ok(body)
}

fn merged<'a>(fields: &Fields<'a>, room: &'a mut String, handover: &'a mut Handover) -> Result<Body<'a>, Reject> {
    let bad = Reject { reason: Reason::BadField, field: "profile" };
    *handover = read_handover(&fields.required("profile")?.string("profile")?).ok_or(bad)?;
    Ok(Body::Merged { alias: borrow(required_id(fields, "alias")?, room), handover })
}

fn money(field: Field<'_>, fields: &Fields<'_>, rules: &EventRules, needs_currency: bool) -> Result<Money, Reject> {
    let text = field.decimal("amount")?;
    let currency = match fields.optional("currency") {
        Some(code) => {
            let code = code.string("currency")?;
            Currency::from_code(&code).ok_or(Reject { reason: Reason::UnknownCurrency, field: "currency" })?
        }
        None if needs_currency => return Err(Reject { reason: Reason::MissingField, field: "currency" }),
        None => rules.currency,
    };
    amount(&text, currency, rules).map_err(|reason| {
        let field = if reason == Reason::UnknownCurrency { "currency" } else { "amount" };
        Reject { reason, field }
    })
}

fn interaction<'a>(
    kind: &str,
    fields: &Fields<'a>,
    rules: &EventRules,
    room: &'a mut String,
) -> Result<Interaction<'a>, Reject> {
    let interaction = match kind {
        "visit" => Interaction::Visit,
        "product_view" => Interaction::ProductView,
        "cart" => Interaction::Cart,
        "checkout" => Interaction::Checkout,
        "login" => Interaction::Login,
        "message_sent" => Interaction::MessageSent,
        "message_opened" => Interaction::MessageOpened,
        "message_clicked" => Interaction::MessageClicked,
        "unsubscribed" => Interaction::Unsubscribed,
        "support_contact" => Interaction::SupportContact,
        "complaint" => Interaction::Complaint,
        "review" => {
            let rating = fields.required("rating")?.float("rating")?;
            Interaction::Review { rating: share("rating", rating, 1.0, 5.0)? }
        }
        "survey" => {
            let scale = fields.required("scale")?.float("scale")?;
            let score = fields.required("score")?.float("score")?;
            if scale <= 0.0 {
                return Err(Reject { reason: Reason::BadField, field: "scale" });
            }
            Interaction::Survey { satisfaction: share("score", score, 0.0, scale)? }
        }
        "loyalty" => {
            let points = fields.required("points")?.integer("points")?;
            let bad = Reject { reason: Reason::BadField, field: "expires" };
            let expires = fields.optional("expires").map(|field| field.string("expires")).transpose()?;
            let expires = expires.map(|text| local_date(&text, rules).ok_or(bad)).transpose()?;
            Interaction::Loyalty { points, expires }
        }
        "note" => Interaction::Note { cause: borrow(required_id(fields, "cause")?, room) },
        _ => return Err(Reject { reason: Reason::UnknownType, field: "type" }),
    };
    Ok(interaction)
}

/// Where `value` lies between `worst` and `best`, 0 to 1.
fn share(field: &'static str, value: f64, worst: f64, best: f64) -> Result<f32, Reject> {
    let share = (value - worst) / (best - worst);
    if (0.0..=1.0).contains(&share) { Ok(share as f32) } else { Err(Reject { reason: Reason::BadField, field }) }
}
