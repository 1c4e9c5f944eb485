//! Why a record could not be read. Names the field, never its content, which may be personal.

use crate::engine::event::Reason;

/// Why a record can't be used, and at which field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reject {
    /// The reason.
    pub reason: Reason,
    /// The field at fault, or "" where it is the record as a whole.
    pub field: &'static str,
}

impl From<Reason> for Reject {
    fn from(reason: Reason) -> Self {
        Self { reason, field: "" }
    }
}
