//! What is read from the inputs. The parser is wire/event.rs; a test holds the two equal, and names what a schema cannot
//! know.

use schemars::JsonSchema;

/// One event of one customer, a flat JSON object; its record is keyed by `customer_id`. Fields that are not named here are
/// ignored, and so are fields that belong to another type. An optional field is absent, never null.
#[derive(JsonSchema)]
#[schemars(title = "Event")]
pub struct EventShape {
    /// Id of the event; the same id is the same event, however often it is sent. At most 128 bytes.
    #[schemars(length(min = 1, max = 128))]
    pub id: String,
    /// The customer's id. The record's key must equal it. At most 128 bytes.
    #[schemars(length(min = 1, max = 128))]
    pub customer_id: String,
    /// When it happened.
    pub time: EventTime,
    /// Order that a purchase or refund belongs to. At most 128 bytes.
    #[schemars(length(min = 1, max = 128))]
    pub order_id: Option<String>,
    /// Where a purchase was made, in your own words.
    pub channel: Option<String>,
    /// What happened.
    #[serde(flatten)]
    pub body: BodyShape,
}

/// An instant: milliseconds since 1970-01-01T00:00:00Z, or a text: RFC 3339, or the same without offset, which is then
/// in the configured zone.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub enum EventTime {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    Millis(i64),
    /// RFC 3339, or the same without offset.
    Text(
        #[schemars(regex(
            pattern = r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])([Tt ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.,][0-9]{1,9})?)?([Zz]|[+-][0-9]{2}:?[0-9]{2})?)?$"
        ))]
        String,
    ),
}

/// A local date, or an instant whose local date counts.
#[derive(JsonSchema)]
pub struct EventDay(
    #[schemars(regex(
        pattern = r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])([Tt ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.,][0-9]{1,9})?)?([Zz]|[+-][0-9]{2}:?[0-9]{2})?)?$"
    ))]
    pub String,
);

/// An amount in major units, zero or more: a number, or a decimal string, which keeps every digit.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub enum Amount {
    /// As a number.
    Number(#[schemars(range(min = 0))] f64),
    /// As a decimal string.
    Text(#[schemars(regex(pattern = r"^([0-9]+(\.[0-9]+)?|-0+(\.0+)?)([eE][+-]?[0-9]+)?$"))] String),
}

/// A decimal: a number, or a decimal string.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub enum Decimal {
    /// As a number.
    Number(f64),
    /// As a decimal string.
    Text(#[schemars(regex(pattern = r"^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$"))] String),
}

/// A currency, ISO 4217; the base currency, or one that `money.rates` names.
#[derive(JsonSchema)]
pub struct Currency(#[schemars(regex(pattern = "^[A-Z]{3}$"))] pub String);

/// One item of a purchase. Fields that are not named here are ignored.
#[derive(JsonSchema)]
pub struct Item {
    /// Article number.
    pub sku: Option<String>,
    /// Category; preferences are found by it.
    pub category: Option<String>,
    /// Brand.
    pub brand: Option<String>,
    /// How many; 1 if absent.
    pub quantity: Option<f64>,
    /// Price of one, in the purchase's currency; a text that holds no number counts 0.
    pub unit_price: Option<UnitPrice>,
}

/// A price, as number or text.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub enum UnitPrice {
    /// As a number.
    Number(f64),
    /// As a decimal string.
    Text(String),
}

/// What happened, by `type`, with the fields that it needs.
#[derive(JsonSchema)]
#[schemars(tag = "type", rename_all = "snake_case")]
pub enum BodyShape {
    /// Goods bought.
    Purchase {
        /// What the customer paid, discounts taken off.
        amount: Amount,
        /// Currency of `amount`.
        currency: Currency,
        /// Discount that the amount is net of.
        discount: Option<Decimal>,
        /// What was bought.
        items: Option<Vec<Item>>,
    },
    /// Money given back.
    Refund {
        /// What was given back; absent: the whole order.
        amount: Option<Amount>,
        /// Currency of `amount`; absent: the base currency.
        currency: Option<Currency>,
    },
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
    /// Left a mailing list; still a customer, unlike `opt_out`.
    Unsubscribed,
    /// Asked for help.
    SupportContact,
    /// Complained.
    Complaint,
    /// Rated a product or the shop.
    Review {
        /// From 1, worst, to 5, best.
        #[schemars(range(min = 1, max = 5))]
        rating: f64,
    },
    /// Answered a survey.
    Survey {
        /// From 0, worst, to `scale`, best.
        #[schemars(range(min = 0))]
        score: f64,
        /// The best possible score, above zero.
        #[schemars(extend("exclusiveMinimum" = 0))]
        scale: f64,
    },
    /// The balance of loyalty points changed.
    Loyalty {
        /// Change of the balance: points gained, or as a negative number points spent or expired.
        points: i64,
        /// The last local day on which points gained can be spent; absent: they do not expire.
        expires: Option<EventDay>,
    },
    /// Something that displeased the customer, noted by staff.
    Note {
        /// A code of yours; of other texts no more than a hash is kept. At most 128 bytes.
        #[schemars(length(min = 1, max = 128))]
        cause: String,
    },
    /// The CRM got in touch about a warning.
    Contacted {
        /// The warning's `episode_id`.
        #[schemars(regex(
            pattern = "^(urn:uuid:)?[{]?[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}[}]?$"
        ))]
        episode_id: String,
        /// What was done. At most 128 bytes.
        #[schemars(length(min = 1, max = 128))]
        action: String,
    },
    /// The customer wants no more messages.
    OptOut,
    /// Another id of the same customer.
    Identity {
        /// The other id. At most 128 bytes.
        #[schemars(length(min = 1, max = 128))]
        alias: String,
    },
    /// Erase everything up to now.
    Forget,
}
