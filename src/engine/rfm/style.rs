//! How a customer decides: after comparing, or on the spot.

/// How a customer decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Style {
    /// Looks long, waits for a discount, keeps what was bought.
    Rational,
    /// Buys at first sight.
    Impulsive,
    /// Too little is known.
    Unknown,
}

impl Style {
    /// Every style, in the order of declaration.
    pub const ALL: [Self; 3] = [Self::Rational, Self::Impulsive, Self::Unknown];

    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rational => "rational",
            Self::Impulsive => "impulsive",
            Self::Unknown => "unknown",
        }
    }
}
