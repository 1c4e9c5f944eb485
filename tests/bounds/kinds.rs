//! The ways to be bad: those of tests/fixtures/bad told of any customer, and more that need the customer's own time or size.

use churnwatch::engine::day::Millis;
use churnwatch::wire::calendar::instant_text;

use crate::support::bad::bad_records;

/// Largest record that is taken, in bytes.
pub(crate) const LARGEST: usize = 256 * 1024;

/// Key and value.
pub(crate) type Bytes = (Option<Vec<u8>>, Option<Vec<u8>>);

/// Who a bad record is about: a customer whose newest event is at `time`.
pub(crate) struct Seat<'a> {
    pub(crate) customer: &'a str,
    pub(crate) number: usize,
    pub(crate) time: Millis,
}

/// One way to be bad.
pub(crate) struct Kind {
    pub(crate) name: String,
    /// The reason that its dead letter must give.
    pub(crate) reason: String,
    /// Of so many bytes that a few must do.
    pub(crate) giant: bool,
    /// Taken in as well: a refund may come before its order.
    pub(crate) taken: bool,
    make: Box<dyn Fn(&Seat<'_>) -> Bytes>,
}

impl Kind {
    fn new(name: impl Into<String>, reason: &str, make: impl Fn(&Seat<'_>) -> Bytes + 'static) -> Self {
        let name = name.into();
        let taken = name == REFUND_FIRST;
        Self { name, reason: reason.into(), giant: false, taken, make: Box::new(make) }
    }

    /// A record of this kind.
    pub(crate) fn of(&self, seat: &Seat<'_>) -> Bytes {
        (self.make)(seat)
    }
}

/// A purchase that nothing is wrong with. `@c` is the customer, `@n` a number of its own, `@t` its time.
const GOOD: &str = r#"{"id":"b@n","type":"purchase","customer_id":"@c","time":"@t","amount":"10.00","currency":"CNY","order_id":"o@n"}"#;

/// A letter, and yet taken in.
const REFUND_FIRST: &str = "a refund of an order that nobody knows";

/// Texts with their reasons; where `@g` stands, the good purchase stands there.
const TEXTS: &[(&str, &str, &str)] = &[
    ("white space", "not JSON", " \n\t"),
    ("two events", "not JSON", "@g@g"),
    ("two lines", "not JSON", "@g\n@g"),
    ("an array of an event", "not JSON", "[@g]"),
    ("a byte order mark", "not JSON", "\u{feff}@g"),
    ("a comment", "not JSON", "/* sent by the till */ @g"),
    ("a comma at the end", "not JSON", r#"{"id":"b@n","type":"visit","customer_id":"@c","time":"@t",}"#),
    ("single quotes", "not JSON", "{'id':'b@n','type':'visit','customer_id':'@c','time':'@t'}"),
    ("names without quotes", "not JSON", r#"{id:"b@n",type:"visit",customer_id:"@c",time:"@t"}"#),
    (
        "a line break in a text",
        "not JSON",
        "{\"id\":\"b@n\n\",\"type\":\"visit\",\"customer_id\":\"@c\",\"time\":\"@t\"}",
    ),
    (
        "a zero byte in a text",
        "not JSON",
        "{\"id\":\"b@n\0\",\"type\":\"visit\",\"customer_id\":\"@c\",\"time\":\"@t\"}",
    ),
    ("an unknown escape", "not JSON", r#"{"id":"b@n\x","type":"visit","customer_id":"@c","time":"@t"}"#),
    ("XML", "not JSON", r#"<event id="b@n" type="visit" customer_id="@c" time="@t"/>"#),
    ("a row of CSV", "not JSON", "@c,@t,10.00,purchase"),
    ("YAML", "not JSON", "id: b@n\ntype: visit\ncustomer_id: @c\ntime: @t\n"),
    ("a form", "not JSON", "id=b@n&type=visit&customer_id=@c&time=@t"),
    (
        "an amount that is infinite",
        "not JSON",
        r#"{"id":"b@n","type":"purchase","customer_id":"@c","time":"@t","amount":Infinity,"currency":"CNY"}"#,
    ),
    (
        "an amount that is no number",
        "not JSON",
        r#"{"id":"b@n","type":"purchase","customer_id":"@c","time":"@t","amount":NaN,"currency":"CNY"}"#,
    ),
    (
        "an amount with a plus",
        "not JSON",
        r#"{"id":"b@n","type":"purchase","customer_id":"@c","time":"@t","amount":+1,"currency":"CNY"}"#,
    ),
    ("type twice", "bad field", r#"{"type":"visit","id":"b@n","type":"visit","customer_id":"@c","time":"@t"}"#),
    ("customer twice", "bad field", r#"{"customer_id":"@c","id":"b@n","type":"visit","customer_id":"@c","time":"@t"}"#),
    ("time twice", "bad field", r#"{"time":"@t","id":"b@n","type":"visit","customer_id":"@c","time":"@t"}"#),
    (
        "amount twice",
        "bad field",
        r#"{"amount":"1","id":"b@n","type":"purchase","customer_id":"@c","time":"@t","amount":"10.00","currency":"CNY"}"#,
    ),
    (
        "currency twice",
        "bad field",
        r#"{"currency":"CNY","id":"b@n","type":"purchase","customer_id":"@c","time":"@t","amount":"10.00","currency":"EUR"}"#,
    ),
    (
        "a CloudEvent around the event",
        "missing field",
        r#"{"specversion":"1.0","id":"b@n","source":"/shop","type":"com.shop.purchase","subject":"@c","time":"@t","data":@g}"#,
    ),
    (
        "a CloudEvent of a foreign type",
        "unknown type",
        r#"{"specversion":"1.0","id":"b@n","source":"/shop","type":"com.shop.purchase","customer_id":"@c","time":"@t","data":@g}"#,
    ),
    (
        "a CloudEvent in base 64",
        "missing field",
        r#"{"specversion":"1.0","id":"b@n","source":"/shop","type":"purchase","time":"@t","data_base64":"e30="}"#,
    ),
    ("CloudEvents in a batch", "not JSON", r#"[{"specversion":"1.0","id":"b@n","type":"purchase","data":@g}]"#),
    ("names of fields in capitals", "missing field", r#"{"ID":"b@n","Type":"visit","Customer_Id":"@c","Time":"@t"}"#),
    ("the event in a field", "missing field", r#"{"event":@g}"#),
    (
        "the end of time",
        "in the future",
        r#"{"id":"b@n","type":"visit","customer_id":"@c","time":"9999-12-31T23:59:59Z"}"#,
    ),
    (
        "the moment at which the inputs end",
        "in the future",
        r#"{"id":"b@n","type":"visit","customer_id":"@c","time":"2026-01-01T00:00:00Z"}"#,
    ),
    ("microseconds", "in the future", r#"{"id":"b@n","type":"visit","customer_id":"@c","time":1748779200000000}"#),
    ("a time before the epoch", "too old", r#"{"id":"b@n","type":"visit","customer_id":"@c","time":-1}"#),
    (
        "a time beyond 64 bits",
        "bad field",
        r#"{"id":"b@n","type":"visit","customer_id":"@c","time":99999999999999999999}"#,
    ),
    (
        "a time of another calendar",
        "bad field",
        r#"{"id":"b@n","type":"visit","customer_id":"@c","time":"01/06/2025 12:00"}"#,
    ),
    (
        "a leap day of another year",
        "bad field",
        r#"{"id":"b@n","type":"visit","customer_id":"@c","time":"2025-02-29T12:00:00Z"}"#,
    ),
    (
        "an amount with its currency",
        "bad amount",
        r#"{"id":"b@n","type":"purchase","customer_id":"@c","time":"@t","amount":"10 CNY","currency":"CNY"}"#,
    ),
    (
        "an amount of thousands",
        "bad amount",
        r#"{"id":"b@n","type":"purchase","customer_id":"@c","time":"@t","amount":"1,000.00","currency":"CNY"}"#,
    ),
    (
        "an amount in other digits",
        "bad amount",
        r#"{"id":"b@n","type":"purchase","customer_id":"@c","time":"@t","amount":"١٠","currency":"CNY"}"#,
    ),
    (
        "an amount below zero, as a number",
        "bad amount",
        r#"{"id":"b@n","type":"purchase","customer_id":"@c","time":"@t","amount":-10,"currency":"CNY"}"#,
    ),
    (
        "an amount beyond all money",
        "bad amount",
        r#"{"id":"b@n","type":"purchase","customer_id":"@c","time":"@t","amount":"99999999999999999999999999999999","currency":"CNY"}"#,
    ),
    (
        "a currency by its old name",
        "unknown currency",
        r#"{"id":"b@n","type":"purchase","customer_id":"@c","time":"@t","amount":"10","currency":"RMB"}"#,
    ),
    (
        "a currency by its sign",
        "unknown currency",
        r#"{"id":"b@n","type":"purchase","customer_id":"@c","time":"@t","amount":"10","currency":"¥"}"#,
    ),
    (
        "a currency without a rate",
        "unknown currency",
        r#"{"id":"b@n","type":"purchase","customer_id":"@c","time":"@t","amount":"10","currency":"CHF"}"#,
    ),
    (
        "a refund below zero",
        "bad amount",
        r#"{"id":"b@n","type":"refund","customer_id":"@c","time":"@t","amount":"-10"}"#,
    ),
    (
        "a refund in a currency without a rate",
        "unknown currency",
        r#"{"id":"b@n","type":"refund","customer_id":"@c","time":"@t","amount":"10","currency":"CHF"}"#,
    ),
    (
        REFUND_FIRST,
        "unknown order",
        r#"{"id":"b@n","type":"refund","customer_id":"@c","time":"@t","order_id":"never-@n"}"#,
    ),
    (
        "a contact about no episode",
        "unknown episode",
        r#"{"id":"b@n","type":"contacted","customer_id":"@c","time":"@t","action":"call","episode_id":"2084a917-9d49-56f6-b5a8-5829c99de361"}"#,
    ),
    ("an alias", "needs rekey", r#"{"id":"b@n","type":"identity","customer_id":"@c","time":"@t","alias":"other-@n"}"#),
];

/// All kinds, each with a name of its own.
pub(crate) fn kinds() -> Vec<Kind> {
    let mut kinds: Vec<Kind> = bad_records()
        .into_iter()
        .map(|one| {
            let (giant, own) = (one.value.len() > 10_000, one.key.as_deref() == Some(b"ann"));
            let make = move |seat: &Seat<'_>| {
                let told = replace(&one.value, b"\"ann\"", format!("\"{}\"", seat.customer).as_bytes());
                let told = replace(&told, b"\"e1\"", format!("\"b{}\"", seat.number).as_bytes());
                let time = format!("\"{}\"", instant_text(seat.time));
                let told = replace(&told, b"\"2025-06-01T12:00:00Z\"", time.as_bytes());
                (if own { Some(seat.customer.into()) } else { one.key.clone() }, Some(told))
            };
            Kind { giant, ..Kind::new(one.file, &one.reason, make) }
        })
        .collect();
    kinds.extend(TEXTS.iter().map(|(name, reason, text)| Kind::new(*name, reason, |seat| tell(seat, text, seat.time))));
    kinds.extend((1..10).map(|tenths| {
        Kind::new(format!("cut after {tenths} tenths"), "not JSON", move |seat| {
            let (key, value) = tell(seat, GOOD, seat.time);
            (key, value.map(|value| value[..value.len() * tenths / 10].to_vec()))
        })
    }));
    kinds.extend(bytes());
    kinds.extend(keys());
    kinds.extend(["purchase", "visit", "complaint"].map(|kind| {
        let text = GOOD.replace("purchase", kind);
        Kind::new(format!("a {kind} forty days behind"), "too late", move |seat| {
            tell(seat, &text, Millis(seat.time.0 - 40 * 86_400_000))
        })
    }));
    kinds.extend(giants());
    kinds
}

/// Values that are no text, or none at all.
fn bytes() -> Vec<Kind> {
    let value = |make: fn(Vec<u8>) -> Option<Vec<u8>>| {
        move |seat: &Seat<'_>| {
            let (key, value) = tell(seat, GOOD, seat.time);
            (key, value.and_then(make))
        }
    };
    vec![
        Kind::new("a tombstone", "not JSON", value(|_| None)),
        Kind::new("a tombstone without a key", "not JSON", |_| (None, None)),
        Kind::new("no bytes", "not JSON", value(|_| Some(Vec::new()))),
        Kind::new("Avro", "not UTF-8", value(|text| Some([&[0, 0, 0, 0, 7, 0xfe], &text[..]].concat()))),
        Kind::new("Avro that looks like text", "not JSON", value(|text| Some([&[0, 0, 0, 0, 7], &text[..]].concat()))),
        Kind::new("gzip", "not UTF-8", value(|text| Some([&[0x1f, 0x8b, 8, 0], &text[..]].concat()))),
        Kind::new(
            "UTF-16",
            "not UTF-8",
            value(|text| Some([0xff, 0xfe].into_iter().chain(text.into_iter().flat_map(|byte| [byte, 0])).collect())),
        ),
        Kind::new("UTF-8 longer than needed", "not UTF-8", value(|text| Some(replace(&text, b"CNY", &[0xc0, 0x80])))),
        Kind::new(
            "half a pair of UTF-16 in UTF-8",
            "not UTF-8",
            value(|text| Some(replace(&text, b"CNY", &[0xed, 0xa0, 0x80]))),
        ),
    ]
}

/// Good values under keys that are not their customer's.
fn keys() -> Vec<Kind> {
    let key =
        |make: fn(&str) -> Option<Vec<u8>>| move |seat: &Seat<'_>| (make(seat.customer), tell(seat, GOOD, seat.time).1);
    vec![
        Kind::new("no key, a customer who is known", "no key", key(|_| None)),
        Kind::new("a key with a space behind", "key and customer disagree", key(|id| Some(format!("{id} ").into()))),
        Kind::new("a key in capitals", "key and customer disagree", key(|id| Some(id.to_uppercase().into()))),
        Kind::new("a key in quotes", "key and customer disagree", key(|id| Some(format!("\"{id}\"").into()))),
        Kind::new(
            "a key of four bytes before its text",
            "key and customer disagree",
            key(|id| Some([&[0, 0, 0, 7], id.as_bytes()].concat())),
        ),
        Kind::new("a key of 70,000 bytes", "key and customer disagree", key(|id| Some(id.repeat(8_750).into()))),
    ]
}

/// Values beyond what is taken, by size and by depth.
fn giants() -> Vec<Kind> {
    let padded = |bytes: usize| {
        move |seat: &Seat<'_>| {
            let (key, value) = tell(seat, GOOD, seat.time);
            (key, value.map(|value| pad(value, bytes)))
        }
    };
    let deep = |open: &'static str, close: &'static str| {
        move |seat: &Seat<'_>| {
            let nested = format!(",\"items\":{}{}}}", open.repeat(33), close.repeat(33));
            tell(seat, &(GOOD[..GOOD.len() - 1].to_owned() + &nested), seat.time)
        }
    };
    let mut kinds = vec![
        Kind::new("a byte too large", "too large", padded(LARGEST + 1)),
        Kind::new("larger than a letter holds", "too large", padded(950_000)),
        Kind::new("arrays 33 deep", "nested too deep", deep("[", "]")),
        Kind::new("objects 33 deep", "nested too deep", deep("[{\"x\":", "0}]")),
    ];
    for kind in kinds.iter_mut().take(2) {
        kind.giant = true;
    }
    kinds
}

/// A JSON object made so many bytes long by a field that nobody knows.
pub(crate) fn pad(mut object: Vec<u8>, bytes: usize) -> Vec<u8> {
    assert_eq!(object.pop(), Some(b'}'));
    object.extend_from_slice(b",\"pad\":\"");
    object.resize(bytes - 2, b'x');
    object.extend_from_slice(b"\"}");
    object
}

fn tell(seat: &Seat<'_>, text: &str, time: Millis) -> Bytes {
    let text = text.replace("@g", GOOD).replace("@c", seat.customer).replace("@n", &seat.number.to_string());
    (Some(seat.customer.into()), Some(text.replace("@t", &instant_text(time)).into_bytes()))
}

fn replace(bytes: &[u8], what: &[u8], by: &[u8]) -> Vec<u8> {
    let (mut replaced, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while at < bytes.len() {
        if bytes[at..].starts_with(what) {
            replaced.extend_from_slice(by);
            at += what.len();
        } else {
            replaced.push(bytes[at]);
            at += 1;
        }
    }
    replaced
}
