//! What displeased a customer: a cause that somebody noted, else an open complaint, else a bad answer.

use crate::engine::customer::Tag;
use crate::engine::rfm::view::View;

/// The cause of a customer with an open complaint.
pub const COMPLAINT: &str = "complaint";
/// The cause of a customer whose last survey or review was bad.
pub const DISSATISFIED: &str = "dissatisfied";
/// What was said longer ago than this many days is no cause any more.
pub const CAUSE_DAYS: i32 = 90;
/// Satisfaction below this, of 0 to 1, is bad.
pub const BAD_BELOW: f32 = 0.4;
/// Longest cause code, in bytes.
const MAX_CODE_BYTES: usize = 40;

/// The cause at the end of the view's day, by its name's tag.
pub fn cause(view: &View) -> Option<Tag> {
    let recent = |day| (0..CAUSE_DAYS).contains(&view.day.since(day));
    let noted = view.noted.filter(|(day, _)| recent(*day) && view.last().is_none_or(|last| last <= *day));
    let bad = view.answered.is_some_and(|(day, satisfaction)| recent(day) && satisfaction < BAD_BELOW);
    noted
        .map(|(_, cause)| cause)
        .or_else(|| view.complaint_open().then(|| Tag::of(COMPLAINT)))
        .or_else(|| bad.then(|| Tag::of(DISSATISFIED)))
}

/// The name of a cause that no note needs to teach.
pub fn own_name(cause: Tag) -> Option<&'static str> {
    [COMPLAINT, DISSATISFIED].into_iter().find(|name| Tag::of(name) == cause)
}

/// Whether a noted cause is a code; of free text, which could say anything about anybody, only the tag is kept.
pub fn is_code(cause: &str) -> bool {
    (1..=MAX_CODE_BYTES).contains(&cause.len())
        && cause.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
}
