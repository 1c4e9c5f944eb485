//! What happens to a record inside a processor, for whoever watches it with a clock; the processor has none.

use crate::engine::step::Outcome;

/// A stage that has just ended. A record that holds several events has each stage as often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// An event was read from its bytes.
    Decoded,
    /// The engine took it, and this became of it.
    Stepped(Outcome),
}
