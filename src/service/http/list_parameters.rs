//! The parameters of lists of customers: each is named, read and documented by the variant that it is.

use aide::openapi::Parameter;
use serde_json::json;

use crate::engine::alerting::band::Band;
use crate::engine::alerting::value::Tier;
use crate::engine::money::Money;
use crate::service::http::openapi::parameters::{query, scope, words};

/// Customers of a page, unless told otherwise.
pub const LIMIT: usize = 50;
/// Customers of a page at most.
pub const MAX_LIMIT: usize = 200;

/// A parameter of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListParameter {
    /// Bands.
    Band,
    /// Value tiers.
    Tier,
    /// A segment.
    Segment,
    /// Whether the silence has become churn.
    Churned,
    /// The day of the warning; of warnings alone.
    Opened,
    /// Whose customers.
    Scope,
    /// What they stand in order of.
    Order,
    /// How many.
    Limit,
    /// Where the page begins.
    After,
}

impl ListParameter {
    const ALL: [Self; 9] = [
        Self::Band,
        Self::Tier,
        Self::Segment,
        Self::Churned,
        Self::Opened,
        Self::Scope,
        Self::Order,
        Self::Limit,
        Self::After,
    ];

    /// Those of a list of customers or, with `warned`, of open warnings.
    pub fn of(warned: bool) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |parameter| warned || *parameter != Self::Opened)
    }

    /// The one of that name.
    pub fn named(name: &str, warned: bool) -> Option<Self> {
        Self::of(warned).find(|parameter| parameter.name() == name)
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Band => "band",
            Self::Tier => "tier",
            Self::Segment => "segment",
            Self::Churned => "churned",
            Self::Opened => "opened",
            Self::Scope => "scope",
            Self::Order => "order",
            Self::Limit => "limit",
            Self::After => "after",
        }
    }

    /// What is told of it.
    pub fn told(self) -> Parameter {
        let (description, schema, example) = match self {
            Self::Band => {
                let description = "Only customers in one of these bands.";
                return words(self.name(), description, &Band::ALL.map(Band::name), &["high", "critical"]);
            }
            Self::Tier => {
                let description = "Only customers of one of these value tiers.";
                return words(self.name(), description, &Tier::ALL.map(Tier::name), &["mid", "high"]);
            }
            Self::Scope => return scope(),
            Self::Segment => ("Only customers in this segment.", json!({"type": "string"}), Some(json!("loyal"))),
            Self::Churned => (
                "Only customers whose silence has become churn, or only the others; absent, all.",
                json!({"type": "boolean"}),
                None,
            ),
            Self::Opened => (
                "Only warnings that opened on this local day.",
                json!({"type": "string", "format": "date"}),
                Some(json!("2026-11-27")),
            ),
            Self::Order => (
                "What they stand in order of, the largest first.",
                json!({"type": "string", "enum": Order::NAMES.map(|(name, _)| name), "default": Order::default().name()}),
                None,
            ),
            Self::Limit => (
                "Customers of a page at most.",
                json!({"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": LIMIT}),
                None,
            ),
            Self::After => ("`next` of the page before.", json!({"type": "string", "pattern": "^[0-9a-f]{32}$"}), None),
        };
        query(self.name(), description, schema, example)
    }
}

/// What the customers stand in order of, the largest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Margin at risk.
    #[default]
    ValueAtRisk,
    /// Silence score; who has churned already comes last.
    Score,
    /// Days of silence.
    Silence,
}

impl Order {
    /// Every order with its name.
    pub const NAMES: [(&'static str, Self); 3] =
        [("value_at_risk", Self::ValueAtRisk), ("score", Self::Score), ("silence", Self::Silence)];

    fn name(self) -> &'static str {
        Self::NAMES.into_iter().find(|(_, order)| *order == self).map_or("", |(name, _)| name)
    }

    /// What it goes by, of a customer with these figures.
    pub fn key(self, value_at_risk: Money, score: Option<f32>, silence_days: i32) -> u64 {
        match self {
            Self::ValueAtRisk => value_at_risk.0.max(0) as u64,
            // Scores are above 0, and the bits of such floats stand in their order.
            Self::Score => score.map_or(0, |score| u64::from(score.to_bits())),
            Self::Silence => silence_days.max(0) as u64,
        }
    }
}
